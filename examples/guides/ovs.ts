// What docs/ovs.md shows, with a switch of its own.
import { strict as assert } from 'node:assert'
import { isAlreadyExists, NetNs } from 'netloom'
import { OpenVswitch, OvsInterfaceError } from '@netloom/ovs'

async function main(): Promise<void> {
  await using red = await NetNs.create('red', { ephemeral: true })
  await using green = await NetNs.create('green', { ephemeral: true })

  // a switch of one's own
  await using sw = await NetNs.create()
  await using ovs = await OpenVswitch.launch({ netns: sw })
  ovs.on('exit', (reason) => {
    console.log(reason.message) // ovs-vswitchd was ended by SIGKILL
  })

  await ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
  for (const [ns, name, address] of [
    [red, 'veth-r', '10.0.0.1/24'],
    [green, 'veth-g', '10.0.0.2/24'],
  ] as const) {
    await sw.links.add({ kind: 'veth', name, up: true, peer: { netns: ns, name: 'eth0', up: true } })
    await ns.addresses.add({ dev: 'eth0', address })
    const port = await ovs.ports.add({ bridge: 'br0', name, tag: 10 })
    console.log(port.interfaces[0]?.ofport) // 1, then 2: the device is open
  }

  // all of it over TCP
  const server = await green.listen({ host: '10.0.0.2', port: 80 })
  server.on('connection', (socket) => socket.end('hello'))
  const socket = await red.connect({ host: '10.0.0.2', port: 80 })
  for await (const data of socket) console.log(String(data)) // hello
  server.close()

  await settings(ovs)
  await devices(ovs, sw)
  await flows(ovs)
  await watching(ovs)
  await checksums(red, green)
}

async function settings(ovs: OpenVswitch): Promise<void> {
  await ovs.ports.set('veth-g', { tag: 20, externalIds: { owner: 'me' } })
  await ovs.ports.set('veth-g', { tag: null, trunks: [10, 20], externalIds: { owner: null } })
  await ovs.ports.set('veth-g', {
    qos: { type: 'linux-htb', otherConfig: { 'max-rate': '10000000' }, queues: { 1: { dscp: 10 } } },
  })
  const { trunks, qos } = await ovs.ports.get('veth-g')
  console.log(trunks, qos?.queues[1]?.dscp) // [ 10, 20 ] 10

  await ovs.ports.addMany([
    { bridge: 'br0', name: 'vx0', interface: { type: 'vxlan', remoteIp: '192.0.2.1', key: 7 } },
    { bridge: 'br0', name: 'p0', interface: { type: 'internal', mac: '02:00:00:00:00:05' } },
  ])
  await ovs.mirrors.add({ bridge: 'br0', name: 'm0', selectSources: ['veth-r'], outputPort: 'p0' })
  await ovs.bridges.set('br0', { netFlow: { targets: ['127.0.0.1:2055'], activeTimeoutSeconds: 60 } })
  await ovs.ports.deleteMany(['vx0', 'p0'])
  assert.deepEqual((await ovs.mirrors.get('br0', 'm0')).selectSources, ['veth-r'])
}

async function devices(ovs: OpenVswitch, sw: NetNs): Promise<void> {
  try {
    await ovs.ports.add({ bridge: 'br0', name: 'nodev' })
  } catch (error) {
    if (!(error instanceof OvsInterfaceError)) throw error
    console.log(error.code, error.error) // ENODEV could not open network device nodev (No such device)
  }
  await ovs.ports.add({ bridge: 'br0', name: 'veth-r' }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error
  })

  // a device made anew
  await sw.links.add({ kind: 'veth', name: 'v0', up: true, peer: { name: 'v1', up: true } })
  await ovs.ports.add({ bridge: 'br0', name: 'v0' })
  await sw.links.delete('v0')
  await sw.links.add({ kind: 'veth', name: 'v0', up: true, peer: { name: 'v1', up: true } })
  await ovs.ports.add({ bridge: 'br0', name: 'v0' }) // replaces the port, which has the device that is gone
  await ovs.ports.reopen('v0') // the same, whatever has become of the device
  assert.equal((await sw.links.get('v0')).promiscuity, 1)
}

async function flows(ovs: OpenVswitch): Promise<void> {
  await ovs.flows.add({ bridge: 'br0', priority: 10, match: { tcpDst: 23 }, actions: 'drop' })
  await ovs.flows.addMany([
    { bridge: 'br0', cookie: 7n, match: { inPort: 'veth-r', dlVlan: 'none' }, actions: [{ output: 'NORMAL' }] },
    {
      bridge: 'br0',
      cookie: 7n,
      match: { nwDst: '10.0.0.0/8' },
      actions: [{ setField: { reg0: 1 } }, { gotoTable: 1 }],
    },
    { bridge: 'br0', table: 1, match: { reg0: 1 }, actions: [{ output: 'veth-g' }], idleTimeoutSeconds: 60 },
  ])
  for (const { table, priority, match, packets } of await ovs.flows.list({ bridge: 'br0' })) {
    console.log(table, priority, match, packets) // 0 32768 { dlType: 'ip', nwDst: '10.0.0.0/8' } 0n …
  }
  await ovs.flows.set({ bridge: 'br0', priority: 10, match: { tcpDst: 23 } }, [{ output: 'NORMAL' }])
  await ovs.flows.delete({ bridge: 'br0', priority: 10, match: { tcpDst: 23 } })
  await ovs.flows.flush({ bridge: 'br0', cookie: 7n })
  assert.equal((await ovs.flows.list()).length, 2)
}

async function watching(ovs: OpenVswitch): Promise<void> {
  const changes = ovs.watch({ timeout: 5000 })
  await ovs.ports.delete('veth-r')
  for await (const { type, kind, name } of changes) {
    console.log(type, kind, name) // delete port veth-r
    if (type === 'delete' && kind === 'port') break
  }
}

async function checksums(...namespaces: NetNs[]): Promise<void> {
  for (const ns of namespaces) await ns.ethtool.features.set('eth0', { 'tx-checksum-ip-generic': false })
}

void main()
