// veth: both ends with all their settings, the far one born in its final namespace.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { LinkOptionsOf, NetNs, PeerOptions } from '../../../lib/index'
import { useNetNs } from '../../../lib/testing'
import { ip, ownPrefix } from '../../support/namespaces'
import { eventually, ofKind, shown, shownNames } from './support'

const net = useNetNs({ names: ['ns', 'far', 'other'], prefix: ownPrefix })

type Veth = LinkOptionsOf<'veth'>

// What the creating message takes at the far end, and what the kernel ignores there without a word.
const farSettings = {
  name: 'eth0',
  mac: '02:00:00:00:00:01',
  broadcast: '02:ff:ff:ff:ff:ff',
  mtu: 1400,
  txqlen: 55,
  group: 17,
  numTxQueues: 2,
  numRxQueues: 3,
  gsoMaxSize: 40_000,
  gsoMaxSegs: 90,
  gsoIpv4MaxSize: 39_000,
  groMaxSize: 38_000,
  groIpv4MaxSize: 37_000,
  up: true,
  master: 'br0',
  alias: 'the far end',
  altnames: ['far', 'a-long-name-for-the-far-end'],
  addrGenMode: 'none',
  promisc: true,
  allMulticast: true,
  arp: false,
  linkMode: 'dormant',
  port: { hairpin: true, priority: 5 },
} as const satisfies PeerOptions

const farShown = {
  ifname: 'eth0',
  address: '02:00:00:00:00:01',
  broadcast: '02:ff:ff:ff:ff:ff',
  mtu: 1400,
  txqlen: 55,
  group: '17',
  num_tx_queues: 2,
  num_rx_queues: 3,
  gso_max_size: 40_000,
  gso_max_segs: 90,
  gro_max_size: 38_000,
  master: 'br0',
  ifalias: 'the far end',
  altnames: ['far', 'a-long-name-for-the-far-end'],
  inet6_addr_gen_mode: 'none',
  linkmode: 'DORMANT',
  linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { hairpin: true, priority: 5 } },
}

const { port: farPort, master: _master, ...farListed } = farSettings

async function expectFarEnd(ns: NetNs, name = 'eth0'): Promise<void> {
  const device = await shown(ns, name)
  expect(device).toMatchObject({ ...farShown, ifname: name })
  expect(device.flags).toEqual(expect.arrayContaining(['UP', 'NOARP', 'PROMISC', 'ALLMULTI']))
  const link = await ns.links.get(name)
  expect(link).toMatchObject({ ...farListed, name, port: { kind: 'bridge', ...farPort } })
  expect(link.master).toBe((await ns.links.get('br0')).index)
}

describe("a veth's far end", () => {
  it('is born in another namespace with all that was asked for', async () => {
    const { ns, far } = net
    await far.links.add({ kind: 'bridge', name: 'br0' })
    const near = await ns.links.add({ kind: 'veth', name: 'a', peer: { netns: far, ...farSettings } })
    await expectFarEnd(far)
    expect(await shownNames(ns)).toEqual(['a'])
    expect(near).toMatchObject({ name: 'a', up: false, mtu: 1500, arp: true, promisc: false, group: 0 })
  })

  it('is born in the same namespace with all that was asked for', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    await ns.links.add({ kind: 'veth', name: 'a', peer: farSettings })
    await expectFarEnd(ns)
  })

  it('and the near end each have settings of their own, all of them', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    const near = { ...farSettings, name: 'near0', mac: '02:00:00:00:00:02', altnames: ['near'] }
    const link = await ns.links.add({ kind: 'veth', ...near, peer: { name: 'far0', mtu: 1300 } })
    expect(link).toMatchObject({ ...farListed, name: 'near0', mac: near.mac, altnames: ['near'] })
    expect(await shown(ns, 'near0')).toMatchObject({
      ...farShown,
      ifname: 'near0',
      address: near.mac,
      altnames: ['near'],
    })
    expect(await shown(ns, 'far0')).toMatchObject({ mtu: 1300, inet6_addr_gen_mode: 'eui64', linkmode: 'DEFAULT' })
    expect((await shown(ns, 'far0')).flags).not.toContain('UP')
  })

  it('has the first free index of its namespace, for it was never in another', async () => {
    const { ns, far } = net
    for (const name of ['x', 'y', 'z']) await ns.links.add({ kind: 'ifb', name })
    const near = await ns.links.add({ kind: 'veth', name: 'a', peer: { netns: far, name: 'eth0' } })
    expect(near.index).toBe(5)
    expect((await shown(far, 'eth0')).ifindex).toBe(2)
  })

  it('never has another name, and never leaves, as those who listen see', async () => {
    const { ns, far } = net
    const monitor = spawn('ip', ['-n', far.name!, '-o', 'monitor', 'link'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let heard = ''
    monitor.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text))
    const closed = once(monitor, 'close')
    try {
      let queue = 100
      const sign = async (): Promise<void> => far.links.set('lo', { txqlen: ++queue })
      await eventually(async () => {
        await sign()
        return heard.includes('lo:')
      })
      await ns.links.add({
        kind: 'veth',
        name: 'a',
        up: true,
        peer: { netns: far, ...farSettings, master: 0, port: undefined },
      })
      await far.links.add({ kind: 'ifb', name: 'last' })
      await eventually(() => Promise.resolve(/ last:.*\n/.test(heard)))
    } finally {
      monitor.kill()
      await closed
    }
    const lines = heard.split('\n').filter((line) => !/^$| lo: | last: /.test(line))
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(/^2: eth0[@:]/)
  })

  it('takes the index that was chosen, together with one for the near end', async () => {
    const { ns, far } = net
    const link = await ns.links.add({
      kind: 'veth',
      name: 'a',
      index: 0x10000000,
      peer: { netns: far, name: 'eth0', index: 33 },
    })
    expect(link.index).toBe(0x10000000)
    expect((await shown(far, 'eth0')).ifindex).toBe(33)
  })

  it('is told as index and id of its namespace', async () => {
    const { ns, far } = net
    const near = ofKind(await ns.links.add({ kind: 'veth', name: 'a', peer: { netns: far, name: 'eth0' } }), 'veth')
    expect(near.peer).toEqual({ index: (await far.links.get('eth0')).index, netnsId: await ns.id(far) })
    expect(near.peer).toEqual(near.link)
    const device = await shown(ns, 'a')
    expect(near.peer).toEqual({ index: device.link_index, netnsId: device.link_netnsid })
    const back = ofKind(await far.links.get('eth0'), 'veth')
    expect(back.peer).toEqual({ index: near.index, netnsId: await far.id(ns) })
  })

  it('is told as index alone if it is in the same namespace', async () => {
    const { ns } = net
    const near = ofKind(await ns.links.add({ kind: 'veth', name: 'a', peer: { name: 'b' } }), 'veth')
    expect(near.peer).toEqual({ index: (await ns.links.get('b')).index })
    expect(near.peer).toEqual({ index: (await shown(ns, 'b')).ifindex })
  })

  it('of a pair that ip made is told the same', async () => {
    const { ns, far } = net
    await ip(ns, 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', far.name!)
    const near = ofKind(await ns.links.get('a'), 'veth')
    expect(near.peer).toEqual({ index: (await shown(far, 'eth0')).ifindex, netnsId: await ns.id(far) })
  })

  it('goes when the near end is deleted', async () => {
    const { ns, far } = net
    await ns.links.add({ kind: 'veth', name: 'a', peer: { netns: far, name: 'eth0' } })
    await ns.links.delete('a')
    expect(await far.links.find('eth0')).toBeUndefined()
  })
})

describe('the near end', () => {
  it('can be born in another namespace, with the far one here', async () => {
    const { ns, other } = net
    await other.links.add({ kind: 'bridge', name: 'br0' })
    const options: Veth = { kind: 'veth', ...farSettings, netns: other, peer: { netns: ns, name: 'b', up: true } }
    const link = await ns.links.add(options)
    expect(link.index).toBe((await shown(other, 'eth0')).ifindex)
    await expectFarEnd(other)
    expect((await shown(ns, 'b')).flags).toContain('UP')
  })

  it('takes the far one along if that has no namespace of its own', async () => {
    const { ns, other } = net
    await ns.links.add({ kind: 'veth', name: 'a', netns: other, peer: { name: 'b' } })
    expect(await shownNames(ns)).toEqual([])
    expect((await shownNames(other)).sort()).toEqual(['a', 'b'])
  })

  it('takes the far one and its later settings along', async () => {
    const { ns, other } = net
    await ns.links.add({ kind: 'veth', name: 'a', netns: other, up: true, peer: { name: 'b', up: true, alias: 'far' } })
    expect((await shown(other, 'b')).flags).toContain('UP')
    expect((await shown(other, 'b')).ifalias).toBe('far')
  })

  it('has a master by name of the namespace that it is born in', async () => {
    const { ns, other } = net
    await ns.links.add({ kind: 'ifb', name: 'pad' })
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    await other.links.add({ kind: 'bridge', name: 'br0' })
    await ns.links.add({ kind: 'veth', name: 'a', netns: other, master: 'br0', peer: { netns: ns, name: 'b' } })
    expect(await shown(other, 'a')).toMatchObject({ master: 'br0' })
  })
})
