// What docs/inside/files.md shows.
import { strict as assert } from 'node:assert'
import { isNotFound, NetNs } from 'netloom'

async function main(): Promise<void> {
  await using ns = await NetNs.create('files', { ephemeral: true })
  await ns.links.add({ kind: 'bridge', name: 'br0.10', up: true })

  await ns.sysctl.set('net.ipv4.ip_forward', 1)
  const forwards = await ns.sysctl.get('net.ipv4.ip_forward') // 1
  assert.equal(forwards, 1)

  // all of them, or none
  await ns.sysctl.set({
    'net.ipv4.conf.br0/10.rp_filter': 2, // of the device br0.10
    'net.ipv4.tcp_rmem': [4096, 131072, 6291456],
    'net.ipv6.conf.all.disable_ipv6': true,
  })
  const found = await ns.sysctl.list('net.ipv4.conf.br0/10')
  console.log(Object.keys(found).length, found['net.ipv4.conf.br0/10.rp_filter'])
  assert.equal(found['net.ipv4.conf.br0/10.rp_filter'], 2)

  const connections = await ns.readFile('/proc/net/tcp', 'utf8')
  const devices = await ns.readdir('/sys/class/net') // [ 'br0.10', 'lo' ]
  assert.deepEqual([connections.split('\n').length, devices], [2, ['br0.10', 'lo']])

  await ns.sysfs.set('class/net/br0.10/mtu', 1400)
  console.log(await ns.sysfs.get('class/net/br0.10/address'))

  try {
    await ns.sysctl.get('net.ipv4.conf.eth9.forwarding')
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

void main()
