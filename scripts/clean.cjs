'use strict'
// Removes everything that is compiled or generated.
const { rmSync } = require('node:fs')
const { join } = require('node:path')

for (const name of ['build', 'dist', '.build', 'prebuilds', 'coverage', 'docs/api']) {
  rmSync(join(__dirname, '..', name), { recursive: true, force: true })
}
