// A dependent that says import, next to one that says require().
import { createRequire } from 'node:module'
import * as imported from 'netloom'
import * as dhcp from 'netloom/dhcp'
import * as netlink from 'netloom/netlink'
import * as ovs from 'netloom/ovs'
import * as ovsdb from 'netloom/ovsdb'
import * as router from 'netloom/router'
import * as testing from 'netloom/testing'

const require = createRequire(import.meta.url)
const required = require('netloom')
for (const [name, faces] of Object.entries({
  netloom: [imported, required],
  dhcp: [dhcp, require('netloom/dhcp')],
  netlink: [netlink, require('netloom/netlink')],
  ovs: [ovs, require('netloom/ovs')],
  ovsdb: [ovsdb, require('netloom/ovsdb')],
  router: [router, require('netloom/router')],
  testing: [testing, require('netloom/testing')],
})) {
  const [one, other] = faces
  for (const key of Object.keys(other)) {
    if (one[key] !== other[key]) throw new Error(`import and require give different ${key} of ${name}`)
  }
}
if (ovsdb.NetloomError !== required.NetloomError || ovs.NetloomError !== required.NetloomError)
  throw new Error('the subpaths have different errors')

const before = testing.holdings()

const ns = await imported.NetNs.create()
if (!(ns instanceof required.NetNs)) throw new Error('an imported NetNs is no required NetNs')
const names = (await ns.links.list()).map((link) => link.name)
if (!names.includes('lo')) throw new Error(`a new namespace has ${names}, not lo`)
await ns[Symbol.asyncDispose]()
await testing.checkLeaks(before)
console.log(`import: lo is there, the classes are the same, Node ${process.version}`)
