// What we set `ip` shows, what `ip` sets we read, and what is read can be written again: for each option of each kind.
import type { Link, LinkChanges, LinkOptions, NetNs } from '../../../lib/index'
import { linkKinds } from '../../../lib/route/kinds'
import { useNetNs } from '../../../lib/testing'
import { ip, ownPrefix } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { runProgram } from '../../support/programs'
import { samples } from './oracle'
import { shown, shownData } from './support'

type Values = Readonly<Record<string, unknown>>

const kinds = Object.keys(samples) as (keyof typeof linkKinds)[]
const net = useNetNs({
  names: ['ns', 'other'],
  prefix: ownPrefix,
  // Devices of the same indices in both.
  async prepare(each: { ns: NetNs; other: NetNs }) {
    for (const ns of [each.ns, each.other]) await ns.links.add({ kind: 'veth', name: 'u0', peer: { name: 'u1' } })
  },
})

interface Row {
  readonly 2: object
}
const optionsOf = (kind: keyof typeof linkKinds): [string, Row][] => {
  const table: Readonly<Record<string, Row>> = linkKinds[kind].data.table
  return Object.entries(table)
}

/** The options of its kind that a link has, and those of them that can be set. */
function own(link: Link, settable = false): Values {
  const found = link as unknown as Values
  const { untold = [] } = linkKinds[link.kind as keyof typeof linkKinds].traits
  const wanted = optionsOf(link.kind as keyof typeof linkKinds)
    .filter(([option, row]) => !settable || !('reported' in row[2] || (untold as string[]).includes(option)))
    .map(([option]) => option)
  const told = wanted.filter((option) => option in found).map((option) => [option, found[option]] as const)
  // An address of zeros is none: some kinds do not take it.
  return Object.fromEntries(settable ? told.filter(([, value]) => value !== '0.0.0.0' && value !== '::') : told)
}

/** Leaves out what a bond has by its mode: it takes few of those options, and refuses the others, by name. */
async function withoutDefaults(ns: NetNs, written: Record<string, unknown>): Promise<void> {
  const plain = own(await ns.links.add({ kind: 'bond', name: 'x', mode: written.mode as 'broadcast' }))
  await ns.links.delete('x')
  for (const [option, value] of Object.entries(plain))
    if (option !== 'mode' && JSON.stringify(written[option]) === JSON.stringify(value))
      Reflect.deleteProperty(written, option)
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

// The kernel does not load what carries tunnels in UDP by itself.
let loaded: Promise<unknown> | undefined
const loadFou = (): Promise<unknown> => (loaded ??= runProgram('modprobe', ['-a', 'fou', 'fou6']))

for (const kind of kinds) {
  for (const [i, { options, words: text, reads = options, set, setWords = '' }] of samples[kind]!.entries()) {
    itWithKind(kind)(`${kind} ${i}: is the same made by us, by ip, and of what was read`, async () => {
      const { ns, other } = net
      if (text !== undefined && /\bencap\b/.test(text)) await loadFou()
      const { link: lower, ...kept } = options
      const ours = await ns.links.add({ kind, name: 'x', ...options } as LinkOptions)
      const under = lower === undefined ? [] : ['link', lower as string]
      const theirs = text === undefined ? ns : other
      if (text !== undefined) await ip(other, 'link', 'add', ...under, 'name', 'x', 'type', kind, ...words(text))
      const { link: _lower, ...read } = reads
      const expected = 'underlay' in read ? { ...read, underlay: (await ns.links.get('u0')).index } : read
      const same = async (expected: Values): Promise<void> => {
        const mine = own(await ns.links.get('x'))
        expect(mine).toEqual(own(await theirs.links.get('x')))
        expect(mine).toMatchObject(expected)
        expect(await shownData(ns, 'x')).toEqual(await shownData(theirs, 'x'))
        expect((await shown(ns, 'x')).linkinfo?.info_kind).toBe(kind)
      }
      await same(expected)
      // A change of the link alone leaves those of its kind as they are.
      if (set === undefined && optionsOf(kind).length > 0) {
        await ns.links.set('x', { kind, mtu: 1300 } as LinkChanges)
        await same(expected)
      }
      if (set !== undefined) {
        await ns.links.set('x', { kind, ...set } as LinkChanges)
        await ip(other, 'link', 'set', 'x', 'type', kind, ...words(setWords))
        await same({ ...kept, ...set })
      }
      const last = await ns.links.get('x')
      if (text !== undefined) await other.links.delete('x')
      const written = { ...own(last, true), ...(lower === undefined ? {} : { link: lower }) }
      if (kind === 'bond') await withoutDefaults(other, written)
      const again = { kind, name: 'x', ...written }
      expect(own(await other.links.add(again as LinkOptions))).toEqual(own(last))
      expect(ours.kind).toBe(kind)
    })
  }

  const { fixed = [] } = linkKinds[kind].traits
  const given = samples[kind]!.flatMap(({ options }) => Object.entries(options))
  const values = new Map(given.filter(([option]) => fixed.includes(option)))
  if (values.size > 0) {
    it(`${kind}: refuses another value later of each of its ${values.size} options that stay as they are`, async () => {
      expect([...values.keys()].sort()).toEqual([...fixed].sort())
      for (const [field, value] of values) {
        const changes = { kind, [field]: value } as LinkChanges
        await expect(net.ns.links.set('x', changes)).rejects.toMatchObject({ name: 'TypeError', field })
      }
    })
  }
}
