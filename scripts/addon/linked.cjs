'use strict'
// Whether a script of npm runs a second time. The packages under packages/ depend on this one by a link, and npm runs the scripts of
// what it links to as it does for any dependency, besides those of the project itself.
const { realpathSync } = require('node:fs')
const { join } = require('node:path')

/** npm tells scripts of dependencies, and only them, how they are depended on (npm 10 and 11). */
const asDependency = process.env.npm_package_dev_optional !== undefined
const { npm_config_local_prefix: project } = process.env
const isLinked = asDependency && project !== undefined && realpathSync(project) === join(__dirname, '..', '..')

module.exports = { isLinked }
// As a program: `node linked.cjs || npm run compile`.
if (require.main === module && !isLinked) process.exitCode = 1
