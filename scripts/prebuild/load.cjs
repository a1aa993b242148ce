'use strict'
// load.cjs FILE: loads a binary of the addon and prints what it exports; fails if that is nothing.
const { resolve } = require('node:path')

const names = Object.getOwnPropertyNames(require(resolve(process.argv[2])))
if (names.length === 0) throw new Error('the addon exports nothing')
console.log(`${process.argv[2]}: loads on Node ${process.version} ${process.arch}, exports ${names.sort().join(' ')}`)
