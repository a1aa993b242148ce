// get, find, list, delete and flush.
import { isNotFound, NetlinkError, type LinkName } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { fresh, ip, ipJson, ownPrefix } from '../support/namespaces'
import { eventually, shown, shownNames, type Shown } from './kinds/support'

const net = useNetNs({ prefix: ownPrefix })

describe('get', () => {
  it('finds a link by name, by index and by altname', async () => {
    const { ns } = net
    const altname = 'a-name-of-more-than-fifteen-bytes'
    const added = await ns.links.add({ kind: 'ifb', name: 'x', altnames: ['short', altname] })
    const names: LinkName[] = ['x', added.index, { altname }, { altname: 'short' }]
    for (const name of names) expect(await ns.links.get(name)).toEqual(added)
  })

  it.each<[LinkName]>([['nowhere'], [4711], [{ altname: 'no-such-name-in-this-namespace' }]])(
    'throws ENODEV if %p is not there; find gives undefined',
    async (name) => {
      const { ns } = net
      const error: unknown = await ns.links.get(name).catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(NetlinkError)
      expect(error).toMatchObject({ code: 'ENODEV', syscall: 'RTM_GETLINK', operation: 'links.get', netns: ns.name })
      expect(isNotFound(error)).toBe(true)
      expect(await ns.links.find(name)).toBeUndefined()
    },
  )

  it('find gives what get gives', async () => {
    const { ns } = net
    expect(await ns.links.find('lo')).toEqual(await ns.links.get('lo'))
    expect(await ns.links.find(1)).toMatchObject({ name: 'lo', kind: 'none', type: 'loopback' })
  })

  it('find does not hide errors of other kinds', async () => {
    const ns = await fresh()
    await ns.delete()
    ns.close()
    await expect(ns.links.find('lo')).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  })

  it('gives counters as bigint when asked, the same that ip prints', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'veth', name: 'a', up: true, peer: { name: 'b', up: true } })
    await eventually(async () => ((await ns.links.get('a', { statistics: true })).statistics?.rxPackets ?? 0n) > 0n)
    await ns.links.set('a', { up: false })
    await ns.links.set('b', { up: false })
    const { statistics: found } = await ns.links.get('a', { statistics: true })
    const [device] = await ipJson<{ stats64: Record<'rx' | 'tx', Record<string, number>> }[]>(
      ns,
      '-s',
      'link',
      'show',
      'dev',
      'a',
    )
    const { rx, tx } = device!.stats64
    expect(found).toMatchObject({
      rxPackets: BigInt(rx.packets!),
      rxBytes: BigInt(rx.bytes!),
      rxErrors: BigInt(rx.errors!),
      rxDropped: BigInt(rx.dropped!),
      multicast: BigInt(rx.multicast!),
      txPackets: BigInt(tx.packets!),
      txBytes: BigInt(tx.bytes!),
      txErrors: BigInt(tx.errors!),
      txDropped: BigInt(tx.dropped!),
      collisions: BigInt(tx.collisions!),
    })
    const [listed] = (await ns.links.list({ statistics: true })).filter(({ name }) => name === 'a')
    expect(listed?.statistics).toEqual(found)
  })

  it('gives no counters when not asked', async () => {
    const { ns } = net
    expect(await ns.links.get('lo')).not.toHaveProperty('statistics')
    expect((await ns.links.list())[0]).not.toHaveProperty('statistics')
  })

  it('says of every link what ip says', async () => {
    const { ns } = net
    await ip(ns, 'link', 'add', 'name', 'br0', 'type', 'bridge')
    await ip(ns, 'link', 'add', 'name', 'va', 'type', 'veth', 'peer', 'name', 'vb')
    await ip(ns, 'link', 'set', 'dev', 'va', 'master', 'br0', 'up')
    const devices = await ipJson<Shown[]>(ns, 'link')
    const links = await ns.links.list()
    expect(links.map(({ index }) => index)).toEqual(devices.map(({ ifindex }) => ifindex))
    for (const [i, link] of links.entries()) {
      const device = devices[i]!
      expect(link).toMatchObject({
        name: device.ifname,
        mtu: device.mtu,
        mac: device.address,
        broadcast: device.broadcast,
        type: device.link_type,
        qdisc: device.qdisc,
        up: device.flags.includes('UP'),
        multicast: device.flags.includes('MULTICAST'),
        txqlen: device.txqlen ?? 0,
        promiscuity: device.promiscuity,
        allMulticastCount: device.allmulti,
        minMtu: device.min_mtu ?? 0,
        maxMtu: device.max_mtu ?? 0,
        tsoMaxSize: device.tso_max_size,
        tsoMaxSegs: device.tso_max_segs,
        numTxQueues: device.num_tx_queues,
        kind: device.linkinfo?.info_kind ?? 'none',
      })
      expect(link.unknown).toBeUndefined()
    }
  })
})

describe('list', () => {
  it('gives the links that a filter lets through', async () => {
    const { ns } = net
    const { index } = await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
    await ns.links.add({ kind: 'bridge', name: 'br1', group: 5 })
    await ns.links.add({
      kind: 'veth',
      name: 'a',
      master: 'br0',
      group: 5,
      up: true,
      peer: { name: 'b', master: 'br1' },
    })
    await ns.links.add({ kind: 'ifb', name: 'x', group: 5 })
    const names = async (filter: Parameters<typeof ns.links.list>[0]): Promise<string[]> =>
      (await ns.links.list(filter)).map(({ name }) => name).sort()
    expect(await names(undefined)).toEqual(['a', 'b', 'br0', 'br1', 'lo', 'x'])
    expect(await names({})).toEqual(['a', 'b', 'br0', 'br1', 'lo', 'x'])
    expect(await names({ kind: 'bridge' })).toEqual(['br0', 'br1'])
    expect(await names({ kind: 'vxlan' })).toEqual([])
    expect(await names({ master: 'br0' })).toEqual(['a'])
    expect(await names({ master: index })).toEqual(['a'])
    expect(await names({ group: 5 })).toEqual(['a', 'br1', 'x'])
    expect(await names({ group: 0 })).toEqual(['b', 'br0', 'lo'])
    expect(await names({ up: true })).toEqual(['a', 'br0'])
    expect(await names({ up: false })).toEqual(['b', 'br1', 'lo', 'x'])
    expect(await names({ kind: 'veth', up: true })).toEqual(['a'])
    expect(await names({ kind: 'bridge', group: 5, up: true })).toEqual([])
    expect(await names({ kind: 'ifb', master: 'br0' })).toEqual([])
  })

  it.each([['wireguard'], ['vlan'], ['none'], ['other']])(
    'gives only links of the kind %s, of which there may be none',
    async (kind) => {
      const { ns } = net
      await ns.links.add({ kind: 'ifb', name: 'x' })
      const found = await ns.links.list({ kind })
      expect(found.map(({ name }) => name)).toEqual(kind === 'none' ? ['lo'] : [])
    },
  )

  it('finds links that are made otherwise than by netlink by their kind, too', async () => {
    const { ns } = net
    await ip(ns, 'tuntap', 'add', 'tap0', 'mode', 'tap')
    expect((await ns.links.list({ kind: 'tun' })).map(({ name }) => name)).toEqual(['tap0'])
  })

  it('of the ports of 0 gives the links that are nobody’s ports', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    await ns.links.add({ kind: 'veth', name: 'a', master: 'br0', peer: { name: 'b' } })
    const found = await ns.links.list({ master: 0 })
    expect(found.map(({ name }) => name).sort()).toEqual(['b', 'br0', 'lo'])
  })

  it('says that the master does not exist', async () => {
    const { ns } = net
    await expect(ns.links.list({ master: 'br9' })).rejects.toMatchObject({ code: 'ENODEV' })
  })
})

describe('delete', () => {
  it('takes a name, an index or an altname', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x' })
    const { index } = await ns.links.add({ kind: 'ifb', name: 'y' })
    await ns.links.add({ kind: 'ifb', name: 'z', altnames: ['the-last-of-the-three-devices'] })
    await ns.links.delete('x')
    expect(await shownNames(ns)).toEqual(['y', 'z'])
    await ns.links.delete(index)
    expect(await shownNames(ns)).toEqual(['z'])
    await ns.links.delete({ altname: 'the-last-of-the-three-devices' })
    expect(await shownNames(ns)).toEqual([])
  })

  it.each<[LinkName]>([['nowhere'], [4711], [{ altname: 'no-such-name-in-this-namespace' }]])(
    'throws ENODEV if %p is not there, and with force is content',
    async (name) => {
      const { ns } = net
      const error: unknown = await ns.links.delete(name).catch((caught: unknown) => caught)
      expect(isNotFound(error)).toBe(true)
      expect(error).toMatchObject({ code: 'ENODEV', syscall: 'RTM_DELLINK', operation: 'links.delete' })
      await expect(ns.links.delete(name, { force: false })).rejects.toMatchObject({ code: 'ENODEV' })
      await expect(ns.links.delete(name, { force: true })).resolves.toBeUndefined()
    },
  )

  it('with force does not hide that a link cannot be deleted', async () => {
    const { ns } = net
    await expect(ns.links.delete('lo', { force: true })).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    expect((await shown(ns, 'lo')).ifindex).toBe(1)
  })
})

describe('flush', () => {
  it('deletes the links of a group, and no others', async () => {
    const { ns } = net
    for (let i = 0; i < 10; i++) await ns.links.add({ kind: 'ifb', name: `x${i}`, group: i % 2 === 0 ? 7 : 8 })
    await ns.links.flush({ group: 7 })
    expect(await shownNames(ns)).toEqual(['x1', 'x3', 'x5', 'x7', 'x9'])
    await ns.links.flush({ group: 8 })
    expect(await shownNames(ns)).toEqual([])
  })

  it('of a group without links is content', async () => {
    const { ns } = net
    await expect(ns.links.flush({ group: 9 })).resolves.toBeUndefined()
  })
})
