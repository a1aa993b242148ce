// A dependent that says import, next to one that says require().
import { createRequire } from 'node:module'
import * as imported from 'netloom'
import * as importedOvsdb from 'netloom/ovsdb'

const require = createRequire(import.meta.url)
const required = require('netloom')
for (const name of Object.keys(required)) {
  if (imported[name] !== required[name]) throw new Error(`import and require give different ${name}`)
}

const requiredOvsdb = require('netloom/ovsdb')
for (const name of Object.keys(requiredOvsdb)) {
  if (importedOvsdb[name] !== requiredOvsdb[name]) throw new Error(`import and require give different ovsdb ${name}`)
}
if (requiredOvsdb.NetloomError !== required.NetloomError) throw new Error('the subpaths have different errors')

const ns = await imported.NetNs.create()
if (!(ns instanceof required.NetNs)) throw new Error('an imported NetNs is no required NetNs')
const names = (await ns.links.list()).map((link) => link.name)
if (!names.includes('lo')) throw new Error(`a new namespace has ${names}, not lo`)
await ns[Symbol.asyncDispose]()
console.log(`import: lo is there, the classes are the same, Node ${process.version}`)
