'use strict'
// Writes the JavaScript of the package, lib/ to dist/: each entry one file, with what several share in files of their own. To
// find, read and compile two hundred files took most of the time of `require('netloom')`. The types beside it are tsc's.
const { rmSync } = require('node:fs')
const { join } = require('node:path')
const { rolldown } = require('rolldown')
const { exports: subpaths, dependencies, peerDependencies } = require('../package.json')

const root = join(__dirname, '..')

/** The name of each entry, and its source: the subpaths of the package, and what the install script loads. */
const compiled = Object.values(subpaths).flatMap((target) =>
  typeof target === 'string' ? [] : [target.require.default],
)
const names = [...compiled, './dist/load.js'].map((file) => file.slice('./dist/'.length, -'.js'.length))

async function bundle() {
  const bundled = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(root, 'lib', `${name}.ts`)])),
    platform: 'node',
    external: [/^node:/, ...Object.keys({ ...dependencies, ...peerDependencies })],
    transform: { target: 'node20.19' },
    onLog(level, log) {
      throw new Error(`${level}: ${log.message}`)
    },
  })
  // Their names change with what is shared.
  rmSync(join(root, 'dist/shared'), { recursive: true, force: true })
  await bundled.write({
    dir: join(root, 'dist'),
    format: 'cjs',
    // Names of classes and functions are seen, in stacks and by who prints an object.
    keepNames: true,
    sourcemap: true,
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: 'shared/[name].js',
  })
  await bundled.close()
}

bundle().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
