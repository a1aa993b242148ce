'use strict'
// Removes everything that is compiled or generated.
const { readdirSync, rmSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/dist`)

for (const name of ['build', 'dist', '.build', 'prebuilds', 'coverage', 'docs/api', ...packages]) {
  rmSync(join(root, name), { recursive: true, force: true })
}
