'use strict'
// Prints the sources of a target of binding.gyp, in a fixed order: `launcher` names the program, `addon` all the rest.
const { readdirSync } = require('node:fs')
const { join } = require('node:path')

const native = join(__dirname, '..', '..', 'native')
const target = process.argv[2]

const sources = readdirSync(native, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.cc') && file.startsWith('launcher/') === (target === 'launcher'))
  .sort()
console.log(sources.map((file) => `native/${file}`).join(' '))
