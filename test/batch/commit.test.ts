// Batches: many operations as one job, their results in order, what is refused before anything is sent.
import { BatchError, isAlreadyExists, NetNs, type BatchResult, type Link } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ipJson, ownPrefix, uniqueName } from '../support/namespaces'

const net = useNetNs({ names: ['ns', 'red', 'green'], prefix: ownPrefix })

const values = (results: readonly BatchResult[]): unknown[] =>
  results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as { code: string }).code))

test('a pod is one batch: namespace, veth, addresses, routes, in the order in which they depend on each other', async () => {
  const { ns: host } = net
  const name = uniqueName('pod')
  const batch = host.batch()
  const pod = batch.createNetNs(name)
  const veth = batch.links.add({
    kind: 'veth',
    name: 'veth1',
    up: true,
    peer: { netns: pod, name: 'eth0', up: true, mac: '02:00:00:00:00:05' },
  })
  pod.links.set('lo', { up: true })
  pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  pod.routes.add({ dst: 'default', via: '10.0.0.1' })
  const eth0 = pod.links.get('eth0')
  expect(batch.length).toBe(6)
  const results = await batch.commit()
  expect(results.map(({ status }) => status)).toEqual(new Array(6).fill('fulfilled'))
  const ns = pod.value
  expect(ns).toBeInstanceOf(NetNs)
  expect(ns.name).toBe(name)
  expect(veth.value).toMatchObject({ kind: 'veth', name: 'veth1', up: true })
  expect(eth0.value).toMatchObject({ mac: '02:00:00:00:00:05', up: true })
  expect((results[5] as PromiseFulfilledResult<Link>).value).toBe(eth0.value)
  expect(await ip(ns, 'route')).toMatch(/^default via 10.0.0.1 dev eth0/)
  await ns.delete()
})

test('anonymous and ephemeral namespaces go as they do without a batch', async () => {
  const { ns: host } = net
  const batch = host.batch()
  const anonymous = batch.createNetNs()
  const name = uniqueName()
  const ephemeral = batch.createNetNs(name, { ephemeral: true })
  batch.in(anonymous).links.add({ kind: 'veth', name: 'a0', peer: { netns: ephemeral, name: 'b0' } })
  await batch.commit()
  expect((await ephemeral.value.links.list()).map((link) => link.name)).toEqual(['lo', 'b0'])
  expect(anonymous.value.ephemeral).toBe(true)
  anonymous.value.close()
  await ephemeral.value[Symbol.asyncDispose]()
  expect(await NetNs.exists(name)).toBe(false)
})

test('a batch may go over several namespaces that are open', async () => {
  const { red, green } = net
  const batch = red.batch()
  batch.links.add({ kind: 'veth', name: 'r0', up: true, peer: { netns: green, name: 'g0', up: true } })
  batch.addresses.add({ dev: 'r0', address: '10.0.0.1/24' })
  batch.in(green).addresses.add({ dev: 'g0', address: '10.0.0.2/24' })
  await batch.commit()
  expect(await ip(green, 'address')).toContain('10.0.0.2/24')
})

test('many operations of one kind are sent together, and each has its result', async () => {
  const { ns } = net
  await ns.links.set('lo', { up: true })
  const count = 5000
  const batch = ns.batch({ onError: 'continue' })
  const dst = (i: number): string => `10.${i >> 8}.${i & 255}.1/32`
  await ns.routes.add({ dst: dst(7), dev: 'lo' })
  await ns.routes.add({ dst: dst(4321), dev: 'lo' })
  for (let i = 0; i < count; i++) batch.routes.add({ dst: dst(i), dev: i === 100 ? 'nobody' : 'lo' })
  const results = await batch.commit()
  const failed = results.flatMap((result, i) => (result.status === 'rejected' ? [i] : []))
  expect(failed).toEqual([7, 100, 4321])
  expect(results.filter((r) => r.status === 'rejected' && isAlreadyExists(r.reason))).toHaveLength(2)
  expect((results[100] as PromiseRejectedResult).reason).toMatchObject({ code: 'ENODEV', operation: 'routes.add' })
  expect(await ns.routes.list({ table: 'main' })).toHaveLength(count - 1)
})

test('a batch that stops has done what is before, and nothing that is behind', async () => {
  const { ns } = net
  await ns.links.set('lo', { up: true })
  await ns.routes.add({ dst: '10.0.0.50/32', dev: 'lo' })
  const batch = ns.batch()
  for (let i = 0; i < 100; i++) batch.routes.add({ dst: `10.0.0.${i}/32`, dev: 'lo' })
  batch.links.add({ kind: 'ifb', name: 'never' })
  const error: unknown = await batch.commit().catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(BatchError)
  expect(error).toMatchObject({
    name: 'BatchError',
    code: 'EEXIST',
    index: 50,
    rolledBack: false,
    operation: 'Batch.commit',
  })
  const { results } = error as BatchError
  expect(values(results).slice(48, 54)).toEqual([
    undefined,
    undefined,
    'EEXIST',
    'ERR_NETLOOM_NOT_TRIED',
    'ERR_NETLOOM_NOT_TRIED',
    'ERR_NETLOOM_NOT_TRIED',
  ])
  const there = (await ns.routes.list({ table: 'main' })).map((route) => route.dst)
  expect(there.sort()).toEqual(Array.from({ length: 51 }, (_, i) => `10.0.0.${i}/32`).sort())
  expect(await ns.links.find('never')).toBeUndefined()
})

test('with "continue" an operation in a namespace that could not be created fails alone', async () => {
  const { ns: host, red: taken } = net
  const batch = host.batch({ onError: 'continue' })
  const pod = batch.createNetNs(taken.name)
  pod.links.set('lo', { up: true })
  batch.links.add({ kind: 'ifb', name: 'ifb0' })
  const results = await batch.commit()
  expect(values(results).slice(0, 2)).toEqual(['EEXIST', 'ECANCELED'])
  expect(results[2]?.status).toBe('fulfilled')
  expect(() => pod.value).toThrow(expect.objectContaining({ code: 'EEXIST' }) as Error)
  expect((await taken.links.get('lo')).up).toBe(false)
})

test('many operations for a namespace that could not be created each fail, those after them do not', async () => {
  const { ns: host, red: taken } = net
  const batch = host.batch({ onError: 'continue' })
  const pod = batch.createNetNs(taken.name)
  for (let i = 0; i < 20; i++) pod.routes.add({ dst: `10.0.0.${i}/32`, dev: 1 })
  batch.links.set('lo', { up: true })
  const results = await batch.commit()
  expect(values(results)).toEqual(['EEXIST', ...new Array<string>(20).fill('ECANCELED'), undefined])
})

test('find, force and list mean the same as without a batch', async () => {
  const { ns } = net
  const batch = ns.batch()
  const found = batch.links.find('nobody')
  batch.links.delete('nobody', { force: true })
  batch.addresses.delete({ dev: 'lo', address: '10.0.0.1/8' }, { force: true })
  const rule = batch.rules.get({ priority: 32766 })
  const lookup = batch.routes.find({ dst: 'default' })
  const links = batch.links.list()
  await batch.commit()
  expect(found.value).toBeUndefined()
  expect(lookup.value).toBeUndefined()
  expect(rule.value).toMatchObject({ table: 'main' })
  expect(links.value.map((link) => link.name)).toEqual(['lo'])
})

describe('what is refused', () => {
  test('an empty batch is none: it resolves to an empty list', async () => {
    const { ns } = net
    expect(await ns.batch().commit()).toEqual([])
  })

  test('bad input is thrown where it is noted, and the batch goes on without it', async () => {
    const { ns } = net
    const batch = ns.batch()
    expect(() => batch.links.set('lo', { mtu: -1 })).toThrow(RangeError)
    expect(() => batch.addresses.add({ dev: 'lo', adress: '10.0.0.1/8' } as never)).toThrow(/adress/)
    expect(() => batch.links.delete('lo', { forse: true } as never)).toThrow(/forse/)
    expect(() => batch.createNetNs('a/b')).toThrow(TypeError)
    batch.links.set('lo', { up: true })
    expect(await batch.commit()).toHaveLength(1)
  })

  test.each([
    [{ rollback: 1 }, 'rollback'],
    [{ onError: 'ignore' }, 'onError'],
    [{ rollback: true, onError: 'continue' }, 'onError'],
    [{ rolback: true }, 'rolback'],
    [null, 'options'],
  ])('the options %p are refused by name', (options, field) => {
    const { ns } = net
    expect(() => ns.batch(options as never)).toThrow(expect.objectContaining({ field }) as Error)
  })

  test('a batch is committed once, and takes nothing afterwards', async () => {
    const { ns } = net
    const batch = ns.batch()
    const entry = batch.links.get('lo')
    expect(() => entry.value).toThrow(expect.objectContaining({ code: 'ERR_NETLOOM_NOT_COMMITTED' }) as Error)
    await batch.commit()
    const committed = expect.objectContaining({ code: 'ERR_NETLOOM_COMMITTED' }) as Error
    await expect(batch.commit()).rejects.toEqual(committed)
    expect(() => batch.links.get('lo')).toThrow(committed)
    expect(() => batch.createNetNs()).toThrow(committed)
  })

  test('a namespace of another batch, or of none any more, is refused before anything is sent', async () => {
    const { ns } = net
    const other = ns.batch()
    const pod = other.createNetNs()
    const batch = ns.batch()
    const foreign = expect.objectContaining({ code: 'ERR_NETLOOM_FOREIGN_BATCH' }) as Error
    expect(() => batch.in(pod)).toThrow(foreign)
    const peer = { netns: pod, name: 'b0' }
    batch.links.add({ kind: 'ifb', name: 'first' })
    batch.links.add({ kind: 'veth', name: 'a0', peer })
    await expect(batch.commit()).rejects.toEqual(foreign)
    await expect(ns.links.add({ kind: 'veth', name: 'a0', peer })).rejects.toEqual(foreign)
    expect(await ipJson(ns, 'link')).toHaveLength(1)
  })

  test('a namespace that is closed is refused', async () => {
    const { ns } = net
    const closed = await NetNs.create()
    closed.close()
    expect(() => closed.batch()).toThrow(expect.objectContaining({ code: 'ERR_NETLOOM_CLOSED' }) as Error)
    const batch = ns.batch()
    batch.links.add({ kind: 'ifb', name: 'first' })
    batch.in(closed).links.set('lo', { up: true })
    await expect(batch.commit()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    expect(await ipJson(ns, 'link')).toHaveLength(1)
  })
})

test('a batch that is aborted in the queue has done nothing', async () => {
  const { ns } = net
  // Enough for the machine to leave this thread alone between two lines.
  const pair = (i: number) => ({ kind: 'veth', name: `v${i}`, peer: { name: `w${i}` } }) as const
  const before = Array.from({ length: 250 }, (_, i) => ns.links.add(pair(i)))
  const controller = new AbortController()
  const batch = ns.batch()
  batch.links.add({ kind: 'ifb', name: 'never' })
  const committing = batch.commit({ signal: controller.signal })
  controller.abort()
  await expect(committing).rejects.toMatchObject({ code: 'ABORT_ERR', outcome: 'none', operation: 'Batch.commit' })
  await Promise.all(before)
  expect(await ns.links.find('never')).toBeUndefined()
})
