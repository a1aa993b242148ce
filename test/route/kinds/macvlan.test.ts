// macvlan and macvtap: modes, flags, source addresses, and lower devices in another namespace.
import type { LinkOptionsOf, NetNs } from '../../../lib/index'
import { fresh, ip } from '../../support/namespaces'
import { itSince } from '../../support/needs'
import { ofKind, shown, shownData, shownNames } from './support'

type Mode = NonNullable<LinkOptionsOf<'macvlan'>['mode']>

const modes: readonly Mode[] = ['private', 'vepa', 'bridge', 'passthru', 'source']

async function withLower(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.add({ kind: 'veth', name: 'lower', mac: '02:00:00:00:00:01', peer: { name: 'other' } })
  return ns
}

describe.each(['macvlan', 'macvtap'] as const)('a %s', (kind) => {
  it.each(modes)('is made in mode %s, as ip shows', async (mode) => {
    await using ns = await withLower()
    const link = ofKind(await ns.links.add({ kind, name: 'm0', link: 'lower', mode }), kind)
    expect(link.mode).toBe(mode)
    expect(link.link).toEqual({ index: (await ns.links.get('lower')).index })
    expect(await shown(ns, 'm0')).toMatchObject({ link: 'lower', linkinfo: { info_kind: kind, info_data: { mode } } })
  })

  it.each(modes)('that ip made in mode %s is listed so', async (mode) => {
    await using ns = await withLower()
    await ip(ns, 'link', 'add', 'link', 'lower', 'name', 'm0', 'type', kind, 'mode', String(mode))
    expect(await ns.links.list({ kind })).toMatchObject([{ name: 'm0', kind, mode }])
  })

  it('takes its lower device by index, and settings of all kinds', async () => {
    await using ns = await withLower()
    const { index } = await ns.links.get('lower')
    const link = await ns.links.add({
      kind,
      name: 'm0',
      link: index,
      mode: 'bridge',
      mac: '02:00:00:00:00:02',
      mtu: 1400,
      up: true,
      alias: 'on top',
      altnames: ['upper'],
    })
    expect(link).toMatchObject({ mac: '02:00:00:00:00:02', mtu: 1400, up: true, alias: 'on top', altnames: ['upper'] })
    const device = await shown(ns, 'm0')
    expect(device).toMatchObject({ address: '02:00:00:00:00:02', mtu: 1400, ifalias: 'on top', altnames: ['upper'] })
    expect(device.flags).toContain('UP')
  })

  it('changes its mode', async () => {
    await using ns = await withLower()
    await ns.links.add({ kind, name: 'm0', link: 'lower', mode: 'bridge' })
    await ns.links.set('m0', { kind, mode: 'private' })
    expect(await shownData(ns, 'm0')).toMatchObject({ mode: 'private' })
  })

  it('has flags', async () => {
    await using ns = await withLower()
    const link = await ns.links.add({
      kind,
      name: 'm0',
      link: 'lower',
      mode: 'passthru',
      macvlanFlags: ['nopromisc'],
    })
    expect(ofKind(link, kind).macvlanFlags).toEqual(['nopromisc'])
    await ip(ns, 'link', 'add', 'link', 'other', 'name', 'm1', 'type', kind, 'mode', 'passthru', 'nopromisc')
    expect(ofKind(await ns.links.get('m1'), kind).macvlanFlags).toEqual(['nopromisc'])
    await ns.links.delete('m1')
    await ip(ns, 'link', 'add', 'link', 'other', 'name', 'm1', 'type', kind, 'mode', 'passthru')
    expect(ofKind(await ns.links.get('m1'), kind).macvlanFlags).toEqual([])
  })

  it('in mode source has a list of addresses, which is set, added to, taken from and flushed', async () => {
    await using ns = await withLower()
    const [first, second, third] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'] as const
    const link = await ns.links.add({
      kind,
      name: 'm0',
      link: 'lower',
      mode: 'source',
      macaddrMode: 'set',
      macaddrs: [first, second],
    })
    const macs = async (): Promise<unknown> => {
      const found = ofKind(await ns.links.get('m0'), kind)
      const seen = await shownData(ns, 'm0')
      expect(found.macaddrCount).toBe(seen.macaddr_count)
      expect([...(found.macaddrs ?? [])].sort()).toEqual(((seen.macaddr_data ?? []) as string[]).sort())
      return [...(found.macaddrs ?? [])].sort()
    }
    expect(ofKind(link, kind).macaddrCount).toBe(2)
    expect(await macs()).toEqual([first, second])
    await ns.links.set('m0', { kind, macaddrMode: 'add', macaddr: third })
    expect(await macs()).toEqual([first, second, third])
    await ns.links.set('m0', { kind, macaddrMode: 'delete', macaddr: first })
    expect(await macs()).toEqual([second, third])
    await ip(ns, 'link', 'set', 'dev', 'm0', 'type', kind, 'macaddr', 'add', first)
    expect(await macs()).toEqual([first, second, third])
    await ns.links.set('m0', { kind, macaddrMode: 'flush' })
    expect(await macs()).toEqual([])
  })

  it('has a queue for broadcasts of the length that it asks for', async () => {
    await using ns = await withLower()
    const link = await ns.links.add({ kind, name: 'm0', link: 'lower', bcQueueLen: 2000 })
    expect(link).toMatchObject({ bcQueueLen: 2000, bcQueueLenUsed: 2000 })
    expect(await shownData(ns, 'm0')).toMatchObject({ bcqueuelen: 2000, usedbcqueuelen: 2000 })
    await ip(ns, 'link', 'set', 'dev', 'm0', 'type', kind, 'bcqueuelen', '3000')
    expect(await ns.links.get('m0')).toMatchObject({ bcQueueLen: 3000 })
  })

  itSince('6.4')('takes a cutoff for broadcasts', async () => {
    await using ns = await withLower()
    const link = await ns.links.add({ kind, name: 'm0', link: 'lower', mode: 'bridge', bcCutoff: 5 })
    expect(link).toMatchObject({ bcCutoff: 5 })
    await ns.links.set('m0', { kind, bcCutoff: -1 })
    expect(await ns.links.get('m0')).toMatchObject({ bcCutoff: -1 })
  })

  it('is born in another namespace, on a lower device of this one', async () => {
    await using ns = await withLower()
    await using other = await fresh()
    await other.links.add({ kind: 'bridge', name: 'br0' })
    const { index } = await ns.links.get('lower')
    const link = await ns.links.add({
      kind,
      name: 'eth0',
      link: 'lower',
      netns: other,
      mode: 'bridge',
      mac: '02:00:00:00:00:02',
      alias: 'far from home',
      altnames: ['uplink'],
      addrGenMode: 'none',
      // The kernel lets no macvtap into a bridge.
      ...(kind === 'macvlan' ? { master: 'br0' } : {}),
      up: true,
    })
    expect(link.link).toEqual({ index, netnsId: await other.id(ns) })
    expect(await shownNames(ns)).toEqual(expect.not.arrayContaining(['eth0']))
    const device = await shown(other, 'eth0')
    expect(device).toMatchObject({
      ifindex: link.index,
      address: '02:00:00:00:00:02',
      ifalias: 'far from home',
      altnames: ['uplink'],
      inet6_addr_gen_mode: 'none',
      link_index: index,
    })
    expect(device.master).toBe(kind === 'macvlan' ? 'br0' : undefined)
    expect(device.flags).toContain('UP')
  })

  it('needs a lower device that exists', async () => {
    await using ns = await withLower()
    const add = ns.links.add({ kind, name: 'm0', link: 'nowhere' })
    await expect(add).rejects.toMatchObject({ code: 'ENODEV', message: expect.stringContaining('nowhere') as string })
  })

  it('goes with its lower device', async () => {
    await using ns = await withLower()
    await ns.links.add({ kind, name: 'm0', link: 'lower' })
    await ns.links.delete('lower')
    expect(await shownNames(ns)).toEqual([])
  })
})
