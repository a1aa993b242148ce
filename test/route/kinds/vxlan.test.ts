// vxlan: options set by add, read back, compared with what `ip` prints and sets; for IPv4 and IPv6.
import type { LinkOptionsOf } from '../../../lib/index'
import { useNetNs } from '../../../lib/testing'
import { ip, ownPrefix } from '../../support/namespaces'
import { itSince } from '../../support/needs'
import { ofKind, shown, shownData } from './support'

const net = useNetNs({ names: ['ns', 'other'], prefix: ownPrefix })

type Options = Omit<LinkOptionsOf<'vxlan'>, 'kind' | 'name'>
type Row = readonly [option: string, options: Options, seen: Record<string, unknown>, args: string[]]

const rows: readonly Row[] = [
  ['id', { id: 0xffffff }, { id: 0xffffff }, ['id', '16777215']],
  ['remote', { id: 1, remote: '192.0.2.1' }, { remote: '192.0.2.1' }, ['id', '1', 'remote', '192.0.2.1']],
  ['remote6', { id: 1, remote6: '2001:db8::1' }, { remote6: '2001:db8::1' }, ['id', '1', 'remote', '2001:db8::1']],
  ['local', { id: 1, local: '192.0.2.9' }, { local: '192.0.2.9' }, ['id', '1', 'local', '192.0.2.9']],
  ['local6', { id: 1, local6: '2001:db8::9' }, { local6: '2001:db8::9' }, ['id', '1', 'local', '2001:db8::9']],
  ['ttl', { id: 1, ttl: 64 }, { ttl: 64 }, ['id', '1', 'ttl', '64']],
  ['ttlInherit', { id: 1, ttlInherit: true }, {}, ['id', '1', 'ttl', 'inherit']],
  ['tos', { id: 1, tos: 0x10 }, { tos: '0x10' }, ['id', '1', 'tos', '0x10']],
  ['learning', { id: 1, learning: false }, { learning: false }, ['id', '1', 'nolearning']],
  ['ageingSeconds', { id: 1, ageingSeconds: 77 }, { ageing: 77 }, ['id', '1', 'ageing', '77']],
  ['limit', { id: 1, limit: 99 }, { limit: 99 }, ['id', '1', 'maxaddress', '99']],
  [
    'srcPortRange',
    { id: 1, srcPortRange: { low: 40_000, high: 50_000 } },
    { port_range: { low: 40_000, high: 50_000 } },
    ['id', '1', 'srcport', '40000', '50000'],
  ],
  ['proxy', { id: 1, proxy: true }, { proxy: true }, ['id', '1', 'proxy']],
  ['rsc', { id: 1, rsc: true }, { rsc: true }, ['id', '1', 'rsc']],
  ['l2miss', { id: 1, l2miss: true }, { l2miss: true }, ['id', '1', 'l2miss']],
  ['l3miss', { id: 1, l3miss: true }, { l3miss: true }, ['id', '1', 'l3miss']],
  ['dstPort', { id: 1, dstPort: 4789 }, { port: 4789 }, ['id', '1', 'dstport', '4789']],
  ['udpCsum', { id: 1, udpCsum: false }, { udp_csum: false }, ['id', '1', 'noudpcsum']],
  ['udpZeroCsum6Tx', { id: 1, udpZeroCsum6Tx: true }, { udp_zero_csum6_tx: true }, ['id', '1', 'udp6zerocsumtx']],
  ['udpZeroCsum6Rx', { id: 1, udpZeroCsum6Rx: true }, { udp_zero_csum6_rx: true }, ['id', '1', 'udp6zerocsumrx']],
  ['remcsumTx', { id: 1, remcsumTx: true }, { remcsum_tx: true }, ['id', '1', 'remcsumtx']],
  ['remcsumRx', { id: 1, remcsumRx: true }, { remcsum_rx: true }, ['id', '1', 'remcsumrx']],
  ['gbp', { id: 1, gbp: true }, { gbp: true }, ['id', '1', 'gbp']],
  [
    'collectMetadata',
    { collectMetadata: true, learning: false },
    { external: true, learning: false },
    ['external', 'nolearning'],
  ],
  [
    'gpe',
    { collectMetadata: true, learning: false, gpe: true },
    { external: true, gpe: true },
    ['external', 'nolearning', 'gpe'],
  ],
  ['vnifilter', { collectMetadata: true, vnifilter: true }, { vnifilter: true }, ['external', 'vnifilter']],
  [
    'flowLabel',
    { id: 1, remote6: '2001:db8::1', flowLabel: 0xabcde },
    { label: '0xabcde' },
    ['id', '1', 'remote', '2001:db8::1', 'flowlabel', '0xabcde'],
  ],
  ['df', { id: 1, df: 'inherit' }, { df: 'inherit' }, ['id', '1', 'df', 'inherit']],
]

// Those that this version of `ip` does not print, with the version of Linux that has them.
const onlyRead: readonly (readonly [option: string, since: string, options: Options])[] = [
  ['remcsumNopartial', '4.0', { id: 1, remcsumNopartial: true }],
  ['localbypass', '6.5', { id: 1, localbypass: false }],
  ['flowLabelPolicy', '6.7', { id: 1, remote6: '2001:db8::1', flowLabelPolicy: 'inherit' }],
  ['reservedBits', '6.14', { id: 1, reservedBits: 0x00ff_ffff_0000_00ffn }],
]

describe('an option of a vxlan', () => {
  it.each(rows)('%s: given to add, ip shows it and the result has it', async (_, options, seen) => {
    const { ns } = net
    expect(await ns.links.add({ kind: 'vxlan', name: 'vx', ...options })).toMatchObject(options)
    expect(await shownData(ns, 'vx')).toMatchObject(seen)
  })

  it.each(rows)('%s: set by ip, get and list have it', async (_, options, __, args) => {
    const { ns } = net
    const port = args.includes('dstport') ? [] : ['dstport', '0']
    await ip(ns, 'link', 'add', 'name', 'vx', 'type', 'vxlan', ...port, ...args)
    expect(await ns.links.get('vx')).toMatchObject(options)
    expect(await ns.links.list({ kind: 'vxlan' })).toMatchObject([options])
  })

  it.each(rows)('%s: left out, it is something else', async (option, options) => {
    const { ns } = net
    const link = await ns.links.add({ kind: 'vxlan', name: 'vx', id: 2 })
    expect(link).not.toMatchObject({ [option]: options[option as keyof Options] })
  })

  for (const [option, since, options] of onlyRead) {
    itSince(since)(`${option}: given to add, it is read back`, async () => {
      const { ns } = net
      const plain = await ns.links.add({ kind: 'vxlan', name: 'plain', id: 2 })
      expect(plain).not.toMatchObject({ [option]: options[option as keyof Options] })
      expect(await ns.links.add({ kind: 'vxlan', name: 'vx', ...options })).toMatchObject(options)
    })
  }

  itSince('6.17')('mcRoute: is taken by a kernel that has it', async () => {
    const { ns } = net
    const link = await ns.links.add({ kind: 'vxlan', name: 'vx', id: 1, mcRoute: true })
    expect(link.unknown).toBeUndefined()
    expect(await shownData(ns, 'vx')).toMatchObject({ id: 1 })
  })

  it('that the kernel can change later is changed, those left out stay', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'vxlan', name: 'vx', id: 1, remote: '192.0.2.1', ttl: 9, ageingSeconds: 100 })
    await ns.links.set('vx', {
      kind: 'vxlan',
      learning: false,
      ageingSeconds: 200,
      remote: '192.0.2.2',
      local: '192.0.2.9',
    })
    expect(await shownData(ns, 'vx')).toMatchObject({
      id: 1,
      ttl: 9,
      learning: false,
      ageing: 200,
      remote: '192.0.2.2',
      local: '192.0.2.9',
    })
  })

  it('that the kernel refuses gives its words and the attribute, and no vxlan is made', async () => {
    const { ns } = net
    await expect(ns.links.add({ kind: 'vxlan', name: 'vx', id: 1, df: 7 })).rejects.toMatchObject({
      code: 'EINVAL',
      attribute: 'linkinfo.data.df',
      kernelMessage: expect.any(String) as string,
    })
    expect(await ns.links.find('vx')).toBeUndefined()
  })

  it('that cannot be changed later is refused in the words of the kernel', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'vxlan', name: 'vx', id: 1 })
    await expect(ns.links.set('vx', { kind: 'vxlan', id: 2 })).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
      kernelMessage: expect.any(String) as string,
    })
    expect(await shownData(ns, 'vx')).toMatchObject({ id: 1 })
  })
})

describe('a vxlan', () => {
  it.each([
    ['remote', { remote: '239.1.1.1' }, { group: '239.1.1.1' }],
    ['remote6', { remote6: 'ff05::42' }, { group6: 'ff05::42' }],
  ] as const)('with a multicast group as %s goes over the device that is named', async (_, options, seen) => {
    const { ns } = net
    await ns.links.add({ kind: 'veth', name: 'va', up: true, peer: { name: 'vb', up: true } })
    const { index } = await ns.links.get('va')
    const link = await ns.links.add({ kind: 'vxlan', name: 'vx', id: 7, underlay: 'va', ...options, up: true })
    expect(link).toMatchObject({ underlay: index, ...options })
    expect(await shownData(ns, 'vx')).toMatchObject({ ...seen, link: 'va' })
    expect((await shown(ns, 'vx')).flags).toContain('UP')
    const second = await ns.links.add({ kind: 'vxlan', name: 'vy', id: 8, underlay: index, ...options })
    expect(second).toMatchObject({ underlay: index })
  })

  it('with a group but no device is refused, and nothing is made', async () => {
    const { ns } = net
    const add = ns.links.add({ kind: 'vxlan', name: 'vx', id: 7, remote: '239.1.1.1' })
    await expect(add).rejects.toMatchObject({ code: 'EINVAL', kernelMessage: expect.any(String) as string })
    expect(await ns.links.find('vx')).toBeUndefined()
  })

  it('without an id is refused by the kernel, in its words', async () => {
    const { ns } = net
    const add = ns.links.add({ kind: 'vxlan', name: 'vx' })
    await expect(add).rejects.toMatchObject({ syscall: 'RTM_NEWLINK', kernelMessage: expect.any(String) as string })
    expect(await ns.links.find('vx')).toBeUndefined()
  })

  it('of one id and port is there only once: EEXIST', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'vxlan', name: 'vx', id: 7 })
    const again = ns.links.add({ kind: 'vxlan', name: 'vy', id: 7 })
    await expect(again).rejects.toMatchObject({ code: 'EEXIST', kernelMessage: expect.any(String) as string })
  })

  it('is born in another namespace, its tunnel staying in this one', async () => {
    const { ns, other } = net
    await ns.links.add({ kind: 'veth', name: 'va', peer: { name: 'vb' } })
    const { index } = await ns.links.get('va')
    await ns.links.add({ kind: 'vxlan', name: 'vx', id: 7, underlay: 'va', netns: other, up: true })
    const link = ofKind(await other.links.get('vx'), 'vxlan')
    expect(link).toMatchObject({ underlay: index, id: 7, up: true })
    expect(await shown(other, 'vx')).toMatchObject({ link_netnsid: await other.id(ns) })
  })
})
