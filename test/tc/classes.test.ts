// Classes of htb, against `tc`; and batches with qdiscs and classes, which are undone; and what is refused.
import type { ClassOptions, NetNs, QdiscOptions } from '../../lib/index'
import { fresh, tc } from '../support/namespaces'

let red: NetNs
let blue: NetNs

beforeEach(async () => {
  red = await fresh()
  blue = await fresh()
  for (const ns of [red, blue]) {
    await ns.links.add({ kind: 'ifb', name: 'd0', txqlen: 1000, up: true })
    await ns.qdiscs.add({ dev: 'd0', kind: 'htb', handle: '1:' })
  }
})

afterEach(async () => {
  await red.delete()
  await blue.delete()
})

// This version of tc does not print classes as JSON.
const shown = (ns: NetNs): Promise<string> => tc(ns, '-d class show dev d0')

const cases: readonly [string, string, Omit<Extract<ClassOptions, { kind: 'htb' }>, 'dev'>, object][] = [
  [
    'all options',
    'parent 1: classid 1:3 htb rate 1mbit ceil 2mbit burst 2000b cburst 16000b prio 2 quantum 3000 overhead 8 mpu 64',
    {
      kind: 'htb',
      classid: '1:3',
      parent: '1:',
      rateBitsPerSecond: 1e6,
      ceilBitsPerSecond: 2e6,
      burstBytes: 2000,
      ceilBurstBytes: 16000,
      priority: 2,
      quantumBytes: 3000,
      overheadBytes: 8,
      mpuBytes: 64,
    },
    { parent: '1:', burstBytes: 2000, ceilBurstBytes: 16000, priority: 2, quantumBytes: 3000, level: 0 },
  ],
  [
    'a rate beyond 32 bits',
    'parent 1: classid 1:fffe htb rate 40gbit ceil 100gbit burst 1000000b cburst 1000000b',
    {
      kind: 'htb',
      classid: '1:fffe',
      rateBitsPerSecond: 40e9,
      ceilBitsPerSecond: 100e9,
      burstBytes: 1e6,
      ceilBurstBytes: 1e6,
    },
    { classid: '1:fffe', rateBitsPerSecond: 40e9, ceilBitsPerSecond: 100e9, burstBytes: 1e6, ceilBurstBytes: 1e6 },
  ],
  [
    'the least that is to be said',
    'parent 1: classid 1:3 htb rate 8mbit',
    { kind: 'htb', classid: '1:3', rateBitsPerSecond: 8e6 },
    { rateBitsPerSecond: 8e6, ceilBitsPerSecond: 8e6, burstBytes: 1600, ceilBurstBytes: 1600, priority: 0 },
  ],
]

test.each(cases)('%s: as of tc, in both directions, and once more', async (_, args, options, listed) => {
  await red.classes.add({ dev: 'd0', ...options })
  await tc(blue, `class add dev d0 ${args}`)
  expect(await shown(red)).toEqual(await shown(blue))
  const { dev: _dev, statistics, xstats, ...ours } = await red.classes.get({ dev: 'd0', classid: options.classid })
  expect(ours).toMatchObject(listed)
  expect(statistics).toMatchObject({ bytes: 0n, packets: 0n, drops: 0 })
  expect(xstats).toMatchObject({ lends: 0, borrows: 0 })
  expect(await blue.classes.list({ dev: 'd0' })).toMatchObject([ours])
  await blue.classes.delete({ dev: 'd0', classid: options.classid })
  await blue.classes.add({ ...ours, dev: 'd0' })
  expect(await shown(blue)).toEqual(await shown(red))
})

test('trees are listed, filtered, changed and ensured', async () => {
  await red.classes.add({ dev: 'd0', kind: 'htb', classid: '1:1', rateBitsPerSecond: 10e6 })
  await red.classes.add({ dev: 'd0', kind: 'htb', parent: '1:1', classid: '1:10', rateBitsPerSecond: 1e6 })
  await red.qdiscs.add({ dev: 'd0', kind: 'pfifo', parent: '1:10', handle: '10:', limitPackets: 5 })
  const classes = await red.classes.list({ dev: 'd0', parent: '1:' })
  expect(classes.map(({ classid, parent, leaf }) => [classid, parent, leaf]).sort()).toEqual([
    ['1:1', '1:', undefined],
    ['1:10', '1:1', '10:'],
  ])
  expect((await red.qdiscs.list({ dev: 'd0' })).map(({ handle, parent }) => [handle, parent])).toEqual([
    ['1:', 'root'],
    ['10:', '1:10'],
  ])
  const { index } = await red.links.get('d0')
  expect(await red.qdiscs.list({ dev: index })).toHaveLength(2)
  await red.classes.set({ dev: 'd0', kind: 'htb', parent: '1:1', classid: '1:10', rateBitsPerSecond: 3e6 })
  const wanted: ClassOptions = { dev: 'd0', kind: 'htb', parent: '1:1', classid: '1:10', rateBitsPerSecond: 3e6 }
  expect(await red.classes.ensure(wanted)).toMatchObject({ made: false, value: { rateBitsPerSecond: 3e6 } })
  await expect(red.classes.ensure({ ...wanted, rateBitsPerSecond: 5e6 })).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(red.qdiscs.ensure({ dev: 'd0', kind: 'pfifo', parent: '1:10', limitPackets: 6 })).rejects.toThrow(
    /differs in "limitPackets": 5 instead of 6/,
  )
  expect(await red.classes.find({ dev: 'd0', classid: '1:77' })).toBeUndefined()
  await expect(red.classes.delete({ dev: 'd0', classid: '1:1' })).rejects.toMatchObject({ code: 'EBUSY' })
})

test('a batch that fails leaves qdiscs, classes and what is in them as they were', async () => {
  await red.classes.add({ dev: 'd0', kind: 'htb', classid: '1:5', rateBitsPerSecond: 10e6 })
  await red.classes.add({ dev: 'd0', kind: 'htb', parent: '1:5', classid: '1:2', rateBitsPerSecond: 1e6 })
  await red.classes.add({ dev: 'd0', kind: 'htb', classid: '1:3', rateBitsPerSecond: 40e9, priority: 4 })
  await red.qdiscs.add({
    dev: 'd0',
    kind: 'tbf',
    parent: '1:2',
    handle: '20:',
    rateBitsPerSecond: 1e6,
    burstBytes: 5000,
    limitBytes: 9000,
  })
  const state = async () => [
    (await red.qdiscs.list()).map(({ statistics: _, ...rest }) => ({ ...rest, references: 0, xstats: 0 })),
    (await red.classes.list({ dev: 'd0' }))
      .map(({ statistics: _s, xstats: _x, ...rest }) => rest)
      .sort((a, b) => a.classid.localeCompare(b.classid)),
  ]
  const before = await state()
  const fails = async (describe: (batch: ReturnType<NetNs['batch']>) => void): Promise<void> => {
    const batch = red.batch({ rollback: true })
    describe(batch)
    batch.links.delete('nothing')
    await expect(batch.commit()).rejects.toThrow(/links.delete/)
    expect(await state()).toEqual(before)
  }
  await fails((batch) => {
    batch.classes.add({ dev: 'd0', kind: 'htb', classid: '1:9', rateBitsPerSecond: 1e6 })
    batch.qdiscs.add({ dev: 'd0', kind: 'pfifo', parent: '1:9', handle: '9:' })
  })
  await fails((batch) => batch.classes.set({ dev: 'd0', kind: 'htb', classid: '1:3', rateBitsPerSecond: 1e6 }))
  await fails((batch) => batch.classes.replace({ dev: 'd0', kind: 'htb', classid: '1:3', rateBitsPerSecond: 1e6 }))
  await fails((batch) => batch.classes.delete({ dev: 'd0', classid: '1:3' }))
  await fails((batch) => batch.qdiscs.delete({ dev: 'd0', parent: '1:2' }))
  await fails((batch) => batch.qdiscs.replace({ dev: 'd0', kind: 'pfifo', parent: '1:2', handle: '7:' }))
  await fails((batch) =>
    batch.qdiscs.set({
      dev: 'd0',
      kind: 'tbf',
      parent: '1:2',
      rateBitsPerSecond: 5e6,
      burstBytes: 5000,
      limitBytes: 1e4,
    }),
  )
})

const bad: readonly [string, object, string, RegExp | object][] = [
  ['a rate of 0', { kind: 'htb', classid: '1:3', rateBitsPerSecond: 0 }, 'classes', { field: 'rateBitsPerSecond' }],
  ['no rate', { kind: 'htb', classid: '1:3' }, 'classes', { field: 'rateBitsPerSecond' }],
  [
    'a classid out of range',
    { kind: 'htb', classid: '1:12345', rateBitsPerSecond: 1e6 },
    'classes',
    { field: 'classid' },
  ],
  ['a qdisc for a class', { kind: 'htb', classid: '1:', rateBitsPerSecond: 1e6 }, 'classes', { field: 'classid' }],
  ['an option of another kind', { kind: 'htb', limitPackets: 3 }, 'qdiscs', { field: 'limitPackets' }],
  ['a class for a handle', { kind: 'htb', handle: '1:3' }, 'qdiscs', { field: 'handle' }],
  ['a kind that is none', { kind: 'hbt' }, 'qdiscs', { field: 'kind' }],
  [
    'a priority of 8',
    { kind: 'htb', classid: '1:3', rateBitsPerSecond: 1e6, priority: 8 },
    'classes',
    { field: 'priority' },
  ],
  ['a default that is no hex', { kind: 'htb', default: 'x' }, 'qdiscs', { field: 'default' }],
  [
    'no latency and no limit',
    { kind: 'tbf', rateBitsPerSecond: 1e6, burstBytes: 3 },
    'qdiscs',
    { field: 'latencyMilliseconds' },
  ],
  ['a class that is not there', { kind: 'pfifo', parent: '1:7' }, 'qdiscs', { code: 'ENOENT' }],
  ['a qdisc that is not there', { kind: 'htb', classid: '7:1', rateBitsPerSecond: 1e6 }, 'classes', /no such "parent"/],
]

test.each(bad)('%s is refused', async (_, options, resource, expected) => {
  const call =
    resource === 'qdiscs'
      ? red.qdiscs.add({ dev: 'd0', ...options } as QdiscOptions)
      : red.classes.add({ dev: 'd0', ...options } as ClassOptions)
  if (expected instanceof RegExp) await expect(call).rejects.toThrow(expected)
  else await expect(call).rejects.toMatchObject(expected)
})

test('the ticks are those of the kernel', async () => {
  const [t2us, us2t, resolution] = (await red.readFile('/proc/net/psched', 'utf8'))
    .split(' ')
    .map((word) => Number.parseInt(word, 16))
  expect([t2us, us2t, resolution]).toEqual([1000, 64, 1e6])
})
