// Tables of nftables by the public functions, seen by nft(8).
import { execFileSync } from 'node:child_process'
import type { NetNs } from '../../lib/index'
import {
  address,
  describeTable,
  device,
  drop,
  firstGeneration,
  generationAfter,
  generationOf,
  replaceTable,
  translate,
  type TableContent,
} from '../../lib/nftables'
import { fresh } from '../support/namespaces'

const content: TableContent = {
  chains: [
    { name: 'out', type: 'nat', hook: 'postrouting', priority: 100 },
    { name: 'through', type: 'filter', hook: 'forward', priority: -5 },
  ],
  sets: [
    {
      name: 'inward',
      width: 1,
      map: true,
      elements: [{ key: address('192.0.2.1'), data: address('10.0.0.1') }],
    },
  ],
  rules: [
    { chain: 'out', expressions: [...device('oifname', 'equal', 'eth0'), ...translate('snat', '192.0.2.9')] },
    { chain: 'through', expressions: [...device('iifname', 'notEqual', 'eth1'), drop] },
  ],
}

function list(ns: NetNs): string {
  return execFileSync('ip', ['netns', 'exec', ns.name!, 'nft', 'list', 'ruleset'], { encoding: 'utf8' })
}

test('a table is put in whole, described, replaced and taken away', async () => {
  await using ns = await fresh()
  expect(await generationOf(ns)).toBe(firstGeneration)
  expect(await describeTable(ns, 'mine')).toBe('')
  await replaceTable(ns, 'mine', content)
  const shown = list(ns)
  expect(shown).toMatch(/table ip mine/)
  expect(shown).toMatch(/192\.0\.2\.1 : 10\.0\.0\.1/)
  expect(shown).toMatch(/type nat hook postrouting priority (srcnat|100)/)
  expect(shown).toMatch(/oifname "eth0" snat to 192\.0\.2\.9/)
  expect(shown).toMatch(/type filter hook forward priority (filter - 5|-5)/)
  expect(shown).toMatch(/iifname != "eth1" drop/)

  const generation = await generationOf(ns)
  const before = await describeTable(ns, 'mine')
  await replaceTable(ns, 'mine', content)
  expect(await generationOf(ns)).toBe(generationAfter(generation!))
  expect(await describeTable(ns, 'mine')).toBe(before)
  await replaceTable(ns, 'mine', { ...content, rules: content.rules.slice(1) })
  expect(await describeTable(ns, 'mine')).not.toBe(before)
  await replaceTable(ns, 'mine', undefined)
  expect(list(ns)).toBe('')
  await replaceTable(ns, 'mine', undefined)
})

test('what the kernel refuses leaves the table as it was, and is an error of the call by its name', async () => {
  await using ns = await fresh()
  await replaceTable(ns, 'mine', content)
  const before = list(ns)
  const bad: TableContent = { ...content, rules: [{ chain: 'none', expressions: [drop] }] }
  await expect(replaceTable(ns, 'mine', bad, 'my.agent')).rejects.toMatchObject({
    code: 'ENOENT',
    operation: 'my.agent',
  })
  expect(list(ns)).toBe(before)
})

const [chain] = content.chains
const [set] = content.sets

test.each<[string, unknown]>([
  ['content', 5],
  ['content.rule', { ...content, rule: [] }],
  ['content.chains', { ...content, chains: {} }],
  ['content.chains[0].hook', { ...content, chains: [{ ...chain, hook: 'ingress' }] }],
  ['content.chains[0].name', { ...content, chains: [{ ...chain, name: '' }] }],
  ['content.chains[0].priority', { ...content, chains: [{ ...chain, priority: 2 ** 31 }] }],
  ['content.chains[0].type', { ...content, chains: [{ ...chain, type: 'route' }] }],
  ['content.sets[0].width', { ...content, sets: [{ ...set, width: 3 }] }],
  [
    'content.sets[0].elements[0].key',
    { ...content, sets: [{ ...set, elements: [{ key: address('10.0.0.1').subarray(1) }] }] },
  ],
  ['content.sets[0].elements[0].data', { ...content, sets: [{ ...set, elements: [{ key: address('10.0.0.1') }] }] }],
  ['content.rules[0].chain', { ...content, rules: [{ chain: 'x'.repeat(256), expressions: [] }] }],
  ['content.rules[0].expressions', { ...content, rules: [{ chain: 'out', expressions: drop }] }],
])('wrong content is refused by its field: %s', async (field, wrong) => {
  await using ns = await fresh()
  await expect(replaceTable(ns, 'mine', wrong as never)).rejects.toMatchObject({ field })
  expect(await generationOf(ns)).toBe(firstGeneration)
})

test('a wrong namespace or name is refused', async () => {
  await using ns = await fresh()
  await expect(replaceTable({} as never, 'mine', undefined)).rejects.toMatchObject({ field: 'netns' })
  await expect(describeTable(null as never, 'mine')).rejects.toMatchObject({ field: 'netns' })
  await expect(generationOf('red' as never)).rejects.toMatchObject({ field: 'netns' })
  await expect(replaceTable(ns, '', content)).rejects.toMatchObject({ field: 'table' })
  await expect(describeTable(ns, 'x'.repeat(256))).rejects.toMatchObject({ field: 'table' })
})
