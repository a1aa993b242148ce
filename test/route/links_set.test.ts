// links.set: renames, moves, and what belongs together in one call.
import { NetlinkError } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ipJson, ownPrefix } from '../support/namespaces'
import { ofKind, shown, shownData, shownNames } from './kinds/support'

const net = useNetNs({ names: ['ns', 'other'], prefix: ownPrefix })

describe('set with a name', () => {
  it('renames a link, which keeps its index', async () => {
    const { ns } = net
    const { index } = await ns.links.add({ kind: 'ifb', name: 'x' })
    await ns.links.set('x', { name: 'y' })
    expect(await shownNames(ns)).toEqual(['y'])
    expect((await shown(ns, 'y')).ifindex).toBe(index)
    await ns.links.set(index, { name: 'z' })
    expect(await shownNames(ns)).toEqual(['z'])
  })

  it('renames and changes other things with it, also those that take a message of their own', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    await ns.links.set('x', {
      name: 'y',
      mtu: 1300,
      alias: 'renamed',
      master: 'br0',
      port: { hairpin: true },
      addrGenMode: 'none',
      up: true,
    })
    const device = await shown(ns, 'y')
    expect(device).toMatchObject({ mtu: 1300, ifalias: 'renamed', master: 'br0', inet6_addr_gen_mode: 'none' })
    expect(device.linkinfo?.info_slave_data).toMatchObject({ hairpin: true })
    expect(device.flags).toContain('UP')
  })

  it('renames a link that is up', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x', up: true })
    await ns.links.set('x', { name: 'y' })
    expect((await shown(ns, 'y')).flags).toContain('UP')
  })

  it('that is taken gives EEXIST, and both links stay as they are', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x' })
    await ns.links.add({ kind: 'ifb', name: 'y' })
    const before = await ipJson(ns, 'link')
    await expect(ns.links.set('x', { name: 'y' })).rejects.toMatchObject({ code: 'EEXIST', operation: 'links.set' })
    expect(await ipJson(ns, 'link')).toEqual(before)
  })
})

describe('set with a namespace', () => {
  it('moves a link', async () => {
    const { ns, other } = net
    await ns.links.add({ kind: 'veth', name: 'x', mac: '02:00:00:00:00:07', peer: { name: 'p' } })
    await ns.links.set('x', { netns: other })
    expect(await shownNames(ns)).toEqual(['p'])
    expect(await shown(other, 'x')).toMatchObject({ address: '02:00:00:00:00:07' })
  })

  it('moves by index', async () => {
    const { ns, other } = net
    const { index } = await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    await ns.links.set(index, { netns: other })
    expect(await shownNames(other)).toEqual(['x'])
  })

  it('moves, renames and changes settings in one call', async () => {
    const { ns, other } = net
    await other.links.add({ kind: 'bridge', name: 'br0' })
    const { index } = await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    await ns.links.set(index, {
      netns: other,
      name: 'eth0',
      mtu: 1300,
      alias: 'moved',
      mac: '02:00:00:00:00:08',
      master: 'br0',
      port: { isolated: true },
      addrGenMode: 'none',
      up: true,
    })
    const device = await shown(other, 'eth0')
    expect(device).toMatchObject({
      mtu: 1300,
      ifalias: 'moved',
      address: '02:00:00:00:00:08',
      master: 'br0',
      inet6_addr_gen_mode: 'none',
    })
    expect(device.linkinfo?.info_slave_data).toMatchObject({ isolated: true })
    expect(device.flags).toContain('UP')
    expect(await shownNames(ns)).toEqual(['p'])
  })

  it('takes a name that would be in the way, if it renames', async () => {
    const { ns, other } = net
    await other.links.add({ kind: 'ifb', name: 'x' })
    await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    await ns.links.set('x', { netns: other, name: 'y' })
    expect((await shownNames(other)).sort()).toEqual(['x', 'y'])
  })

  it('refuses a move to where the name is taken with EEXIST, and the link stays', async () => {
    const { ns, other } = net
    await other.links.add({ kind: 'ifb', name: 'x' })
    await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    await expect(ns.links.set('x', { netns: other, up: true })).rejects.toMatchObject({ code: 'EEXIST' })
    expect((await shownNames(ns)).sort()).toEqual(['p', 'x'])
    expect((await shown(other, 'x')).flags).not.toContain('UP')
  })

  it('refuses to move what must stay, in the words of the kernel', async () => {
    const { ns, other } = net
    const moved = ns.links.set('lo', { netns: other })
    await expect(moved).rejects.toBeInstanceOf(NetlinkError)
    await expect(moved).rejects.toMatchObject({ code: 'EINVAL', kernelMessage: expect.any(String) as string })
  })
})

describe('set of things that depend on each other', () => {
  it('makes a port and sets it up in one call', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
    await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    await ns.links.set('x', { master: 'br0', port: { learning: false, cost: 7 }, up: true })
    const device = await shown(ns, 'x')
    expect(device.master).toBe('br0')
    expect(device.linkinfo?.info_slave_data).toMatchObject({ learning: false, cost: 7 })
    expect(device.flags).toContain('UP')
  })

  it('moves a port from one bridge to another', async () => {
    const { ns } = net
    for (const name of ['br0', 'br1']) await ns.links.add({ kind: 'bridge', name })
    await ns.links.add({ kind: 'veth', name: 'x', master: 'br0', port: { cost: 7 }, peer: { name: 'p' } })
    await ns.links.set('x', { master: 'br1', port: { cost: 8 } })
    const device = await shown(ns, 'x')
    expect(device.master).toBe('br1')
    expect(device.linkinfo?.info_slave_data).toMatchObject({ cost: 8 })
  })

  it('changes options of a kind and settings of all kinds', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    await ns.links.set('br0', { kind: 'bridge', stpState: true, priority: 4096, mtu: 1280, up: true })
    expect(await shownData(ns, 'br0')).toMatchObject({ stp_state: 1, priority: 4096 })
    expect(await shown(ns, 'br0')).toMatchObject({ mtu: 1280 })
    expect(ofKind(await ns.links.get('br0'), 'bridge')).toMatchObject({ stpState: true, up: true })
  })

  it('refuses options of another kind than the link has', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x' })
    const before = await ipJson(ns, 'link')
    await expect(ns.links.set('x', { kind: 'bridge', stpState: true })).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
    expect(await ipJson(ns, 'link')).toEqual(before)
  })

  it('stops at the first message that fails, and says which link it was', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } })
    const set = ns.links.set('x', { port: { hairpin: true }, up: true })
    await expect(set).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
      message: expect.stringContaining('link x') as string,
    })
    expect((await shown(ns, 'x')).flags).not.toContain('UP')
  })
})

describe('set of nothing', () => {
  it('is content if the link is there', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x' })
    const before = await ipJson(ns, 'link')
    await ns.links.set('x', {})
    await ns.links.set('x', { kind: 'ifb' })
    expect(await ipJson(ns, 'link')).toEqual(before)
  })

  it.each([['nowhere'], [4711]])('gives ENODEV if %p is not there', async (dev) => {
    const { ns } = net
    await expect(ns.links.set(dev, {})).rejects.toMatchObject({ code: 'ENODEV', operation: 'links.set' })
    await expect(ns.links.set(dev, { mtu: 1400 })).rejects.toMatchObject({ code: 'ENODEV', netns: ns.name })
  })
})

describe('altnames', () => {
  it('that are added and deleted, ip shows and no longer shows', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x', altnames: ['first'] })
    await ns.links.addAltnames('x', ['second', 'a-third-name-of-more-than-15-bytes'])
    expect((await shown(ns, 'x')).altnames).toEqual(['first', 'second', 'a-third-name-of-more-than-15-bytes'])
    await ns.links.deleteAltnames({ altname: 'second' }, ['first', 'second'])
    expect((await shown(ns, 'x')).altnames).toEqual(['a-third-name-of-more-than-15-bytes'])
  })

  it('that ip gives are listed, and find the link', async () => {
    const { ns } = net
    const { index } = await ns.links.add({ kind: 'ifb', name: 'x' })
    await ip(ns, 'link', 'property', 'add', 'dev', 'x', 'altname', 'second')
    expect((await ns.links.get('x')).altnames).toEqual(['second'])
    expect((await ns.links.get({ altname: 'second' })).index).toBe(index)
  })

  it('that are taken give EEXIST', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x', altnames: ['second'] })
    await ns.links.add({ kind: 'ifb', name: 'y' })
    await expect(ns.links.addAltnames('y', ['second'])).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(ns.links.addAltnames('y', ['x'])).rejects.toMatchObject({ code: 'EEXIST' })
  })
})
