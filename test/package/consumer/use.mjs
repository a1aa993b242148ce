// A dependent that says import, next to one that says require().
import { createRequire } from 'node:module'
import * as imported from 'netloom'
import * as errors from 'netloom/errors'
import * as netlink from 'netloom/netlink'
import * as nftables from 'netloom/nftables'
import * as testing from 'netloom/testing'
import * as values from 'netloom/values'
import * as openstack from '@netloom/openstack'
import * as ovs from '@netloom/ovs'
import * as openflow from '@netloom/ovs/openflow'
import * as ovsdb from '@netloom/ovs/ovsdb'

const require = createRequire(import.meta.url)
const required = require('netloom')
for (const [name, faces] of Object.entries({
  netloom: [imported, required],
  errors: [errors, require('netloom/errors')],
  netlink: [netlink, require('netloom/netlink')],
  nftables: [nftables, require('netloom/nftables')],
  testing: [testing, require('netloom/testing')],
  values: [values, require('netloom/values')],
  openflow: [openflow, require('@netloom/ovs/openflow')],
  openstack: [openstack, require('@netloom/openstack')],
  ovs: [ovs, require('@netloom/ovs')],
  ovsdb: [ovsdb, require('@netloom/ovs/ovsdb')],
})) {
  const [one, other] = faces
  for (const key of Object.keys(other)) {
    if (one[key] !== other[key]) throw new Error(`import and require give different ${key} of ${name}`)
  }
}
for (const { NetloomError } of [errors, ovsdb, ovs, openstack]) {
  if (NetloomError !== required.NetloomError) throw new Error('the packages have different errors')
}

const before = testing.holdings()

const ns = await imported.NetNs.create()
if (!(ns instanceof required.NetNs)) throw new Error('an imported NetNs is no required NetNs')
const names = (await ns.links.list()).map((link) => link.name)
if (!names.includes('lo')) throw new Error(`a new namespace has ${names}, not lo`)
await ns[Symbol.asyncDispose]()
await testing.checkLeaks(before)
console.log(`import: lo is there, the classes are the same, Node ${process.version}`)
