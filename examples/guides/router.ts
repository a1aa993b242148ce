// What docs/router.md shows: a network, a router to the outside, a floating address.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from 'netloom'
import { RouterAgent } from '@netloom/openstack'

const stateDir = mkdtempSync(join(tmpdir(), 'netloom-router-'))

/** A namespace with eth0 on the bridge of a network. */
async function host(switches: NetNs, network: string, address: string, via?: string): Promise<NetNs> {
  const ns = await NetNs.create()
  const peer = { netns: ns, name: 'eth0', up: true }
  await switches.links.add({ kind: 'veth', name: `to-${network}`, master: `brq${network}`, up: true, peer })
  await ns.addresses.add({ dev: 'eth0', address })
  if (via !== undefined) await ns.routes.add({ dst: 'default', via })
  return ns
}

/** Asks a server by TCP. */
async function ask(ns: NetNs, address: string): Promise<string> {
  const socket = await ns.connect({ host: address, port: 80, timeout: 2000 })
  let said = ''
  for await (const data of socket) said += String(data)
  return said
}

async function main(): Promise<void> {
  await using switches = await NetNs.create('switches', { ephemeral: true })
  // an agent
  await using agent = await RouterAgent.start({ stateDir, plug: 'bridge', netns: switches })

  // a router
  const router = await agent.routers.ensure({
    id: 'r1',
    ports: [
      { id: 'r1-red', network: 'red', addresses: ['10.0.0.1/24', 'fd00:1::1/64'] },
      { id: 'r1-blue', network: 'blue', addresses: ['10.0.1.1/24'] },
    ],
    gateway: { id: 'r1-gw', network: 'outside', addresses: ['203.0.113.2/24'], nexthops: ['203.0.113.1'] },
    routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.1.9' }],
  })
  console.log(router.namespace) // qrouter-r1
  for (const { device, addresses } of router.devices) console.log(device, addresses)

  await using red = await host(switches, 'red', '10.0.0.10/24', '10.0.0.1')
  await using outside = await host(switches, 'outside', '203.0.113.1/24')
  const server = await outside.listen({ host: '203.0.113.1', port: 80 })
  server.on('connection', (socket) => socket.end(`you are ${String(socket.remoteAddress)}`))
  console.log(await ask(red, '203.0.113.1')) // you are 203.0.113.2

  // a floating address
  await router.update({ floatingIps: [{ address: '203.0.113.10', fixed: '10.0.0.10' }] })
  console.log(await ask(red, '203.0.113.1')) // you are 203.0.113.10
  server.close()

  // a router that advertises itself
  await agent.routers.ensure({
    id: 'r2',
    ports: [
      { id: 'r2-green', network: 'green', addresses: ['fd00:2::1/64'], advertise: true },
      {
        id: 'r2-yellow',
        network: 'yellow',
        addresses: ['fd00:3::1/64'],
        mtu: 1450,
        advertise: { other: true, dnsServers: ['fd00:3::53'], domainSearch: ['example.org'], maxIntervalSeconds: 30 },
      },
    ],
  })
  await using green = await NetNs.create()
  const peer = { netns: green, name: 'eth0', up: true }
  await switches.links.add({ kind: 'veth', name: 'to-green', master: 'brqgreen', up: true, peer })
  while ((await green.addresses.list({ dev: 'eth0', scope: 'global' })).length === 0) await sleep(20)
  const [learned] = await green.routes.list({ dst: 'default', family: 'ipv6', table: 'main' })
  console.log(learned?.protocol) // ra

  // a whole description
  const { changed } = await agent.sync({ routers: [{ ...router.options, floatingIps: [] }] })
  console.log(changed) // [ 'r1' ]
  await agent.sync({ routers: [] })
}

void main().finally(() => {
  rmSync(stateDir, { recursive: true })
})
