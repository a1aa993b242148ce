// What docs/openstack.md walks through: red and green, a switch, DHCP by hand and by an agent, a router. With a directory as its
// argument it draws what there is after each part, from what the kernel and the switch's database say.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace, NetNs } from 'netloom'
import { DhcpAgent, RouterAgent } from '@netloom/openstack'
import { OpenVswitch } from '@netloom/ovs'
import { inNamespace, type Client } from '../openstack/clients'
import { layOut } from '../picture/layout'
import { look } from '../picture/look'
import { toSvg } from '../picture/svg'
import { toText } from '../picture/text'

const work = mkdtempSync(join(tmpdir(), 'netloom-openstack-'))
const [figures] = process.argv.slice(2)

async function draw(name: string, title: string, namespaces: NetNs[], switches: OpenVswitch[] = []): Promise<void> {
  const drawing = layOut(await look(namespaces, switches))
  console.log(toText(drawing))
  if (figures !== undefined) writeFileSync(join(figures, `openstack-${name}.svg`), toSvg(drawing, title))
}

/** What one namespace says to the other. */
async function talk(from: NetNs, to: NetNs, host: string, timeout = 5000): Promise<string> {
  const server = await to.listen({ host, port: 80 })
  server.on('connection', (socket) => socket.end(`you are ${String(socket.remoteAddress)}`))
  try {
    const socket = await from.connect({ host, port: 80, timeout })
    let said = ''
    for await (const data of socket) said += String(data)
    return said
  } finally {
    server.close()
  }
}

async function kinds(): Promise<void> {
  await using box = await Namespace.create({
    net: true,
    uts: { hostname: 'red' },
    ipc: true,
    pid: true,
    mnt: true,
    user: true,
  })
  console.log((await box.net.links.list()).map(({ name }) => name)) // [ 'lo' ]
  console.log(await box.uts.hostname()) // red
}

async function onBridge(): Promise<void> {
  await using sw = await NetNs.create('switch', { ephemeral: true })
  await using red = await NetNs.create('red', { ephemeral: true })
  await using green = await NetNs.create('green', { ephemeral: true })

  // a bridge of the kernel
  await sw.links.add({ kind: 'bridge', name: 'br0', up: true })
  for (const [ns, end, port, address] of [
    [red, 'eth-r', 'veth-r', '10.0.0.1/24'],
    [green, 'eth-g', 'veth-g', '10.0.0.2/24'],
  ] as const) {
    await sw.links.add({ kind: 'veth', name: port, master: 'br0', up: true, peer: { netns: ns, name: end, up: true } })
    await ns.addresses.add({ dev: end, address })
  }
  console.log(await talk(red, green, '10.0.0.2')) // you are 10.0.0.1
  await draw('bridge', 'Red and green on a bridge of the kernel', [sw, red, green])
}

async function onOpenVswitch(): Promise<void> {
  await using sw = await NetNs.create('switch', { ephemeral: true })
  await using red = await NetNs.create('red', { ephemeral: true })
  await using green = await NetNs.create('green', { ephemeral: true })

  // Open vSwitch
  await using ovs = await OpenVswitch.launch({ netns: sw })
  await ovs.bridges.add({ name: 'br-int', datapathType: 'netdev' })
  for (const [ns, end, port, address, tag] of [
    [red, 'eth-r', 'veth-r', '10.0.0.1/24', 10],
    [green, 'eth-g', 'veth-g', '10.0.0.2/24', 20],
  ] as const) {
    await sw.links.add({ kind: 'veth', name: port, up: true, peer: { netns: ns, name: end, up: true } })
    await ns.addresses.add({ dev: end, address })
    await ovs.ports.add({ bridge: 'br-int', name: port, tag })
  }

  // tags separate and join
  await talk(red, green, '10.0.0.2', 500).catch((error: unknown) => {
    console.log((error as NodeJS.ErrnoException).code) // ETIMEDOUT: they are in different VLANs
  })
  await ovs.ports.set('veth-g', { tag: 10 })
  console.log(await talk(red, green, '10.0.0.2')) // you are 10.0.0.1
  await draw('ovs', 'Red and green on Open vSwitch', [sw, red, green], [ovs])
}

async function dhcpByHand(): Promise<void> {
  await using host = await NetNs.create('switch', { ephemeral: true })
  await host.links.add({ kind: 'bridge', name: 'br0', up: true })

  // a namespace with a server
  await using server = await NetNs.create('dhcp-r', { ephemeral: true })
  await host.links.add({
    kind: 'veth',
    name: 'tab-1',
    master: 'br0',
    up: true,
    peer: { netns: server, name: 'ns-1', up: true },
  })
  await server.links.set('lo', { up: true })
  await server.addresses.add({ dev: 'ns-1', address: '192.168.10.2/24' })

  const hosts = join(work, 'host')
  writeFileSync(hosts, '')
  const dnsmasq = server.spawn('dnsmasq', [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-hosts', '--no-resolv', '--port=0', '--pid-file='],
    ...['--user=root', '--interface=ns-1', '--bind-dynamic', '--dhcp-range=192.168.10.0,static'],
    ...[`--dhcp-hostsfile=${hosts}`, `--dhcp-leasefile=${join(work, 'leases')}`, '--log-facility=-'],
  ])
  const read = async (): Promise<void> => {
    for (let said = ''; !said.includes(`read ${hosts}`);) said += String((await once(dnsmasq.stderr, 'data'))[0])
  }
  await read()

  // a port is created
  writeFileSync(hosts, 'fa:17:4e:86:18:a6,,192.168.10.10,192800\n')
  dnsmasq.kill('SIGHUP')
  await read()

  await using vm = await machine(host, 'vm1', 'br0', 'fa:17:4e:86:18:a6')
  console.log(await vm.lease()) // 192.168.10.10, …
  await draw('dhcp', 'A DHCP server in a namespace, and a client', [
    host,
    server,
    ...(vm.netns === undefined ? [] : [vm.netns]),
  ])

  // and deleted
  writeFileSync(hosts, '')
  dnsmasq.kill('SIGHUP')
  await read()
  dnsmasq.kill()
  await once(dnsmasq, 'exit')
}

/** What stands for a virtual machine here: a namespace with eth0, and a DHCP client. */
async function machine(switches: NetNs, name: string, bridge: string, mac: string): Promise<Client> {
  return inNamespace({ switches, name, bridge, mac }, '', work)
}

async function agents(): Promise<void> {
  await using host = await NetNs.create('switch', { ephemeral: true })
  await using outside = await NetNs.create('outside', { ephemeral: true })

  // the same by an agent
  await using dhcp = await DhcpAgent.start({ stateDir: join(work, 'dhcp'), plug: 'bridge', netns: host })
  const network = await dhcp.networks.ensure({
    id: 'r',
    namespace: 'dhcp-r',
    tap: 'tab-1',
    device: 'ns-1',
    hostLines: 'plain',
    subnets: [{ id: 'v4', cidr: '192.168.10.0/24', gateway: '192.168.10.1', leaseSeconds: 192800 }],
  })
  await network.ports.add({ id: 'vm1', mac: 'fa:17:4e:86:18:a6', fixedIps: ['192.168.10.10'] })
  console.log(readFileSync(join(work, 'dhcp/r/host'), 'utf8')) // fa:17:4e:86:18:a6,,192.168.10.10,192800
  await using vm = await machine(host, 'vm1', network.bridge ?? '', 'fa:17:4e:86:18:a6')
  console.log(await vm.lease()) // 192.168.10.10, router 192.168.10.1, …

  // a router
  await using routing = await RouterAgent.start({ stateDir: join(work, 'router'), plug: 'bridge', netns: host })
  await routing.routers.ensure({
    id: 'r',
    ports: [{ id: 'r-in', network: 'r', addresses: ['192.168.10.1/24'] }],
    gateway: { id: 'r-out', network: 'outside', addresses: ['203.0.113.2/24'], nexthops: ['203.0.113.1'] },
    floatingIps: [{ address: '203.0.113.10', fixed: '192.168.10.10' }],
  })
  const peer = { netns: outside, name: 'eth0', up: true }
  await host.links.add({ kind: 'veth', name: 'outside', master: 'brqoutside', up: true, peer })
  await outside.addresses.add({ dev: 'eth0', address: '203.0.113.1/24' })
  if (vm.netns !== undefined) console.log(await talk(vm.netns, outside, '203.0.113.1')) // you are 203.0.113.10
  console.log((await outside.ping('203.0.113.10', { count: 1 })).received) // 1

  await using server = await NetNs.open('dhcp-r')
  await using router = await NetNs.open('qrouter-r')
  await draw('router', 'A network with DHCP and a router to the outside', [
    host,
    server,
    router,
    outside,
    ...(vm.netns === undefined ? [] : [vm.netns]),
  ])
  await routing.sync({ routers: [] })
  await dhcp.sync({ networks: [] })
}

async function main(): Promise<void> {
  await kinds()
  await onBridge()
  await onOpenVswitch()
  await dhcpByHand()
  await agents()
}

void main().finally(() => {
  rmSync(work, { recursive: true })
})
