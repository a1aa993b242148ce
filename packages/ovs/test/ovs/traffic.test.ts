// What goes through a switch: VLANs that separate and join, flows that steer, and checksums.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { NetNs } from 'netloom'
import { OpenVswitch } from '../../lib/index'
import { fresh } from '../../../../test/support/namespaces'
import { cable } from './switch'
import { patience } from '../../../../test/support/patience'

interface Net {
  readonly ovs: OpenVswitch
  readonly red: NetNs
  readonly green: NetNs
}

/** Red and green on a bridge, by veth pairs. */
async function withNet(userspaceTso: boolean, run: (net: Net) => Promise<void>): Promise<void> {
  await using red = await fresh('red')
  await using green = await fresh('green')
  await using netns = await fresh('ovs')
  await using ovs = await OpenVswitch.launch({ netns, userspaceTso })
  await ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
  for (const [ns, name, address] of [
    [red, 'veth-r', '10.0.0.1/24'],
    [green, 'veth-g', '10.0.0.2/24'],
  ] as const) {
    await cable(netns, name, ns, 'eth0')
    await ns.addresses.add({ dev: 'eth0', address })
  }
  await ovs.ports.addMany(['veth-r', 'veth-g'].map((name) => ({ bridge: 'br0', name, tag: 10 })))
  await run({ ovs, red, green })
}

/** How many bytes of so many reach green. */
async function send({ red, green }: Net, bytes: number, timeout = 2000): Promise<number> {
  const server = await green.listen({ host: '10.0.0.2', port: 80 })
  const accepted: Socket[] = []
  try {
    let received = 0
    const done = new Promise<void>((resolve) => {
      server.on('connection', (socket) => {
        accepted.push(socket)
        socket.on('data', (data) => (received += data.length))
        socket.on('end', resolve)
        socket.on('error', () => undefined)
        socket.end()
      })
    })
    const socket = await red.connect({ host: '10.0.0.2', port: 80, timeout })
    socket.resume()
    socket.end(Buffer.alloc(bytes))
    const late = new Promise((resolve) => setTimeout(resolve, timeout))
    await Promise.race([done, late])
    socket.destroy()
    return received
  } finally {
    server.close()
    // Where the switch has become silent in between, nothing tells green that red has gone.
    for (const socket of accepted) socket.destroy()
    await once(server, 'close').catch(() => undefined)
  }
}

const timedOut = { code: 'ETIMEDOUT' }

/** What the switch has cached it passes on for some moments more. */
async function becomesSilent(net: Net): Promise<void> {
  const deadline = Date.now() + patience
  while (Date.now() < deadline) {
    const code = await send(net, 1, 300).then(
      () => undefined,
      (error: unknown) => (error as { code?: string }).code,
    )
    if (code === timedOut.code) return
  }
  throw new Error('red still reaches green')
}

describe('traffic', () => {
  test('goes through ports of one VLAN, not between two, and through a trunk', async () => {
    await withNet(true, async (net) => {
      expect(await send(net, 5_000_000)).toBe(5_000_000)
      await net.ovs.ports.set('veth-g', { tag: 20 })
      await becomesSilent(net)
      await net.ovs.ports.set('veth-r', { tag: 20 })
      expect(await send(net, 100)).toBe(100)
      // Green moves to another bridge, and a patch cable that carries some VLANs goes there.
      await net.ovs.ports.delete('veth-g')
      await net.ovs.bridges.add({ name: 'br1', datapathType: 'netdev' })
      await net.ovs.ports.addMany([
        { bridge: 'br1', name: 'veth-g', tag: 20 },
        { bridge: 'br0', name: 'p0', trunks: [20, 30], interface: { type: 'patch', peer: 'p1' } },
        { bridge: 'br1', name: 'p1', interface: { type: 'patch', peer: 'p0' } },
      ])
      expect(await send(net, 100_000)).toBe(100_000)
      await net.ovs.ports.set('p0', { trunks: [30] })
      await becomesSilent(net)
    })
  })

  test('is steered by flows', async () => {
    await withNet(true, async (net) => {
      const { ovs } = net
      await ovs.flows.add({ priority: 10, match: { tcpDst: 80 }, actions: 'drop' })
      await becomesSilent(net)
      expect((await ovs.flows.get({ priority: 10, match: { tcpDst: 80 } })).packets).toBeGreaterThan(0n)
      await ovs.bridges.set('br0', { failMode: 'secure' })
      await ovs.flows.flush()
      await becomesSilent(net)
      await ovs.flows.addMany([
        { bridge: 'br0', match: { inPort: 'veth-r' }, actions: [{ output: 'veth-g' }] },
        { bridge: 'br0', match: { inPort: 'veth-g' }, actions: [{ output: 'veth-r' }] },
      ])
      expect(await send(net, 100_000)).toBe(100_000)
    })
  })

  test('needs checksums without userspace TSO: ethtool lets the ends compute them', async () => {
    await withNet(false, async (net) => {
      await expect(send(net, 1, 500)).rejects.toMatchObject(timedOut)
      for (const ns of [net.red, net.green]) {
        await ns.ethtool.features.set('eth0', { 'tx-checksum-ip-generic': false })
      }
      expect(await send(net, 1_000_000)).toBe(1_000_000)
    })
  })
})
