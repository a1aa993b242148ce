// Prepared batches that are refused, fail, are aborted or closed: the errors of a batch, and nothing half done.
import {
  AbortError,
  BatchError,
  hole,
  NetNs,
  type BatchBuilder,
  type BatchNetNs,
  type PreparedBatch,
} from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ownPrefix, uniqueName } from '../support/namespaces'

const net = useNetNs({ names: ['host', 'other'], prefix: ownPrefix })

const linkHoles = {
  name: hole.device(),
  mac: hole.mac(),
  address: hole.prefix(),
  mtu: hole.number({ min: 68, max: 65_535 }),
}
type Row = { name: string; mac: string; address: string; mtu: number }
const row: Row = { name: 'ifb0', mac: '02:00:00:00:00:01', address: '10.0.0.1/24', mtu: 1400 }

function noteLink(batch: BatchNetNs, { name, mac, address, mtu }: Row): void {
  batch.links.add({ kind: 'ifb', name, mac, mtu })
  batch.addresses.add({ dev: name, address })
}

const rejection = async (promise: Promise<unknown>): Promise<Error & Record<string, unknown>> =>
  promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error: unknown) => error as Error & Record<string, unknown>,
  )

const linksOf = async (ns: NetNs): Promise<string[]> => (await ns.links.list()).map(({ name }) => name)

test.each<[Partial<Record<keyof Row, unknown>>]>([
  [{ name: 'a/b' }],
  [{ name: 'a-name-of-sixteen' }],
  [{ name: '' }],
  [{ name: 7 }],
  [{ mac: 'no' }],
  [{ mac: 12 }],
  [{ address: '10.0.0.300/24' }],
  [{ address: 'x' }],
  [{ address: '10.0.0.1/33' }],
  [{ address: '10.0.0.1/24/x' }],
  [{ mtu: -1 }],
  [{ mtu: 1.5 }],
  [{ mtu: '1500' }],
])('a wrong value is the error of the option: %j', async (wrong) => {
  const { host, other } = net
  const prepared = host.prepare(linkHoles, noteLink)
  const values = { ...row, ...wrong } as Row
  let expected: (Error & Record<string, unknown>) | undefined
  try {
    noteLink(other.batch(), values)
  } catch (error) {
    expected = error as Error & Record<string, unknown>
  }
  expect(expected).toBeDefined()
  const cold = await rejection(prepared.run(values))
  await prepared.run({ ...row, name: 'ifb9' })
  await host.links.delete('ifb9')
  const warm = await rejection(prepared.run(values))
  for (const found of [cold, warm]) {
    expect(found).toBeInstanceOf(expected!.constructor)
    expect([found.message, found.code, found.field]).toEqual([expected!.message, expected!.code, expected!.field])
  }
  const many = await rejection(prepared.runMany([row, { ...row, name: 'ifb1' }, values]))
  expect([many.message, many.field, many.row]).toEqual([`row 2: ${expected!.message}`, expected!.field, 2])
  expect(await linksOf(host)).toEqual(['lo'])
})

test('values that are missing, unknown or of no hole', async () => {
  const { host } = net
  const prepared = host.prepare({ ...linkHoles, ns: hole.netns() }, (batch, values) => {
    noteLink(batch.in(values.ns), values)
  })
  const whole = { ...row, ns: host }
  const { mac: _mac, ...missing } = whole
  expect(await rejection(prepared.run(missing as never))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'mac' })
  expect(await rejection(prepared.run({ ...whole, mtus: 3 } as never))).toMatchObject({
    field: expect.stringContaining('mtus') as string,
  })
  expect(await rejection(prepared.run({ ...whole, ns: 'host' as never }))).toMatchObject({ field: 'ns' })
  expect(await rejection(prepared.run(undefined as never))).toBeInstanceOf(TypeError)
  expect(await rejection(prepared.runMany({} as never))).toMatchObject({ field: 'rows' })
  expect(await rejection(prepared.runMany([whole, missing as never]))).toMatchObject({ field: 'mac', row: 1 })
  expect(await rejection(prepared.run(whole, { wrong: 1 } as never))).toBeInstanceOf(TypeError)
  const closed = await NetNs.create()
  closed.close()
  expect(await rejection(prepared.run({ ...whole, ns: closed }))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  expect(await linksOf(host)).toEqual(['lo'])
})

test('what is wrong with the description is thrown by prepare', () => {
  const { host } = net
  const prepare = (...args: unknown[]): unknown => (host.prepare as (...args: unknown[]) => unknown)(...args)
  expect(() => prepare({ a: hole.name() })).toThrow(/describe/)
  expect(() => prepare({ a: 'x' }, noteLink)).toThrow(/holes\.a/)
  expect(() => prepare(linkHoles, noteLink, { rollback: 1 })).toThrow(/rollback/)
  expect(() => prepare(linkHoles, async () => Promise.resolve())).toThrow(/synchronous/)
  expect(() => prepare({}, () => 7)).toThrow(/entry of the batch/)
  expect(() => prepare({}, () => ({ a: 7 }))).toThrow(/describe\(\)\.a/)
  expect(() => hole.ip('ipv5' as never)).toThrow(/family/)
  expect(() => hole.number({ min: 5, max: 4 })).toThrow(/max/)
  // The whole range of a hole has to fit the option.
  expect(() =>
    host.prepare({ n: hole.number({ max: 1 }) }, (batch, { n }) =>
      batch.links.add({ kind: 'ifb', name: 'x', mtu: n * 1e12 }),
    ),
  ).toThrow(/mtu/)
  let kept: BatchBuilder<NetNs> | undefined
  host.prepare({}, (batch) => {
    kept = batch
  })
  expect(() => kept!.links.list()).toThrow(/ended/)
})

test('a failure is that of a batch, with the values of the run', async () => {
  const { host } = net
  const prepared = host.prepare(linkHoles, noteLink)
  await prepared.run(row)
  const error = await rejection(prepared.run(row))
  expect(error).toBeInstanceOf(BatchError)
  expect(error).toMatchObject({ code: 'EEXIST', index: 0, operation: 'PreparedBatch.run', row: undefined })
  expect(error.message).toContain('ifb0')
  const rows = [1, 2, 0, 3].map((n) => ({ ...row, name: `ifb${n}`, address: `10.0.${n}.1/24` }))
  const many = await rejection(prepared.runMany(rows))
  expect(many).toMatchObject({ code: 'EEXIST', index: 4, row: 2, operation: 'PreparedBatch.runMany' })
  expect((many as unknown as BatchError).results).toHaveLength(8)
  expect(await linksOf(host)).toEqual(['lo', 'ifb0', 'ifb1', 'ifb2'])
})

test('with rollback, one run or all rows leave nothing', async () => {
  const { host } = net
  await host.links.add({ kind: 'ifb', name: 'ifb5' })
  const names = [1, 2, 3].map(() => uniqueName())
  const prepared = host.prepare(
    { ns: hole.name(), ...linkHoles },
    (batch, { ns, ...rest }) => {
      batch.createNetNs(ns)
      noteLink(batch, rest)
    },
    { rollback: true },
  )
  const rows = names.map((ns, n) => ({ ...row, ns, name: `ifb${n + 3}`, address: `10.0.${n}.1/24` }))
  const error = await rejection(prepared.runMany(rows))
  expect(error).toMatchObject({ code: 'EEXIST', row: 2, rolledBack: true })
  expect(await linksOf(host)).toEqual(['lo', 'ifb5'])
  for (const name of names) expect(await NetNs.exists(name)).toBe(false)
  expect(await rejection(prepared.run(rows[2]!))).toMatchObject({ rolledBack: true })
  expect(await NetNs.exists(names[2]!)).toBe(false)
  const { netns } = await prepared.run(rows[0]!)
  expect(netns.name).toBe(names[0])
  await netns.delete()
})

test('with onError: continue the results tell what failed', async () => {
  const { host } = net
  const prepared = host.prepare(
    { name: hole.device(), ns: hole.name() },
    (batch, { name, ns }) => {
      batch.links.add({ kind: 'ifb', name })
      batch.createNetNs(ns, { ephemeral: true })
      return batch.links.get(name)
    },
    { onError: 'continue' },
  )
  const ns = uniqueName()
  const first = await prepared.run({ name: 'ifb0', ns })
  const again = await prepared.run({ name: 'ifb0', ns })
  expect(again.results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  expect(() => again.netns).toThrow(/EEXIST/)
  expect(again.value.name).toBe('ifb0')
  await first.netns[Symbol.asyncDispose]()
  const none = host.prepare({ name: hole.device() }, (batch, { name }) => batch.links.get(name), {
    onError: 'continue',
  })
  const found = await none.run({ name: 'nobody' })
  expect(() => found.value).toThrow(/nobody/)
  expect(() => found.netns).toThrow(/creates a namespace/)
})

test('a signal, a time limit and a listener that throws end it as a batch', async () => {
  const { host } = net
  const prepared = host.prepare(linkHoles, noteLink, { rollback: true })
  expect(await rejection(prepared.run(row, { signal: AbortSignal.abort() }))).toBeInstanceOf(AbortError)
  const rows = Array.from({ length: 2000 }, (_, n) => ({
    ...row,
    name: `i${n}`,
    address: `10.${n >> 8}.${n & 255}.1/24`,
  }))
  const ending = new AbortController()
  const error = await rejection(
    prepared.runMany(rows, {
      signal: ending.signal,
      onProgress: () => {
        ending.abort()
      },
    }),
  )
  expect(error).toBeInstanceOf(AbortError)
  expect(error).toMatchObject({ outcome: 'none' })
  expect(await linksOf(host)).toEqual(['lo'])
  const thrown = new Error('enough')
  const other = await rejection(
    prepared.runMany(rows, {
      onProgress: () => {
        throw thrown
      },
    }),
  )
  expect(other).toBe(thrown)
  expect(await linksOf(host)).toEqual(['lo'])
})

test('closed, or with a closed namespace, it does nothing', async () => {
  const own = await NetNs.create()
  const prepared: PreparedBatch<Row, NetNs, undefined> = own.prepare(linkHoles, noteLink)
  await prepared.run(row)
  const under = prepared.run({ ...row, name: 'ifb1' })
  prepared.close()
  prepared.close()
  expect(prepared.closed).toBe(true)
  await under
  expect(await linksOf(own)).toEqual(['lo', 'ifb0', 'ifb1'])
  expect(await rejection(prepared.run(row))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  expect(await rejection(prepared.runMany([row]))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  using another = own.prepare(linkHoles, noteLink)
  await another.run({ ...row, name: 'ifb2' })
  own.close()
  expect(await rejection(another.run(row))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})
