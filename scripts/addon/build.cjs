'use strict'
// `npm run build:addon -- [--debug] [--asan] [--clean]`: the addon for this checkout, with warnings as errors.
// Compiles only what changed, unless --clean.
const { rmSync } = require('node:fs')
const { join } = require('node:path')
const { root, runNodeGyp } = require('./node-gyp.cjs')

const known = ['--debug', '--asan', '--clean']
const flags = new Set(process.argv.slice(2))
for (const flag of flags) {
  if (!known.includes(flag)) {
    console.error(`build:addon: unknown option ${flag}; there are ${known.join(', ')}`)
    process.exit(2)
  }
}

const debug = flags.has('--debug')
// The loader takes Release before Debug: only what was built last may stay.
rmSync(join(root, 'build', debug ? 'Release' : 'Debug', 'netloom.node'), { force: true })
const status = runNodeGyp([
  ...(flags.has('--clean') ? ['clean'] : []),
  'configure',
  'build',
  '--jobs=max',
  '--netloom_werror=true',
  `--netloom_asan=${flags.has('--asan')}`,
  ...(debug ? ['--debug'] : []),
])
if (status === 0 && flags.has('--asan')) {
  console.log('To load it: LD_PRELOAD="$(gcc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0 node …')
}
process.exit(status)
