'use strict'
// The install script. A published package carries binaries, and then there is nothing to do; otherwise, and always in a
// checkout, the addon is compiled. Plain CommonJS: it runs before anything is built.
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { isLinked } = require('./addon/linked.cjs')
const { root, runNodeGyp } = require('./addon/node-gyp.cjs')

/** Does a binary of the package load here? Loading it is the only exact test of platform, libc and its version. */
function prebuiltLoads() {
  if (!existsSync(join(root, 'prebuilds')) || existsSync(join(root, '.git'))) return false
  try {
    require('../dist/load.js').loadAddon()
    return true
  } catch (error) {
    console.error(`netloom: ${error.message}\nnetloom: compiling it instead`)
    return false
  }
}

if (process.platform !== 'linux') {
  console.error('netloom: Linux only')
  process.exit(1)
}
if (!isLinked && !prebuiltLoads()) process.exit(runNodeGyp(['rebuild', '--jobs=max']))
