// Every default that the schemas of link kinds document is what the kernel takes for an option that is left out.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Link, LinkOptions } from '../../../lib/index'
import { useNetNs } from '../../../lib/testing'
import { ownPrefix } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'

const net = useNetNs({ prefix: ownPrefix })

type Values = Readonly<Record<string, unknown>>

interface Documented {
  readonly option: string
  readonly words: string
  readonly since: string | undefined
}

const sourceOf = (file: string): string => readFileSync(join(__dirname, '../../../lib/route/kinds', file), 'utf8')

/** The defaults that a file of the library documents, in its doc comments. */
function documentedIn(file: string): Documented[] {
  const source = sourceOf(file)
  const found: Documented[] = []
  for (const [, comment = '', option = ''] of source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*(\w+): \[/g)) {
    const text = comment.replace(/\s*\n\s*\*?\s*/g, ' ').trim()
    const [, words] = /Default: (.*?)\.?(?: Since .*| What .*| Most .*)?$/.exec(text) ?? []
    const since = /Since Linux ([\d.]+\d)/.exec(text)?.[1]
    if (words !== undefined) found.push({ option, words, since })
  }
  return found
}

/** What words that are no value mean, and what the kernel leaves out. */
const meant: Readonly<Record<string, unknown>> = {
  "by the device's speed": 100, // of a device that tells no speed
  'as the route says': 0, // the index of no device
  '`net.ipv4.ip_local_port_range`': { low: 0, high: 0 },
  '8472, or 4790 with `gpe`; the one that IANA assigned is 4789': 8472,
  'all that are not in use': 0xf7ffffff000000ffn,
  none: [],
  'true, or false where no option is given at all': true,
  'none but what the kernel finds out': ['capPerPacket'], // of a tunnel without addresses
  '2002::, 6to4': '2002::',
  '1, which is not reported': undefined,
  '0 for all': undefined,
}

function valueOf(words: string): unknown {
  if (words in meant) return meant[words]
  const bare = words.replace(/`/g, '')
  if (bare === 'true' || bare === 'false') return bare === 'true'
  return /^\d+(\.\d+)?$/.test(bare) ? Number(bare) : bare
}

function readFrom(link: Values, option: string): unknown {
  const { boolOptions, vlanFlags } = link as { boolOptions?: Values; vlanFlags?: Values }
  for (const place of [link, boolOptions, vlanFlags]) {
    if (place !== undefined && option in place) return place[option]
  }
  return undefined
}

/** What a kernel of some age or build does not tell. */
const mayBeUntold = (option: string, since: string | undefined): boolean =>
  since !== undefined || option.startsWith('vlan') || ['mstEnable', 'bridgeBinding'].includes(option)

function check(link: Values, { option, words, since }: Documented): void {
  const found = readFrom(link, option)
  if (found === undefined && mayBeUntold(option, since)) return
  // A flag that is off is not told, nor is zero where it means nothing.
  const wanted = valueOf(words)
  if (found === undefined && (wanted === false || wanted === 0)) return
  // The kernel rounds times to its clock.
  if (typeof wanted === 'number' && !Number.isInteger(wanted)) expect(found).toBeCloseTo(wanted, 1)
  else expect({ [option]: found }).toEqual({ [option]: wanted })
}

const base: Readonly<Record<string, Values>> = {
  bridge: {},
  vxlan: { id: 77 },
  macvlan: { link: 'u0' },
  macvtap: { link: 'u0' },
  vlan: { link: 'u0', id: 5 },
  vrf: { table: 5 },
  geneve: { id: 5, remote: '192.0.2.1' },
  gre: { fwmark: 0 },
  gretap: { fwmark: 0 },
  ip6gre: {},
  ip6gretap: {},
  erspan: { iflags: ['key', 'seq'], oflags: ['key', 'seq'] },
  ipip: { fwmark: 0 },
  sit: { fwmark: 0 },
  ip6tnl: {},
  vti: {},
  vti6: {},
  xfrm: { ifId: 5 },
  ipvlan: { link: 'u0' },
  ipvtap: { link: 'u0' },
}

/** Kinds that share a file. */
const inFile: Readonly<Record<string, string>> = {
  macvtap: 'macvlan',
  gretap: 'gre',
  ip6gretap: 'ip6gre',
  ipvtap: 'ipvlan',
}

for (const kind of Object.keys(base)) {
  const documented = documentedIn(`${inFile[kind] ?? kind}.ts`)
  const itHas = itWithKind(kind)
  itHas(`a ${kind} has the ${documented.length} defaults of its documentation`, async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'u0' })
    const link: Link = await ns.links.add({ kind, name: 'x', ...base[kind] } as unknown as LinkOptions)
    for (const one of documented) check(link as unknown as Values, one)
  })
}

it('a vxlan with gpe has the documented port', async () => {
  const { ns } = net
  const gpe = { gpe: true, collectMetadata: true, learning: false }
  expect(await ns.links.add({ kind: 'vxlan', name: 'x', ...gpe })).toMatchObject({ dstPort: 4790 })
})

it('a port of a bridge has the defaults of its documentation', async () => {
  const { ns } = net
  const documented = documentedIn('bridge_port.ts')
  expect(documented.length).toBeGreaterThan(20)
  await ns.links.add({ kind: 'bridge', name: 'br' })
  const { port } = await ns.links.add({ kind: 'ifb', name: 'x', master: 'br' })
  for (const one of documented) check(port as unknown as Values, one)
})

it.each(['bridge.ts', 'bridge_port.ts', 'vxlan.ts', 'macvlan.ts', 'vlan.ts'])(
  'none of the defaults of %s is missed',
  (file) => {
    const documented = documentedIn(file)
    expect(documented.length).toBe(sourceOf(file).match(/Default: /g)?.length)
  },
)

/** What `LinkSettings` and `LinkCreation` document for all kinds alike, and what differs by the kind. */
const general = {
  up: false,
  master: undefined,
  group: 0,
  alias: undefined,
  altnames: undefined,
  allMulticast: false,
  promisc: false,
  gsoMaxSegs: 65_535,
  gsoMaxSize: 65_536,
  groMaxSize: 65_536,
  protoDown: false,
  linkMode: 'default',
  addrGenMode: 'eui64',
  broadcast: 'ff:ff:ff:ff:ff:ff',
  mtu: 1500,
  txqlen: 1000,
  arp: true,
  multicast: true,
  numTxQueues: 1,
  numRxQueues: 1,
}
const byKind: Readonly<Record<string, Values>> = {
  ifb: { arp: false, multicast: false, txqlen: 32 },
  dummy: { arp: false, multicast: false },
  veth: { numTxQueues: cpus().length, numRxQueues: cpus().length },
  vxlan: {},
  macvlan: { link: 'u0' },
  macvtap: { txqlen: 500 },
  vrf: { arp: false, multicast: false, mtu: 65_575, txqlen: 1000 },
}

for (const kind of ['bridge', 'veth', 'ifb', 'dummy', 'vxlan', 'macvlan', 'macvtap', 'vlan', 'vrf']) {
  const itHas = itWithKind(kind)
  itHas(`a ${kind} has the defaults of links of all kinds`, async () => {
    const { ns } = net
    await ns.links.add({ kind: 'veth', name: 'u0', numTxQueues: 1, numRxQueues: 1, peer: { name: 'u1' } })
    const own = kind === 'veth' ? { peer: { name: 'xp' } } : base[kind]
    const link = (await ns.links.add({ kind, name: 'x', ...own } as unknown as LinkOptions)) as unknown as Values
    const { link: _lower, ...differs } = byKind[kind] ?? {}
    const wanted = { ...general, ...differs }
    const found = Object.fromEntries(Object.keys(wanted).map((option) => [option, link[option]]))
    expect(found).toEqual(wanted)
  })
}
