// What is no object of options, wherever one is taken; lists with holes; and keys and values that are too long to be shown.
import { runInNewContext } from 'node:vm'
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

type Call = (value: unknown) => unknown

class Settings {
  mtu = 1400
}

const thenable: unknown = {
  then(done: (value: unknown) => void) {
    done({ mtu: 1400 })
  },
}

function hidden(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: false })
}

/** What has properties that nobody wrote down as options, or none at all. */
const noObjects: Record<string, () => unknown> = {
  'a Map': () => new Map([['mtu', 1400]]),
  'a Set': () => new Set(['mtu']),
  'a Date': () => new Date(),
  'a RegExp': () => /x/,
  'an Error': () => new Error('x'),
  'a Buffer': () => Buffer.from('x'),
  'an instance of a class': () => new Settings(),
  'an object that inherits': () => Object.create({ mtu: 1400 }) as object,
  'an array': () => [],
  'a function': () => Settings,
  'a string': () => 'mtu',
  'a number': () => 5,
  null: () => null,
  'a promise': () => Promise.resolve({ mtu: 1400 }),
  'a thenable': () => thenable,
}

const key = { dev: 'e0', address: '10.0.0.1/24' }
const neighbor = { dev: 'e0', address: '10.0.0.2' }
const veth = { kind: 'veth', name: 'e1' }

/** Every place in the resources, and in a batch, that takes an object of options. */
const places: Record<string, (ns: NetNs) => Call> = Object.fromEntries(
  (
    [
      ['links', 'add', []],
      ['links', 'set', ['e0']],
      ['links', 'list', []],
      ['links', 'flush', []],
      ['addresses', 'add', []],
      ['addresses', 'replace', []],
      ['addresses', 'get', []],
      ['addresses', 'find', []],
      ['addresses', 'list', []],
      ['addresses', 'delete', []],
      ['addresses', 'flush', []],
      ...['add', 'replace', 'change', 'append', 'prepend', 'get', 'find', 'list', 'delete', 'flush'].map(
        (verb) => ['routes', verb, []] as const,
      ),
      ['routes', 'lookup', ['10.0.0.1']],
      ...['add', 'replace', 'change', 'get', 'find', 'list', 'delete', 'flush'].map(
        (verb) => ['neighbors', verb, []] as const,
      ),
      ...['add', 'get', 'find', 'list', 'delete', 'flush'].map((verb) => ['rules', verb, []] as const),
      ['links', 'get', ['lo']],
      ['links', 'find', ['lo']],
      ['links', 'delete', ['e0']],
      ['addresses', 'delete', [key]],
      ['routes', 'delete', [{ dst: '10.0.0.0/8' }]],
      ['neighbors', 'delete', [neighbor]],
      ['rules', 'delete', [{ priority: 5 }]],
    ] as const
  ).flatMap(([resource, verb, before]) => {
    const name = `${resource}.${verb}(${[...before.map((one) => JSON.stringify(one)), '…'].join(', ')})`
    type Verbs = Record<string, Record<string, (...args: unknown[]) => unknown>>
    const alone = (ns: NetNs): Call => {
      const verbs = (ns as unknown as Verbs)[resource]!
      return (value) => verbs[verb]!(...before, value)
    }
    const noted = (ns: NetNs): Call => {
      const batch = ns.batch()
      const verbs = (batch as unknown as Verbs)[resource]!
      return (value) => {
        verbs[verb]!(...before, value)
        return batch.commit()
      }
    }
    return [
      [name, alone],
      [`batch.${name}`, noted],
    ]
  }),
)

/** Places of objects within options, with the field that errors name. */
const nested: [name: string, field: string, (ns: NetNs) => Call][] = [
  ['the peer of a veth', 'peer', (ns) => async (peer) => ns.links.add({ ...veth, peer } as never)],
  ['the port of a link', 'port', (ns) => async (port) => ns.links.set('e0', { port } as never)],
  [
    'the vlanFlags of a vlan',
    'vlanFlags',
    (ns) => (vlanFlags) => ns.links.set('e0', { kind: 'vlan', vlanFlags } as never),
  ],
  ['the metrics of a route', 'metrics', (ns) => (metrics) => ns.routes.add({ dst: '10.0.0.0/8', metrics } as never)],
  ['a nexthop', 'nexthops[0]', (ns) => (hop) => ns.routes.add({ dst: '10.0.0.0/8', nexthops: [hop] } as never)],
  ['the uids of a rule', 'uids', (ns) => (uids) => ns.rules.add({ uids } as never)],
]

const calls: [name: string, (ns: NetNs) => Call][] = [
  ['batch(…)', (ns) => (value) => ns.batch(value as never)],
  ['connect(…)', (ns) => (value) => ns.connect(value as never)],
  ['listen(…)', (ns) => (value) => ns.listen(value as never)],
  ['createConnection(…)', (ns) => (value) => ns.createConnection(value as never)],
  ['agent(…)', (ns) => (value) => ns.agent(value as never)],
  ['taps.create(…)', (ns) => (value) => ns.taps.create(value as never)],
  ['ping(…)', (ns) => (value) => ns.ping('127.0.0.1', value as never)],
  ['sockets(…)', (ns) => (value) => ns.sockets(value as never)],
  ['sysctl.set(…)', (ns) => (value) => ns.sysctl.set(value as never)],
]

async function refusal(call: Call, value: unknown): Promise<unknown> {
  try {
    await call(value)
    return 'it was accepted'
  } catch (error) {
    return error
  }
}

describe('an object of options is a plain one:', () => {
  let ns: NetNs
  beforeAll(async () => {
    ns = await fresh()
    await ns.links.add({ kind: 'veth', name: 'e0', peer: { name: 'e0p' } })
  })
  afterAll(async () => {
    await ns.delete()
  })

  const expectRefusals = async (call: Call, field: string | undefined): Promise<void> => {
    for (const [what, make] of Object.entries(noObjects)) {
      const value = make()
      const error = await refusal(call, value)
      expect([what, error]).toEqual([what, expect.any(TypeError)])
      expect([what, error]).toMatchObject([what, { code: 'ERR_INVALID_ARG_TYPE', ...(field && { field }) }])
      const waits = /a (promise|thenable); did you forget await\?$/.test(String(error))
      expect([what, waits]).toEqual([what, what === 'a promise' || what === 'a thenable'])
    }
  }

  test.each(Object.entries(places))('%s', async (_name, place) => {
    const before = await ns.links.list()
    await expectRefusals(place(ns), undefined)
    expect(await ns.links.list()).toEqual(before)
    expect(await ns.rules.list({ family: 'ipv4' })).toHaveLength(3)
  })

  test.each(nested)('%s', async (_name, field, place) => {
    await expectRefusals(place(ns), field)
  })

  test.each(calls)('%s', async (_name, place) => {
    const call = place(ns)
    for (const what of ['a Map', 'an Error', 'an instance of a class', 'a promise']) {
      const error = await refusal(call, noObjects[what]!())
      expect([what, error]).toEqual([what, expect.any(TypeError)])
      if (what === 'a promise') expect(String(error)).toContain('did you forget await?')
    }
  })

  test('hidden and inherited properties are no options', async () => {
    for (const options of [hidden('name', 'x'), hidden('mtu', 1400)]) {
      await expect(ns.links.set('e0', options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    }
    const prototype = Object.prototype as { mtu?: number; quite?: string }
    prototype.quite = 'other'
    try {
      await ns.links.set('e0', { txqlen: 10 })
      prototype.mtu = 1400
      await expect(ns.links.set('e0', { txqlen: 20 })).rejects.toMatchObject({ field: 'mtu' })
    } finally {
      delete prototype.mtu
      delete prototype.quite
    }
    expect(await ns.links.get('e0')).toMatchObject({ name: 'e0', mtu: 1500, txqlen: 10 })
  })

  test('also one of another realm, or without a prototype', async () => {
    await ns.links.set('e0', runInNewContext('({ mtu: 1300 })') as object)
    expect(await ns.links.get('e0')).toMatchObject({ mtu: 1300 })
    await ns.links.set('e0', Object.assign(Object.create(null) as object, { mtu: 1500 }))
    expect(await ns.links.get('e0')).toMatchObject({ mtu: 1500 })
    const map: unknown = runInNewContext('new Map()')
    await expect(ns.links.set('e0', map as object)).rejects.toThrow('must be an object; received an instance of Map')
  })

  test('a promise in place of any value is told', async () => {
    await expect(ns.links.set(Promise.resolve('e0') as never, { mtu: 1400 })).rejects.toThrow('did you forget await?')
    await expect(ns.links.set('e0', { name: Promise.resolve('x') as never })).rejects.toThrow('did you forget await?')
    await expect(ns.links.set('e0', { netns: fresh as never })).rejects.toThrow(TypeError)
  })

  test.each<[string, string, (list: unknown) => unknown]>([
    ['altnames', 'altnames[0]', (list) => ns.links.addAltnames('e0', list as never)],
    [
      'altnames of a new link',
      'altnames[0]',
      (list) => ns.links.add({ ...veth, kind: 'bridge', altnames: list } as never),
    ],
    ['nexthops', 'nexthops[0]', (nexthops) => ns.routes.add({ dst: '10.0.0.0/8', nexthops } as never)],
    ['flags', 'flags[0]', (flags) => ns.addresses.add({ ...key, flags } as never)],
    [
      'macaddrs',
      'macaddrs[0]',
      (macaddrs) =>
        ns.links.add({
          kind: 'macvlan',
          name: 'e1',
          link: 'e0',
          mode: 'source',
          macaddrMode: 'set',
          macaddrs,
        } as never),
    ],
    [
      'egressQosMap',
      'egressQosMap[0]',
      (egressQosMap) => ns.links.add({ kind: 'vlan', name: 'e1', link: 'e0', id: 5, egressQosMap } as never),
    ],
    ['offload', 'offload[0]', (offload) => ns.taps.create({ vnetHeader: true, offload } as never)],
  ])('a hole in %s is refused by its index, and a long list before it is walked', async (_what, field, call) => {
    // eslint-disable-next-line no-sparse-arrays
    await expect(call([, 'x'])).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field })
    const long: unknown[] = []
    long.length = 2e8
    const begin = process.cpuUsage()
    await expect(call(long)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    // To walk it takes this thread some 200 ms for each nanosecond that an element takes.
    expect(process.cpuUsage(begin).user).toBeLessThan(200_000)
    expect(await ns.links.list()).toHaveLength(3)
  })

  test('a key and a value of a megabyte are cut in messages, and cost nothing', async () => {
    const long = 'mtuu'.repeat(250_000)
    const begin = process.cpuUsage()
    const unknown = await refusal((options) => ns.links.set('e0', options as object), { [long]: 1 })
    expect(unknown).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', value: long })
    const wrong = await refusal((name) => ns.links.set('e0', { name } as object), long)
    const wide = await refusal((index) => ns.links.get(index as never), 10n ** 500_000n)
    for (const error of [unknown, wrong, wide] as Error[]) expect(error.message.length).toBeLessThan(300)
    expect((unknown as { field: string }).field.length).toBeLessThan(100)
    expect(process.cpuUsage(begin).user).toBeLessThan(1e6)
    await expect(ns.links.set('e0', { ['x'.repeat(65)]: 1 })).rejects.not.toThrow('did you mean')
    await expect(ns.links.set('e0', { txqulen: 1 } as object)).rejects.toThrow('did you mean "txqlen"')
  })
})
