'use strict'
// Runs node-gyp in the package's root: a developer's own copy, else the one that npm carries.
const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const { dirname, join } = require('node:path')

const root = join(__dirname, '..', '..')

function findNodeGyp() {
  try {
    return require.resolve('node-gyp/bin/node-gyp.js')
  } catch {
    // npm and pnpm name theirs in the environment of every script that they run.
    return process.env.npm_config_node_gyp
  }
}

/**
 * The directory whose include/node fits the running Node, if it was installed with headers, as most are. node-gyp would
 * download them.
 */
function nodeDirectory() {
  const { npm_config_nodedir: configured } = process.env
  if (configured) return configured
  const prefix = dirname(dirname(process.execPath))
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {number} the exit status
 */
function runNodeGyp(args, env = process.env) {
  const script = findNodeGyp()
  const [command, first] = script ? [process.execPath, [script]] : ['node-gyp', []]
  const directory = nodeDirectory()
  const { status, error } = spawnSync(command, [...first, ...args, ...(directory ? [`--nodedir=${directory}`] : [])], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  if (error) {
    console.error(`netloom: cannot run node-gyp (${error.message}). Run this through npm, or install node-gyp.`)
    return 1
  }
  return status ?? 1
}

module.exports = { root, nodeDirectory, runNodeGyp }
