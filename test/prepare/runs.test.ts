// Prepared batches: what a run does, against the same batch noted with the values, and against `ip`.
import { type BatchError, hole, NetNs, type BatchBuilder, type HoleMaker, type ValuesOf } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, uniqueName, ownPrefix } from '../support/namespaces'
import { stateOf, withoutDad } from '../support/rollback'

const net = useNetNs({ names: ['host', 'other'], prefix: ownPrefix })

beforeEach(() => {
  withoutDad(net.host)
  withoutDad(net.other)
})

const podHoles = { ns: hole.name(), port: hole.device(), mac: hole.mac(), address: hole.prefix(), gateway: hole.ip() }
type PodRow = Record<keyof typeof podHoles, string>

function notePod(batch: BatchBuilder<NetNs>, { ns, port, mac, address, gateway }: PodRow): void {
  const pod = batch.createNetNs(ns, { ephemeral: true })
  pod.links.set('lo', { up: true })
  batch.links.add({ kind: 'veth', name: port, up: true, peer: { netns: pod, name: 'eth0', mac, up: true } })
  pod.addresses.add({ dev: 'eth0', address })
  pod.routes.add({ dst: 'default', via: gateway })
}

const podRow = (n: number, port = `v${n}`): PodRow => ({
  ns: uniqueName('pod'),
  port,
  mac: `02:00:00:00:00:${(n + 16).toString(16)}`,
  address: `10.0.${n}.2/24`,
  gateway: `10.0.${n}.1`,
})

test('a pod, run many times, with names of any length; only its first runs describe it', async () => {
  const { host } = net
  let described = 0
  const pod = host.prepare(podHoles, (batch, row) => {
    described++
    notePod(batch, row)
  })
  let before = 0
  for (const [n, port] of ['v', 'veth-of-pod', 'fifteen-letters', 'v4'].entries()) {
    if (n === 1) before = described
    const row = podRow(n, port)
    const { netns, namespaces, results } = await pod.run(row)
    await using made = netns
    expect(made).toBeInstanceOf(NetNs)
    expect([made.name, made.path, made.ephemeral]).toEqual([row.ns, `/run/netns/${row.ns}`, true])
    expect(namespaces[0]).toBe(netns)
    expect(results).toHaveLength(5)
    expect(results.map(({ status }) => status)).toEqual(new Array(5).fill('fulfilled'))
    expect(await ip(made, 'route')).toMatch(new RegExp(`^default via ${row.gateway} dev eth0`))
    expect(await made.addresses.find({ dev: 'eth0', address: row.address })).toMatchObject({ scope: 'global' })
    expect(await made.links.get('eth0')).toMatchObject({ mac: row.mac, up: true })
    expect(await host.links.get(row.port)).toMatchObject({ name: port, up: true })
  }
  expect(described).toBe(before)
})

test('many rows as one job: results in their order, progress by rows', async () => {
  const { host } = net
  const pod = host.prepare(podHoles, notePod)
  const rows = Array.from({ length: 40 }, (_, n) => podRow(n))
  const told: { done: number; total: number }[] = []
  const results = await pod.runMany(rows, { onProgress: (progress) => told.push(progress) })
  expect(results.map(({ netns }) => netns.name)).toEqual(rows.map(({ ns }) => ns))
  expect(told.at(-1)).toEqual({ done: 40, total: 40 })
  const dones = told.map(({ done }) => done)
  expect(dones).toEqual([...dones].sort((a, b) => a - b))
  for (const [n, { netns }] of results.entries()) {
    expect(await netns.addresses.find({ dev: 'eth0', address: `10.0.${n}.2/24` })).toBeDefined()
    await netns[Symbol.asyncDispose]()
  }
  expect(await pod.runMany([])).toEqual([])
})

test('runs that are under way at the same time do not mix', async () => {
  const { host } = net
  const pod = host.prepare(podHoles, notePod)
  const rows = Array.from({ length: 20 }, (_, n) => podRow(n))
  const results = await Promise.all(rows.map((row) => pod.run(row)))
  for (const [n, { netns }] of results.entries()) {
    await using made = netns
    expect(made.name).toBe(rows[n]!.ns)
    expect((await made.links.get('eth0')).mac).toBe(rows[n]!.mac)
  }
})

const everything = {
  device: hole.device(),
  mtu: hole.number({ min: 68, max: 9000 }),
  queue: hole.number({ max: 100_000 }),
  table: hole.number({ min: 1, max: 4_294_967_295 }),
  metric: hole.number({ min: 1 }),
  mark: hole.number(),
  length: hole.number({ min: 1, max: 250 }),
  mac: hole.mac(),
  own4: hole.prefix(),
  own6: hole.prefix('ipv6'),
  net4: hole.prefix(),
  net6: hole.prefix('ipv6'),
  near4: hole.ip(),
  near6: hole.ip('ipv6'),
}
type Everything = ValuesOf<typeof everything>

function noteEverything(batch: BatchBuilder<NetNs>, its: Everything): void {
  const { device, mtu, queue, table, metric, mark, length, mac, own4, own6, net4, net6, near4, near6 } = its
  batch.links.add({ kind: 'ifb', name: device, mtu, txqlen: queue, mac, up: true })
  batch.links.set(device, { alias: 'the same for all', group: length })
  batch.addresses.add({ dev: device, address: own4, broadcast: '+', metric })
  batch.addresses.add({ dev: device, address: own6, flags: ['nodad'] })
  batch.routes.add({ dst: net4, dev: device, table, metric, metrics: { mtu } })
  batch.routes.add({ dst: net6, dev: device, table, metric })
  batch.routes.add({ dst: `198.51.${length}.0/24`, dev: device, table: 'main', src: '192.0.2.1' })
  batch.neighbors.add({ dev: device, address: near4, mac })
  batch.neighbors.add({ dev: device, address: near6, mac, state: 'permanent' })
  batch.rules.add({ priority: metric, table, mark, from: net4, iif: device })
}

/** Plain values, and those that mean something special to the kernel or the library. */
const cases: Everything[] = [
  [1500, 1000, 100, 1, 1, 1, '10.1.2.3/24', 'fd00::1/64', '203.0.113.0/24', '2001:db8::/32', '10.1.2.9'],
  [1400, 0, 1000, 77, 0x10000, 250, '10.1.2.3/32', 'fd00::1/128', '203.0.113.7/32', '2001:db8::7/128', '10.1.2.255'],
  [9000, 99_999, 254, 4_294_967_294, 0xffff_ffff, 99, '172.16.0.1/31', 'fe80::77/64', '0.0.0.0/0', '::/0', '10.9.9.9'],
  [68, 1, 255, 256, 255, 128, '127.9.9.9/8', '::1/128', '192.0.2.128/25', 'fc00::/7', '169.254.1.1'],
  [1280, 256, 256, 255, 256, 2, '10.255.255.1/30', '2001:db8::1/127', '240.0.0.0/4', 'ff00::/8', '10.0.0.1'],
  [
    8999,
    65_536,
    4_294_967_295,
    65_535,
    65_536,
    64,
    '10.1.2.3',
    '2001:DB8:0::00AB',
    '10.0.0.0/9',
    '::ffff:0:0/96',
    '1.2.3.4',
  ],
].map(([mtu, queue, table, metric, mark, length, own4, own6, net4, net6, near4], n) => ({
  device: ['i', 'ifb-of-the-test', 'if', 'i_1.x', 'ifb0x', 'x-y-z'][n]!,
  mac: [
    '02:00:00:00:00:01',
    '02-AA-bb-00-00-02',
    '06:00:00:00:00:03',
    'fe:ff:ff:ff:ff:ff',
    '02:0a:0b:0c:0d:0e',
    '02:00:00:00:00:10',
  ][n]!,
  near6: ['fd00::2', 'fd00::ffff', 'fe80::1', '2001:db8::2', '2001:db8:1::', '2001:db8::192.0.2.1'][n]!,
  ...({ mtu, queue, table, metric, mark, length, own4, own6, net4, net6, near4 } as Omit<
    Everything,
    'device' | 'mac' | 'near6'
  >),
}))

test('all kinds of holes in all resources: the same as a batch with the values, whatever they are', async () => {
  const { host, other } = net
  let described = 0
  await host.addresses.add({ dev: 'lo', address: '192.0.2.1/32' })
  await other.addresses.add({ dev: 'lo', address: '192.0.2.1/32' })
  const prepared = host.prepare(everything, (batch, its) => {
    described++
    noteEverything(batch, its)
  })
  for (const its of cases) {
    const batch = other.batch({ rollback: true })
    noteEverything(batch, its)
    const expected = await batch.commit().then(
      () => undefined,
      (error: unknown) => (error as BatchError).message,
    )
    const found = await prepared.run(its).then(
      () => undefined,
      (error: unknown) => (error as BatchError).message,
    )
    expect(found?.replace(/^.*row \d+: /, '').replaceAll(host.name!, other.name!)).toBe(
      expected
        ?.replace(/; what succeeded was taken back/, '; 0 were not tried')
        .replace(/; 0 were not tried/, found?.match(/; \d+ were not tried/)?.[0] ?? ''),
    )
    if (expected === undefined) expect(await stateOf(host)).toEqual(await stateOf(other))
    for (const ns of [host, other]) await ns.links.delete(its.device, { force: true })
    for (const ns of [host, other]) await ns.rules.flush({ table: its.table })
  }
  // A table of a number below 256 stands elsewhere (rtm_table): it is laid out each time. What is plain is not.
  const plain = { ...cases[0]!, table: 1000 }
  const counts: number[] = []
  for (const its of [plain, plain, cases[0]!]) {
    const before = described
    await prepared.run(its)
    counts.push(described - before)
    await host.links.delete(its.device)
    await host.rules.flush({ table: its.table })
  }
  expect(counts[1]).toBe(0)
  expect(counts[2]).toBe(1)
})

test('namespaces that exist: those of the host, of a run, and by batch.in', async () => {
  const { host, other } = net
  const pair = host.prepare(
    { far: hole.netns(), near: hole.device(), name: hole.device() },
    (batch, { far, near, name }) => {
      batch.links.add({ kind: 'veth', name: near, up: true, peer: { netns: far, name, up: true } })
      batch.in(far).addresses.add({ dev: name, address: '10.7.0.1/24' })
    },
  )
  await pair.run({ far: other, near: 'n0', name: 'f0' })
  expect(await other.addresses.find({ dev: 'f0', address: '10.7.0.1/24' })).toBeDefined()
  await pair.run({ far: host, near: 'n1', name: 'f1' })
  expect(await host.addresses.find({ dev: 'f1', address: '10.7.0.1/24' })).toBeDefined()
  await using third = await NetNs.create()
  await pair.runMany([
    { far: third, near: 'n2', name: 'f2' },
    { far: other, near: 'n3', name: 'f3' },
    { far: third, near: 'n4', name: 'f4' },
  ])
  expect((await third.links.list()).map(({ name }) => name)).toEqual(['lo', 'f2', 'f4'])
})

test('a value may be a part of a name, stand twice, and in numbers that the description makes of it', async () => {
  const { host } = net
  let described = 0
  const many = host.prepare({ id: hole.name(), number: hole.number({ min: 1, max: 200 }) }, (batch, { id, number }) => {
    described++
    const a = batch.createNetNs(`${ownPrefix}${id}-a`, { ephemeral: true })
    const b = batch.createNetNs(`${ownPrefix}${id}-b`, { ephemeral: true })
    a.links.add({ kind: 'veth', name: 'eth0', peer: { netns: b, name: 'eth0' } })
    a.addresses.add({ dev: 'eth0', address: `10.0.${number}.1/24` })
    // Not the value, but more: such a batch is laid out each time.
    b.addresses.add({ dev: 'eth0', address: `10.0.${number + 1}.2/24` })
  })
  for (const [id, number] of [
    ['x', 1],
    ['a-longer-one', 77],
    ['y', 130],
  ] as const) {
    const before = described
    const { namespaces } = await many.run({ id, number })
    const [a, b] = namespaces
    expect([a?.name, b?.name]).toEqual([`${ownPrefix}${id}-a`, `${ownPrefix}${id}-b`])
    expect(await a!.addresses.find({ dev: 'eth0', address: `10.0.${number}.1/24` })).toBeDefined()
    expect(await b!.addresses.find({ dev: 'eth0', address: `10.0.${number + 1}.2/24` })).toBeDefined()
    expect(described).toBeGreaterThan(before)
    for (const one of namespaces) await one[Symbol.asyncDispose]()
  }
})

test('the other form: holes where they are used', async () => {
  const { host } = net
  const pod = host.prepare((batch, its: HoleMaker<{ ns: string; port: string; mtu: number }>) => {
    const ns = batch.createNetNs(its.name('ns'), { ephemeral: true })
    batch.links.add({
      kind: 'veth',
      name: its.device('port'),
      mtu: its.number('mtu', { min: 68, max: 9000 }),
      peer: { netns: ns, name: 'eth0' },
    })
    batch.links.set(its.device('port'), { up: true })
  })
  const name = uniqueName()
  const { netns } = await pod.run({ ns: name, port: 'p0', mtu: 1400 })
  expect(netns.name).toBe(name)
  expect(await host.links.get('p0')).toMatchObject({ mtu: 1400, up: true })
  await netns[Symbol.asyncDispose]()
})

test('what a description returns is asked for', async () => {
  const { host } = net
  const add = host.prepare({ name: hole.device() }, (batch, { name }) => {
    const link = batch.links.add({ kind: 'ifb', name, up: true })
    return { link, all: batch.links.list(), ns: batch.createNetNs() }
  })
  const { value, results } = await add.run({ name: 'ifb7' })
  expect(value.link).toMatchObject({ kind: 'ifb', name: 'ifb7', up: true })
  expect(value.all.map(({ name }) => name)).toContain('ifb7')
  expect(value.ns).toBeInstanceOf(NetNs)
  expect(results[0]).toEqual({ status: 'fulfilled', value: value.link })
  value.ns.close()
  const get = host.prepare({ name: hole.device() }, (batch, { name }) => batch.links.get(name))
  expect((await get.run({ name: 'ifb7' })).value.index).toBe(value.link.index)
  const [lo, ifb] = await get.runMany([{ name: 'lo' }, { name: 'ifb7' }])
  expect([lo?.value.name, ifb?.value.name]).toEqual(['lo', 'ifb7'])
})

test('generic families: their numbers are asked for, and what an operation finds out by its result counts', async () => {
  const { host } = net
  await host.links.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } })
  const checksums = 'tx-checksum-ip-generic'
  let described = 0
  const off = host.prepare({ dev: hole.device() }, (batch, { dev }) => {
    described++
    batch.links.set(dev, { up: true })
    batch.ethtool.features.set(dev, { [checksums]: false })
  })
  for (const dev of ['v0', 'v1']) {
    await off.run({ dev })
    expect((await host.ethtool.features.get(dev))[checksums]?.active).toBe(false)
  }
  await off.runMany([{ dev: 'v0' }, { dev: 'v1' }])
  expect(described).toBeGreaterThan(0)
  const impossible = host.prepare({ dev: hole.device() }, (batch, { dev }) => {
    batch.ethtool.features.set(dev, { 'esp-hw-offload': true })
  })
  const missing = host.prepare({ dst: hole.prefix() }, (batch, { dst }) => batch.routes.get({ dst }))
  // As in a batch: the kernel has done what it was asked for, so the run goes on, and the results tell.
  for (let i = 0; i < 2; i++) {
    const { results } = await impossible.run({ dev: 'v0' })
    expect(results).toMatchObject([{ status: 'rejected', reason: { code: 'EOPNOTSUPP' } }])
    const found = await missing.run({ dst: '10.9.0.0/24' })
    expect(found.results).toMatchObject([{ status: 'rejected', reason: { code: 'ENOENT' } }])
    expect(() => found.value).toThrow(/10\.9\.0\.0/)
  }
  const same = host.prepare({ address: hole.prefix() }, (batch, { address }) => {
    batch.addresses.ensure({ dev: 'v0', address })
    batch.links.delete('nobody', { force: true })
  })
  for (let i = 0; i < 2; i++) await same.run({ address: '10.0.0.1/24' })
  expect(await host.addresses.find({ dev: 'v0', address: '10.0.0.1/24' })).toBeDefined()
})

test('a description that makes calls itself, against what it should, spoils no answer that ended at once', async () => {
  const { host } = net
  await host.links.add({ kind: 'ifb', name: 'ifb3' })
  const calls: Promise<unknown>[] = []
  const get = host.prepare({ name: hole.device() }, (batch, { name }) => {
    calls.push(host.links.get('lo'))
    return batch.links.get(name)
  })
  for (let i = 0; i < 50; i++) expect((await get.run({ name: 'ifb3' })).value.name).toBe('ifb3')
  await Promise.all(calls)
})

test('values are parts of names, of namespaces and devices, and are written where they stand', async () => {
  const { host } = net
  let described = 0
  const stem = uniqueName('part')
  const pod = host.prepare({ n: hole.number({ max: 99_999 }), id: hole.name() }, (batch, { n, id }) => {
    described++
    const netns = batch.createNetNs(`${stem}-${n}`, { ephemeral: true })
    batch.links.add({ kind: 'veth', name: `veth${n}`, peer: { netns, name: `p-${id}-e` } })
    netns.links.set(`p-${id}-e`, { mtu: 1400 })
  })
  const rows = [1, 7, 8, 9, 70, 128, 200, 32_768, 65_535, 99_999].map((n) => ({ n, id: `i${n}` }))
  const run = async (n: number, id: string): Promise<void> => {
    const { netns } = await pod.run({ n, id })
    await using made = netns
    expect(made.path).toBe(`/run/netns/${stem}-${n}`)
    expect((await host.links.get(`veth${n}`)).link?.netnsId).toBeDefined()
    expect(await made.links.get(`p-${id}-e`)).toMatchObject({ mtu: 1400 })
    await host.links.delete(`veth${n}`)
  }
  for (const { n, id } of rows) await run(n, id)
  const before = described
  for (const { n, id } of rows) await run(n, id)
  expect(described).toBe(before)
  const tooLong = { n: 5, id: 'twelve-chars' }
  await expect(pod.run(tooLong)).rejects.toMatchObject({ field: 'peer.name' })
  expect(await NetNs.exists(`${stem}-5`)).toBe(false)
})

test.each([1, 300, 65_535])('a number in a name leaves numbers elsewhere what they are: %i', async (n) => {
  const { host } = net
  const both = host.prepare({ n: hole.number({ max: 65_535 }) }, (batch, { n }) => {
    batch.links.add({ kind: 'ifb', name: `ifb${n}`, group: n })
    return batch.links.get(`ifb${n}`)
  })
  for (let i = 0; i < 2; i++) {
    const { value } = await both.run({ n })
    expect(value).toMatchObject({ name: `ifb${n}`, group: n })
    await host.links.delete(`ifb${n}`)
  }
})
