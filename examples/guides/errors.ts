// What docs/errors.md shows.
import { strict as assert } from 'node:assert'
import { isAlreadyExists, isNotFound, NetlinkError, NetNs, type NetloomError } from 'netloom'

async function main(): Promise<void> {
  await using ns = await NetNs.create()

  // what the kernel refuses
  try {
    await ns.links.add({ kind: 'vxlan', name: 'vx0', id: 7, srcPortRange: { low: 9, high: 8 } })
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error
    console.log(error.code, error.errno) // EINVAL -22
    console.log(error.operation, error.syscall) // links.add RTM_NEWLINK
    console.log(error.kernelMessage) // Invalid source port range
    console.log(error.attribute) // linkinfo.data.portRange
    assert.equal(error.attribute, 'linkinfo.data.portRange')
  }

  // bad input
  const options = JSON.parse('{ "dev": "lo", "adress": "10.0.0.1/24" }') as { dev: string; address: string }
  try {
    await ns.addresses.add(options)
  } catch (error) {
    console.log((error as Error).message) // Unknown option "adress"; did you mean "address"?
    assert.ok(error instanceof TypeError)
  }

  await again(ns)

  // gone, and who cares
  await ns.links.add({ kind: 'vxlan', name: 'vx0', id: 7, dstPort: 4789 })
  await ns.links.delete('vx0', { force: true })
  await ns.links.delete('vx0', { force: true })
  assert.equal(await ns.links.find('vx0'), undefined)

  // several codes
  try {
    await ns.addresses.delete({ dev: 'lo', address: '192.0.2.1/32' })
  } catch (error) {
    if (!isNotFound(error)) throw error
    console.log((error as NetloomError).code) // EADDRNOTAVAIL
  }
}

/** May be called any number of times. */
async function again(ns: NetNs): Promise<void> {
  for (let i = 0; i < 2; i++) {
    try {
      await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
    await ns.addresses.replace({ dev: 'br0', address: '10.0.0.254/24' })
    await ns.routes.replace({ dst: '10.1.0.0/16', via: '10.0.0.1' })
  }
}

void main()
