'use strict'
// Writes tests to one file, with the engine of jest: to find and load jest's own thousand files and the library's several
// hundred takes an emulated processor minutes. The file runs them all, or tells what this machine's kernel lacks (runner.cjs).
const { readFileSync } = require('node:fs')
const { dirname, join } = require('node:path')
const { rolldown } = require('rolldown')
const { sources } = require('../sources.cjs')

const root = join(__dirname, '..', '..')
const entry = '\0tests'

/** The program: each file of tests is a group of its own, as what it prepares for each test is for its own tests. */
function program(files) {
  const inGroup = (file) => `describe(${JSON.stringify(file)}, () => { require(${JSON.stringify(join(root, file))}) })`
  return [
    `const runner = require(${JSON.stringify(join(__dirname, 'runner.cjs'))})`,
    `require(${JSON.stringify(join(root, 'test/support/setup.ts'))})`,
    ...files.map(inGroup),
    'runner.run()',
  ].join('\n')
}

/**
 * @param {readonly string[]} files Files of tests, from the root of the repository.
 * @param {string} output Where to write the program.
 */
async function bundle(files, output) {
  const bundled = await rolldown({
    input: entry,
    platform: 'node',
    external: [/^node:/, /\.node$/, 'fsevents'],
    resolve: { alias: Object.fromEntries(sources) },
    transform: { target: 'node20.19' },
    plugins: [
      {
        name: 'tests',
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? program(files) : undefined),
        // Modules look for files beside themselves.
        transform(code, id) {
          if (!code.includes('__dirname') || id.includes('/node_modules/')) return undefined
          return code.replaceAll('__dirname', JSON.stringify(dirname(id)))
        },
      },
    ],
    onLog() {},
  })
  await bundled.write({ file: output, format: 'cjs', keepNames: true, codeSplitting: false })
  await bundled.close()
}

/** The files whose tests say what they need of a kernel. */
function marked(files) {
  return files.filter((file) => /\bitWith|\bitSince/.test(readFileSync(join(root, file), 'utf8')))
}

module.exports = { bundle, marked }
