// What docs/dhcp.md shows: a network with DHCP, a client that gets its address, an agent that ends and one that takes over.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NetNs } from 'netloom'
import { DhcpAgent } from '@netloom/openstack'

const stateDir = mkdtempSync(join(tmpdir(), 'netloom-dhcp-'))

/** What udhcpc, busybox's client, is given: it runs in the client's namespace, and takes the address. */
async function address(client: NetNs): Promise<string> {
  const script = 'test "$1" = bound || exit 0; ip address add $ip/$mask dev $interface; echo $ip'
  const file = join(stateDir, 'udhcpc.sh')
  await promisify(execFile)('sh', ['-c', `printf '#!/bin/sh\\n%s\\n' '${script}' > ${file}; chmod +x ${file}`])
  const args = ['udhcpc', '-i', 'eth0', '-f', '-q', '-n', '-s', file]
  return new Promise((resolve, reject) => {
    client.run(() =>
      execFile('busybox', args, (error, stdout) => {
        if (error === null) resolve(stdout.trim())
        else reject(new Error(error.message))
      }),
    )
  })
}

async function main(): Promise<void> {
  await using host = await NetNs.create('switch', { ephemeral: true })
  {
    // an agent
    await using agent = await DhcpAgent.start({ stateDir, plug: 'bridge', netns: host })
    agent.on('lease', ({ network, port, lease }) => {
      console.log(`${network}: ${String(port)} has ${lease.address}`) // red: vm1 has 10.0.0.20
    })
    agent.on('error', (error) => {
      console.error(error)
    })

    // a network
    const network = await agent.networks.ensure({
      id: 'red',
      domain: 'example.org',
      mtu: 1450,
      subnets: [
        { id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1', pool: { start: '10.0.0.10', end: '10.0.0.99' } },
        { id: 'v6', cidr: 'fd77::/64' },
      ],
    })
    console.log(network.namespace, network.serverAddresses) // qdhcp-red [ '10.0.0.10', 'fd77::1' ]
    console.log(network.bridge) // brqred: clients belong there

    // ports
    await network.ports.add({
      id: 'vm1',
      mac: '52:54:00:00:00:01',
      fixedIps: ['10.0.0.20', 'fd77::20'],
      hostname: 'vm1',
    })
    const { fixedIps } = await network.ports.add({ id: 'vm2', mac: '52:54:00:00:00:02' })
    console.log(fixedIps) // 10.0.0.11 and fd77::2: free ones
    await network.ports.update('vm2', { options: [{ code: 67, value: 'boot.ipxe', tag: 'ipxe' }] })
    await network.ports.delete('vm2')

    // a client
    await using client = await NetNs.create()
    const peer = { netns: client, name: 'eth0', mac: '52:54:00:00:00:01', up: true }
    await host.links.add({ kind: 'veth', name: 'vm1', master: 'brqred', up: true, peer })
    console.log(await address(client)) // 10.0.0.20
    for (const { address, mac, expires } of network.leases()) console.log(address, mac, expires)
  }

  // The agent has ended; dnsmasq has not. The next one takes over.
  await using agent = await DhcpAgent.start({ stateDir, plug: 'bridge', netns: host })
  console.log(agent.networks.get('red')?.ports.list().length) // 1

  // a whole description
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const ports = [{ id: 'vm1', mac: '52:54:00:00:00:01' }]
  const { networks, deleted } = await agent.sync({
    networks: [
      { id: 'green', subnets, ports },
      { id: 'blue', subnets, ports },
    ],
  })
  console.log(
    networks.map(({ id, network }) => `${id} ${network}`),
    deleted,
  ) // green created, blue created; red
  await agent.sync({ networks: [] })
}

void main().finally(() => {
  rmSync(stateDir, { recursive: true })
})
