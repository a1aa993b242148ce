'use strict'
// Where the sources of what packages export are: for jest, and for the audit, which has to load every table.
const { existsSync, readdirSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const directories = [root, ...readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))].filter(
  (one) => existsSync(join(one, 'package.json')),
)

/** @type {Map<string, string>} `netloom/errors` to the path of its source. */
const sources = new Map()
for (const directory of directories) {
  const { name, exports: subpaths } = require(join(directory, 'package.json'))
  for (const [subpath, target] of Object.entries(subpaths)) {
    if (typeof target === 'string') continue
    const source = target.require.default.replace(/^\.\/dist\/(.*)\.js$/, 'lib/$1.ts')
    sources.set(name + subpath.slice(1), join(directory, source))
  }
}

/** As jest has it. */
const moduleNameMapper = Object.fromEntries([...sources].map(([name, source]) => [`^${name}$`, source]))

module.exports = { directories, moduleNameMapper, sources }
