// In a namespace of somebody else's user namespace there may be rules that this process may neither make nor remove:
// those for user ids (FRA_UID_RANGE; fib_nl2rule of net/core/fib_rules.c).
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { BatchError, NetNs, type Rule } from '../../lib/index'

const base = { priority: 100, table: 5 } as const
const inside = [
  'ip rule add pref 100 iif lo lookup 5',
  'ip rule add pref 100 iif lo uidrange 0-0 lookup 5',
  // Its removal would take each of those before it.
  'ip rule add pref 100 lookup 5',
]

let owner: ChildProcess
let ns: NetNs

beforeEach(async () => {
  const script = `${inside.join(' && ')} && echo ready && read end`
  owner = spawn('unshare', ['--user', '--map-root-user', '--net', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [exit] = (await Promise.race([once(owner.stdout!, 'data'), once(owner, 'exit')])) as [unknown]
  expect(String(exit)).toBe('ready\n')
  ns = await NetNs.fromPid(owner.pid!)
})

afterEach(async () => {
  ns.close()
  owner.stdin!.end()
  await once(owner, 'exit')
})

const listed = async (): Promise<Rule[]> => ns.rules.list({ priority: 100 })

test('their owner may make rules for user ids, and who is outside may not', async () => {
  expect((await listed()).map(({ uids }) => uids)).toEqual([undefined, { start: 0, end: 0 }, undefined])
  await expect(ns.rules.add({ ...base, uids: { start: 0, end: 0 }, table: 6 })).rejects.toMatchObject({ code: 'EPERM' })
})

test.each([
  ['alone', async (rule: Rule) => ns.rules.delete(rule)],
  ['in a batch', async (rule: Rule) => batchOf(rule, false)],
  ['in a batch with rollback', async (rule: Rule) => batchOf(rule, true)],
])('if one that keeps others in their order cannot be copied, nothing is changed: %s', async (_how, remove) => {
  const before = await listed()
  const error = await remove(before.at(-1)!).catch((thrown: unknown) => thrown)
  const cause = error instanceof BatchError ? error.cause : error
  expect(cause).toMatchObject({ code: 'EPERM', leftover: false })
  expect(await listed()).toEqual(before)
})

test('if one cannot be removed, none of them is', async () => {
  const before = await listed()
  await expect(ns.rules.flush({ priority: 100 })).rejects.toMatchObject({ code: 'EPERM', leftover: false })
  expect(await listed()).toEqual(before)
})

test('where one cannot be made again, rollback leaves it: it is out of its place, and not lost', async () => {
  const before = await listed()
  const batch = ns.batch({ rollback: true })
  batch.rules.delete(before[0]!)
  batch.links.delete('nope')
  await expect(batch.commit()).rejects.toMatchObject({ leftover: true })
  const key = (rule: Rule): string => JSON.stringify([rule.iif ?? '', rule.uids ?? ''])
  const sorted = (rules: Rule[]): Rule[] => [...rules].sort((a, b) => key(a).localeCompare(key(b)))
  expect(sorted(await listed())).toEqual(sorted(before))
})

async function batchOf(rule: Rule, rollback: boolean): Promise<unknown> {
  const batch = ns.batch({ rollback })
  batch.rules.delete(rule)
  return batch.commit()
}
