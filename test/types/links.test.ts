// The types of links: what narrows, what is needed, and what does not compile. `npm run types` checks this file; run, it
// only shows that the shapes which compile are those that the kernel gives.
import { expectTypeOf } from 'expect-type'
import type {
  KnownLink,
  Link,
  LinkChanges,
  LinkCommon,
  LinkKindName,
  LinkName,
  LinkOptions,
  LinkOptionsOf,
  LinkPort,
  LinkPortSettings,
  LinkReference,
  Links,
  LinkStatistics,
  NetNs,
  OtherLink,
  PeerOptions,
  PlainLink,
  VethLink,
} from '../../lib/index'
import { fresh } from '../support/namespaces'

declare const links: Links
declare const link: Link
declare const red: NetNs

/** Compiled, never run. */
function compiles(_check: () => unknown): void {
  expect(typeof _check).toBe('function')
}

describe('a link', () => {
  it('is told apart by its kind', () => {
    expectTypeOf<Link['kind']>().toEqualTypeOf<LinkKindName | 'none' | 'other'>()
    expectTypeOf<LinkKindName>().toEqualTypeOf<
      | 'bridge'
      | 'veth'
      | 'vlan'
      | 'vxlan'
      | 'macvlan'
      | 'macvtap'
      | 'dummy'
      | 'ifb'
      | 'vrf'
      | 'tun'
      | 'netkit'
      | 'vxcan'
      | 'geneve'
      | 'gre'
      | 'gretap'
      | 'ip6gre'
      | 'ip6gretap'
      | 'erspan'
      | 'ip6erspan'
      | 'ipip'
      | 'sit'
      | 'ip6tnl'
      | 'vti'
      | 'vti6'
      | 'xfrm'
      | 'ipvlan'
      | 'ipvtap'
      | 'nlmon'
      | 'vcan'
      | 'wireguard'
      | 'team'
      | 'bond'
    >()
    expectTypeOf<Link>().toEqualTypeOf<KnownLink | VethLink | PlainLink | OtherLink>()
  })

  it('narrows on its kind', () => {
    compiles(() => {
      if (link.kind === 'bridge') {
        expectTypeOf(link.stpState).toEqualTypeOf<boolean | undefined>()
        expectTypeOf(link.bridgeId).toEqualTypeOf<string | undefined>()
        expectTypeOf(link.forwardDelaySeconds).toEqualTypeOf<number | undefined>()
      }
      if (link.kind === 'veth') expectTypeOf(link).toEqualTypeOf<VethLink>()
      if (link.kind === 'veth') expectTypeOf(link.peer).toEqualTypeOf<LinkReference | undefined>()
      if (link.kind === 'vlan') expectTypeOf(link.id).toEqualTypeOf<number | undefined>()
      if (link.kind === 'vxlan') expectTypeOf(link.reservedBits).toEqualTypeOf<bigint | undefined>()
      if (link.kind === 'macvlan') expectTypeOf(link.macaddrs).toEqualTypeOf<readonly string[] | undefined>()
      if (link.kind === 'vrf') expectTypeOf(link.table).toEqualTypeOf<number | undefined>()
      if (link.kind === 'other') expectTypeOf(link).toEqualTypeOf<OtherLink>()
      if (link.kind === 'other') expectTypeOf(link.infoKind).toEqualTypeOf<string>()
      if (link.kind === 'none') expectTypeOf(link).toEqualTypeOf<PlainLink>()
    })
  })

  it('has the options of no kind before it is narrowed', () => {
    compiles(() => {
      const absent: unknown[] = []
      // @ts-expect-error stpState is stpState is a bridge's
      absent.push(link.stpState)
      // @ts-expect-error peer is a veth's
      absent.push(link.peer)
      // @ts-expect-error infoKind is of kinds without a name here
      absent.push(link.infoKind)
      return absent
    })
  })

  it('has the options of no other kind after it', () => {
    compiles(() => {
      const absent: unknown[] = []
      // @ts-expect-error peer is a veth's
      if (link.kind === 'bridge') absent.push(link.peer)
      // @ts-expect-error id is a vlan's or a vxlan's
      if (link.kind === 'veth') absent.push(link.id)
      return absent
    })
  })

  it('leaves nothing when all kinds are dealt with', () => {
    compiles(() => {
      switch (link.kind) {
        case 'bridge':
        case 'veth':
        case 'vlan':
        case 'vxlan':
        case 'macvlan':
        case 'macvtap':
        case 'dummy':
        case 'ifb':
        case 'vrf':
        case 'tun':
        case 'netkit':
        case 'vxcan':
        case 'geneve':
        case 'gre':
        case 'gretap':
        case 'ip6gre':
        case 'ip6gretap':
        case 'erspan':
        case 'ip6erspan':
        case 'ipip':
        case 'sit':
        case 'ip6tnl':
        case 'vti':
        case 'vti6':
        case 'xfrm':
        case 'ipvlan':
        case 'ipvtap':
        case 'nlmon':
        case 'vcan':
        case 'wireguard':
        case 'team':
        case 'bond':
        case 'none':
        case 'other':
          return
        default:
          expectTypeOf(link).toEqualTypeOf<never>()
      }
    })
  })

  it('has what links of all kinds have', () => {
    expectTypeOf<Link>().toExtend<LinkCommon>()
    expectTypeOf<Link['index']>().toEqualTypeOf<number>()
    expectTypeOf<Link['name']>().toEqualTypeOf<string>()
    expectTypeOf<Link['up']>().toEqualTypeOf<boolean>()
    expectTypeOf<Link['mtu']>().toEqualTypeOf<number>()
    expectTypeOf<Link['master']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Link['link']>().toEqualTypeOf<LinkReference | undefined>()
    expectTypeOf<Link['altnames']>().toEqualTypeOf<readonly string[] | undefined>()
    expectTypeOf<LinkStatistics['rxBytes']>().toEqualTypeOf<bigint | undefined>()
  })

  it('has a port that narrows on the kind of its master', () => {
    compiles(() => {
      const port: LinkPort | undefined = link.port
      if (port?.kind === 'bridge') expectTypeOf(port.hairpin).toEqualTypeOf<boolean | undefined>()
      if (port?.kind === 'bridge') expectTypeOf(port.portNo).toEqualTypeOf<number | undefined>()
      if (port?.kind === 'vrf') expectTypeOf(port.table).toEqualTypeOf<number | undefined>()
      if (port?.kind === 'other') expectTypeOf(port.infoKind).toEqualTypeOf<string>()
    })
  })

  it('of the kernel has the shape that its type says', async () => {
    await using ns = await fresh()
    const added: Link = await ns.links.add({ kind: 'veth', name: 'a', peer: { name: 'b' } })
    if (added.kind !== 'veth') throw new Error('a veth is a veth')
    expect(typeof added.peer?.index).toBe('number')
    const [lo] = await ns.links.list()
    expect(lo?.kind).toBe('none')
  })
})

describe('the methods', () => {
  it('give what they say', () => {
    compiles(() => {
      expectTypeOf(links.add({ kind: 'ifb', name: 'x' })).resolves.toEqualTypeOf<Link>()
      expectTypeOf(links.get('x')).resolves.toEqualTypeOf<Link>()
      expectTypeOf(links.find('x')).resolves.toEqualTypeOf<Link | undefined>()
      expectTypeOf(links.list()).resolves.toEqualTypeOf<Link[]>()
      expectTypeOf(links.set('x', {})).resolves.toBeVoid()
      expectTypeOf(links.set('x', { netns: red })).resolves.toEqualTypeOf<Link>()
      expectTypeOf(links.delete('x')).resolves.toBeVoid()
    })
  })

  it('take a name, an index or an altname', () => {
    expectTypeOf<LinkName>().toEqualTypeOf<string | number | { readonly altname: string }>()
    compiles(() => {
      void links.get({ altname: 'a-long-name' })
      void links.set({ altname: 'a-long-name' }, {})
      // @ts-expect-error an altname is a string
      void links.get({ altname: 5 })
      // @ts-expect-error flush needs a group
      void links.flush({})
      // @ts-expect-error there is no such filter
      void links.list({ knd: 'veth' })
      // @ts-expect-error force is a boolean
      void links.delete('x', { force: 1 })
    })
  })
})

describe('the options of add', () => {
  it('that are needed have to be there', () => {
    compiles(() => {
      const accepted: LinkOptions[] = [
        { kind: 'bridge', name: 'x' },
        { kind: 'dummy', name: 'x' },
        { kind: 'ifb', name: 'x' },
        { kind: 'veth', name: 'x', peer: { name: 'y' } },
        { kind: 'veth', name: 'x', peer: { name: 'y', netns: red, up: true, master: 'br0', port: { hairpin: true } } },
        { kind: 'vlan', name: 'x', link: 'eth0', id: 5 },
        { kind: 'vxlan', name: 'x', id: 5 },
        { kind: 'vxlan', name: 'x', collectMetadata: true },
        { kind: 'macvlan', name: 'x', link: 2, netns: red },
        { kind: 'macvtap', name: 'x', link: 'eth0' },
        { kind: 'vrf', name: 'x', table: 5 },
        { kind: 'other', infoKind: 'wireguard', name: 'x' },
        { kind: 'other', infoKind: 'ipvlan', name: 'x', link: 'eth0', data: new Uint8Array(4) },
      ]
      return accepted
    })
    compiles(() => {
      // @ts-expect-error it has no name
      void links.add({ kind: 'bridge' })
      // @ts-expect-error it has no kind
      void links.add({ name: 'x' })
      // @ts-expect-error a veth has a peer
      void links.add({ kind: 'veth', name: 'x' })
      // @ts-expect-error a peer has a name
      void links.add({ kind: 'veth', name: 'x', peer: { up: true } })
      // @ts-expect-error a vlan has a lower device
      void links.add({ kind: 'vlan', name: 'x', id: 5 })
      // @ts-expect-error a vlan has an id
      void links.add({ kind: 'vlan', name: 'x', link: 'eth0' })
      // @ts-expect-error a macvlan has a lower device
      void links.add({ kind: 'macvlan', name: 'x' })
      // @ts-expect-error so has a macvtap
      void links.add({ kind: 'macvtap', name: 'x' })
      // @ts-expect-error a vrf has a table
      void links.add({ kind: 'vrf', name: 'x' })
      // @ts-expect-error other needs the kernel's name
      void links.add({ kind: 'other', name: 'x' })
      // @ts-expect-error undefined is not there
      void links.add({ kind: 'vlan', name: 'x', link: 'eth0', id: undefined })
    })
  })

  it('that do not exist or are of another kind are refused', () => {
    compiles(() => {
      // @ts-expect-error there is no such kind
      void links.add({ kind: 'brigde', name: 'x' })
      // @ts-expect-error none is only listed
      void links.add({ kind: 'none', name: 'x' })
      // @ts-expect-error a typo of mtu
      void links.add({ kind: 'ifb', name: 'x', mtuu: 1400 })
      // @ts-expect-error stpState is a bridge's
      void links.add({ kind: 'ifb', name: 'x', stpState: true })
      // @ts-expect-error peer is a veth's
      void links.add({ kind: 'bridge', name: 'x', peer: { name: 'y' } })
      // @ts-expect-error a typo at the far end
      void links.add({ kind: 'veth', name: 'x', peer: { name: 'y', adress: '02:00:00:00:00:01' } })
      // @ts-expect-error the far end has no kind
      void links.add({ kind: 'veth', name: 'x', peer: { name: 'y', kind: 'veth' } })
      // @ts-expect-error a typo in a port
      void links.add({ kind: 'ifb', name: 'x', port: { hairpn: true } })
      // @ts-expect-error attributes have names
      void links.add({ kind: 'bridge', name: 'x', unknown: [] })
    })
  })

  it('that are of a wrong type are refused', () => {
    compiles(() => {
      // @ts-expect-error an MTU is a number
      void links.add({ kind: 'ifb', name: 'x', mtu: '1400' })
      // @ts-expect-error up is a boolean
      void links.add({ kind: 'ifb', name: 'x', up: 1 })
      // @ts-expect-error a name is a string
      void links.add({ kind: 'ifb', name: 5 })
      // @ts-expect-error an index is a number
      void links.add({ kind: 'ifb', name: 'x', index: 'eth0' })
      // @ts-expect-error null is not undefined
      void links.add({ kind: 'ifb', name: 'x', master: null })
      // @ts-expect-error a NetNs, not its name
      void links.add({ kind: 'ifb', name: 'x', netns: 'red' })
      // @ts-expect-error not one of the modes
      void links.add({ kind: 'macvlan', name: 'x', link: 'eth0', mode: 'Bridge' })
      // @ts-expect-error 64 bits are a bigint
      void links.add({ kind: 'vxlan', name: 'x', id: 1, reservedBits: 5 })
      // @ts-expect-error not one of the modes
      void links.add({ kind: 'ifb', name: 'x', addrGenMode: 'eui-64' })
    })
  })

  it('are never what the kernel only reports', () => {
    expectTypeOf<LinkOptionsOf<'bridge'>>().not.toHaveProperty('rootId')
    expectTypeOf<LinkOptionsOf<'bridge'>>().not.toHaveProperty('bridgeId')
    expectTypeOf<LinkOptionsOf<'bridge'>>().not.toHaveProperty('fdbNLearned')
    expectTypeOf<LinkOptionsOf<'bridge'>>().not.toHaveProperty('unknown')
    expectTypeOf<LinkOptionsOf<'bridge'>>().toHaveProperty('fdbMaxLearned')
    expectTypeOf<LinkOptionsOf<'macvlan'>>().not.toHaveProperty('macaddrCount')
    expectTypeOf<Extract<LinkPortSettings, { hairpin?: boolean | undefined }>>().not.toHaveProperty('portNo')
    compiles(() => {
      // @ts-expect-error only reported
      void links.add({ kind: 'bridge', name: 'x', bridgeId: '8000.020000000001' })
      // @ts-expect-error only reported
      void links.set('x', { kind: 'bridge', rootPort: 1 })
      // @ts-expect-error only reported
      void links.set('x', { port: { portNo: 1 } })
      // @ts-expect-error the table of a port is its master's
      void links.set('x', { port: { kind: 'vrf', table: 5 } })
      // @ts-expect-error only reported
      void links.add({ kind: 'ifb', name: 'x', carrierChanges: 1 })
    })
  })

  it('may be undefined, which means unset', () => {
    compiles(() => {
      void links.add({ kind: 'ifb', name: 'x', mtu: undefined, master: undefined, netns: undefined })
      void links.add({ kind: 'veth', name: 'x', peer: { name: 'y', netns: undefined, up: undefined } })
    })
    expectTypeOf<PeerOptions['master']>().toEqualTypeOf<string | number | undefined>()
  })
})

describe('the changes of set', () => {
  it('take the options of a kind together with the kind only', () => {
    compiles(() => {
      const accepted: LinkChanges[] = [
        {},
        { name: 'y', netns: red, mtu: 1400 },
        { kind: 'bridge', stpState: true, up: true },
        { kind: 'vxlan', learning: false },
        { kind: 'macvlan', mode: 'private' },
        { master: 0, port: { kind: 'bridge', cost: 5 } },
      ]
      return accepted
    })
    compiles(() => {
      // @ts-expect-error without the kind
      void links.set('x', { stpState: true })
      // @ts-expect-error another kind's
      void links.set('x', { kind: 'vxlan', stpState: true })
      // @ts-expect-error a veth has no options of its own
      void links.set('x', { kind: 'veth', peer: { name: 'y' } })
    })
  })

  it('do not take what only add takes', () => {
    compiles(() => {
      // @ts-expect-error an index is for life
      void links.set('x', { index: 5 })
      // @ts-expect-error so are queue counts
      void links.set('x', { numTxQueues: 5 })
      // @ts-expect-error addAltnames adds them
      void links.set('x', { altnames: ['y'] })
    })
  })
})
