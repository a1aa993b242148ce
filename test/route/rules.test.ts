// Routing rules, against `ip rule` in both directions; and wrong options, refused by name.
import { isAlreadyExists, isNotFound, type NetNs, type Rule, type RuleOptions } from '../../lib/index'
import { fresh, ip, ipBatch, ipJson } from '../support/namespaces'

async function shown(ns: NetNs): Promise<Record<string, unknown>[]> {
  return [...(await ipJson(ns, '-4', 'rule')), ...(await ipJson(ns, '-6', 'rule'))]
}

async function priorities(ns: NetNs): Promise<unknown[]> {
  return (await shown(ns)).map(({ priority }) => priority).filter((priority) => Number(priority) < 32766)
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** What is the case, our options, the arguments of `ip rule add`, and what of it the list must have. */
type Case = [sentence: string, options: RuleOptions, args: string, listed: Partial<Rule>]

const cases: Case[] = [
  [
    'from a prefix',
    { from: '10.0.0.0/8', table: 100 },
    'from 10.0.0.0/8 table 100',
    { family: 'ipv4', from: '10.0.0.0/8', table: 100, action: 'table' },
  ],
  ['from one address', { from: '10.0.0.1', table: 100 }, 'from 10.0.0.1 table 100', { from: '10.0.0.1/32' }],
  ['from everywhere', { from: '0.0.0.0/0', table: 100 }, 'from all table 100', { table: 100 }],
  ['to a prefix', { to: '10.0.0.0/8', table: 100 }, 'to 10.0.0.0/8 table 100', { to: '10.0.0.0/8' }],
  [
    'from and to',
    { from: '10.1.0.0/16', to: '10.2.0.0/16' },
    'from 10.1.0.0/16 to 10.2.0.0/16 table main',
    { from: '10.1.0.0/16', to: '10.2.0.0/16', table: 'main' },
  ],
  [
    'of IPv6 from a prefix',
    { from: 'FD00::/64', table: 100 },
    '-6 from fd00::/64 table 100',
    { family: 'ipv6', from: 'fd00::/64' },
  ],
  [
    'of IPv6 to an address',
    { to: 'fd00::1', table: 100 },
    '-6 to fd00::1 table 100',
    { family: 'ipv6', to: 'fd00::1/128' },
  ],
  ['of IPv6 for everything', { family: 'ipv6', table: 100 }, '-6 table 100', { family: 'ipv6', table: 100 }],
  ['to the table 255', { table: 'local' }, 'table 255', { table: 'local' }],
  ['to the table 256', { table: 256 }, 'table 256', { table: 256 }],
  ['to the last table', { table: 4294967295 }, 'table 4294967295', { table: 4294967295 }],
  ['of a mark', { mark: 16, table: 100 }, 'fwmark 0x10 table 100', { mark: 16, markMask: 0xffffffff }],
  [
    'of some bits of a mark',
    { mark: 16, markMask: 0xf0, table: 100 },
    'fwmark 0x10/0xf0 table 100',
    { mark: 16, markMask: 0xf0 },
  ],
  ['of the highest mark', { mark: 0xffffffff, table: 100 }, 'fwmark 0xffffffff table 100', { mark: 0xffffffff }],
  ['of the absence of bits in a mark', { mark: 0, markMask: 1, table: 100 }, 'fwmark 0/1 table 100', { markMask: 1 }],
  ['of what comes in by a device', { iif: 'lo', table: 100 }, 'iif lo table 100', { iif: 'lo', flags: [] }],
  [
    'of what leaves by a device that is yet to come',
    { oif: 'eth7', table: 100 },
    'oif eth7 table 100',
    { oif: 'eth7', flags: ['oifDetached'] },
  ],
  [
    'of all but a prefix',
    { from: '10.0.0.0/8', invert: true, table: 100 },
    'not from 10.0.0.0/8 table 100',
    { invert: true },
  ],
  [
    'of a port',
    { destinationPorts: 80, table: 100 },
    'dport 80 table 100',
    { destinationPorts: { start: 80, end: 80 } },
  ],
  [
    'of ports from and to',
    { sourcePorts: { start: 1000, end: 2000 }, table: 100 },
    'sport 1000-2000 table 100',
    { sourcePorts: { start: 1000, end: 2000 } },
  ],
  ['of a protocol by name', { ipProtocol: 'tcp', table: 100 }, 'ipproto tcp table 100', { ipProtocol: 'tcp' }],
  ['of a protocol by number', { ipProtocol: 47, table: 100 }, 'ipproto gre table 100', { ipProtocol: 47 }],
  [
    'of IPv6 of a protocol and ports',
    { family: 'ipv6', ipProtocol: 'udp', sourcePorts: 53, destinationPorts: { start: 1, end: 65534 } },
    '-6 ipproto udp sport 53 dport 1-65534 table main',
    { ipProtocol: 'udp' },
  ],
  ['of a type of service', { tos: 0x10, table: 100 }, 'tos 0x10 table 100', { tos: 16 }],
  [
    'of users',
    { uids: { start: 1000, end: 1999 }, table: 100 },
    'uidrange 1000-1999 table 100',
    { uids: { start: 1000, end: 1999 } },
  ],
  ['of a tunnel', { tunnelId: 77n, table: 100 }, 'tun_id 77 table 100', { tunnelId: 77n }],
  ['that jumps ahead', { goto: 32766 }, 'goto 32766', { action: 'goto', goto: 32766, flags: [] }],
  ['that jumps to where nothing is yet', { goto: 5000 }, 'goto 5000', { goto: 5000, flags: ['unresolved'] }],
  ['that drops', { from: '10.0.0.0/8', action: 'blackhole' }, 'blackhole from 10.0.0.0/8', { action: 'blackhole' }],
  ['that says unreachable', { action: 'unreachable' }, 'unreachable', { action: 'unreachable' }],
  ['that prohibits', { family: 'ipv6', action: 'prohibit' }, '-6 prohibit', { action: 'prohibit' }],
  ['that does nothing', { action: 'nop' }, 'nop', { action: 'nop' }],
  [
    'that skips the default route',
    { table: 'main', suppressPrefixLength: 0 },
    'table main suppress_prefixlength 0',
    { suppressPrefixLength: 0 },
  ],
  [
    'that skips devices of a group',
    { table: 'main', suppressInterfaceGroup: 3 },
    'table main suppress_ifgroup 3',
    { suppressInterfaceGroup: 3 },
  ],
  ['of somebody', { protocol: 'zebra', table: 100 }, 'protocol zebra table 100', { protocol: 'zebra' }],
  ['of the tables of VRFs', { l3mdev: true }, 'l3mdev', { l3mdev: true }],
]

/** Adds a rule by `ip`. */
async function byIp(ns: NetNs, args: string): Promise<void> {
  const words = args.split(' ')
  const family = words[0]!.startsWith('-') ? [words.shift()!] : []
  await ip(ns, ...family, 'rule', 'add', ...words)
}

describe('a rule that is added, as with `ip rule add`', () => {
  // One pair for all: what a case has added is deleted after it.
  let ours: NetNs
  let theirs: NetNs
  beforeAll(async () => {
    ours = await fresh('rule')
    theirs = await fresh('rule')
  })
  afterEach(async () => {
    for (const ns of [ours, theirs]) {
      for (const rule of await ns.rules.list({ priority: 1000 })) await ns.rules.delete(rule)
      expect(await ns.rules.list()).toHaveLength(5)
    }
  })
  afterAll(async () => {
    for (const ns of [ours, theirs]) await ns[Symbol.asyncDispose]()
  })

  test.each(cases)('is one %s', async (_sentence, options, args, listed) => {
    await ours.rules.add({ ...options, priority: 1000 })
    await byIp(theirs, `${args} priority 1000`)

    expect(await shown(ours)).toEqual(await shown(theirs))
    const list = await theirs.rules.list()
    expect(list).toContainEqual(expect.objectContaining({ priority: 1000, ...listed }))
    expect(await ours.rules.list()).toEqual(list)
    // What was added is found by the same words, and removed by them.
    expect(await theirs.rules.get({ ...options, priority: 1000 })).toMatchObject(listed)
    await ours.rules.delete({ ...options, priority: 1000 })
    expect(await priorities(ours)).toEqual([0, 0])
  })
})

describe('a rule that is added', () => {
  test('names no table if it is of the tables of VRFs', async () => {
    await using ns = await fresh('rule')
    await byIp(ns, 'l3mdev priority 1000')
    expect(await ns.rules.get({ priority: 1000 })).not.toHaveProperty('table')
  })

  test('starts with those that every namespace has', async () => {
    await using ns = await fresh('rule')
    const list = await ns.rules.list()
    expect(list.map(({ family, priority, table }) => [family, priority, table])).toEqual([
      ['ipv4', 0, 'local'],
      ['ipv4', 32766, 'main'],
      ['ipv4', 32767, 'default'],
      ['ipv6', 0, 'local'],
      ['ipv6', 32766, 'main'],
    ])
    expect(await shown(ns)).toHaveLength(5)
  })

  test('stands where its priority says, and without one before those that are there', async () => {
    await using ns = await fresh('rule')
    await ns.rules.add({ priority: 4294967295, table: 100 })
    await ns.rules.add({ priority: 5, table: 101 })
    await ns.rules.add({ table: 102 })
    expect((await ns.rules.list({ family: 'ipv4' })).map(({ priority, table }) => [priority, table])).toEqual([
      [0, 'local'],
      [4, 102],
      [5, 101],
      [32766, 'main'],
      [32767, 'default'],
      [4294967295, 100],
    ])
  })

  test('leads to the table main unless another is named', async () => {
    await using ns = await fresh('rule')
    await ns.rules.add({ priority: 5, mark: 7 })
    expect(await ns.rules.get({ priority: 5 })).toMatchObject({ table: 'main', action: 'table', invert: false })
  })

  test('takes a range of one user without an end', async () => {
    await using ns = await fresh('rule')
    await ns.rules.add({ priority: 5, uids: { start: 1000 }, sourcePorts: { start: 80 } })
    expect(await ns.rules.get({ priority: 5 })).toMatchObject({
      uids: { start: 1000, end: 1000 },
      sourcePorts: { start: 80, end: 80 },
    })
  })

  test.each<RuleOptions>([
    { from: '10.0.0.0/8', table: 1000, priority: 5 },
    { family: 'ipv6', mark: 5, priority: 5 },
  ])('is refused as existing if the very same is there: %p', async (options) => {
    await using ns = await fresh('rule')
    await ns.rules.add(options)
    const error = await failureOf(ns.rules.add(options))
    expect(isAlreadyExists(error)).toBe(true)
    expect(error).toMatchObject({ syscall: 'RTM_NEWRULE', operation: 'rules.add', netns: ns.name })
    await ns.rules.add({ ...options, table: 1001 })
    expect(await ns.rules.list({ priority: 5 })).toHaveLength(2)
  })
})

async function mixed(): Promise<NetNs> {
  const ns = await fresh('rule')
  await ipBatch(ns, [
    'rule add priority 100 from 10.0.0.0/8 table 1000',
    'rule add priority 101 from 10.0.0.0/8 to 10.1.0.0/16 table 1001 protocol zebra',
    'rule add priority 102 fwmark 5 table 1000',
    'rule add priority 103 not iif lo dport 80 table main',
  ])
  const v6 = ['rule add priority 104 from fd00::/64 table 1000', 'rule add priority 105 tos 0x10 prohibit']
  await ipBatch(ns, v6, '-6')
  return ns
}

const own = [100, 101, 102, 103, 104, 105]

const filters: [string, RuleOptions, number[]][] = [
  ['a prefix', { from: '10.0.0.0/8' }, [100, 101]],
  ['an IPv6 prefix in capitals', { from: 'FD00::/64' }, [104]],
  ['a destination', { to: '10.1.0.0/16' }, [101]],
  ['a table', { table: 1000 }, [100, 102, 104]],
  ['a table of a family', { table: 1000, family: 'ipv6' }, [104]],
  ['a priority', { priority: 102 }, [102]],
  ['a mark', { mark: 5 }, [102]],
  ['a device', { iif: 'lo' }, [103]],
  ['a port', { destinationPorts: 80 }, [103]],
  ['inversion', { invert: true }, [103]],
  ['a type of service', { tos: 16 }, [105]],
  ['what it does', { action: 'prohibit' }, [105]],
  ['who made it, by name', { protocol: 'zebra' }, [101]],
  ['who made it, by number', { protocol: 11 }, [101]],
  ['what nothing meets', { from: '10.0.0.0/8', mark: 9 }, []],
]

describe('rules that are there', () => {
  // For all: nothing changes here.
  let ns: NetNs
  beforeAll(async () => {
    ns = await mixed()
  })
  afterAll(() => ns[Symbol.asyncDispose]())

  test.each(filters)('are listed by %s', async (_what, filter, expected) => {
    expect((await ns.rules.list(filter)).map(({ priority }) => priority)).toEqual(expected)
  })

  test('are listed by the number of a table that has a name', async () => {
    expect((await ns.rules.list({ table: 254 })).map(({ priority }) => priority)).toEqual([103, 32766, 32766])
  })

  test('are an error for `get` if they are not, as isNotFound says', async () => {
    const error = await failureOf(ns.rules.get({ priority: 99 }))
    expect(isNotFound(error)).toBe(true)
    expect(error).toMatchObject({ operation: 'rules.get', netns: ns.name })
    expect((error as Error).message).toContain('99')
    expect(await ns.rules.find({ priority: 99 })).toBeUndefined()
    expect(await ns.rules.find({ priority: 100 })).toMatchObject({ from: '10.0.0.0/8', table: 1000 })
  })
})

describe('rules that are deleted', () => {
  test.each<[string, RuleOptions, number]>([
    ['priority', { priority: 102 }, 102],
    ['prefix', { from: '10.0.0.0/8', to: '10.1.0.0/16' }, 101],
    ['mark', { mark: 5 }, 102],
    ['table', { table: 1001 }, 101],
    ['inversion', { invert: true, iif: 'lo' }, 103],
    ['IPv6 prefix', { from: 'FD00::/64' }, 104],
    ['priority of IPv6', { family: 'ipv6', priority: 105 }, 105],
  ])('are the ones that the key describes, by %s', async (_what, key, gone) => {
    await using ns = await mixed()
    await ns.rules.delete(key)
    expect(await priorities(ns)).toEqual([0, ...own.slice(0, 4), 0, ...own.slice(4)].filter((one) => one !== gone))
  })

  test('may be named by what the list says of them, and added again', async () => {
    await using ns = await mixed()
    const before = await ns.rules.list()
    const rules = before.filter(({ priority }) => own.includes(priority))
    for (const rule of rules) await ns.rules.delete(rule)
    expect(await priorities(ns)).toEqual([0, 0])
    for (const rule of rules) await ns.rules.add(rule)
    expect(await ns.rules.list()).toEqual(before)
  })

  test.each<RuleOptions>([{ priority: 99 }, { from: 'fd99::/64' }, { priority: 100, table: 7 }])(
    'are an error if they are not there, but not with `force`: %p',
    async (key) => {
      await using ns = await mixed()
      const error = await failureOf(ns.rules.delete(key))
      expect(isNotFound(error)).toBe(true)
      expect(error).toMatchObject({ code: 'ENOENT', syscall: 'RTM_DELRULE', operation: 'rules.delete' })
      await expect(ns.rules.delete(key, { force: true })).resolves.toBeUndefined()
      expect(await priorities(ns)).toEqual([0, 100, 101, 102, 103, 0, 104, 105])
    },
  )

  test.each<[object]>([[{}], [{ priority: undefined }], [{ family: 'ipv6' }], [{ family: 'ipv4', invert: false }]])(
    'are never just the first one: a key that says nothing is refused: %p',
    async (key) => {
      await using ns = await mixed()
      expect(await failureOf(ns.rules.delete(key))).toMatchObject({ field: 'rule' })
      expect(await priorities(ns)).toEqual([0, 100, 101, 102, 103, 0, 104, 105])
    },
  )

  test.each(filters)('are flushed by %s', async (_what, filter, gone) => {
    await using ns = await mixed()
    await ns.rules.flush(filter)
    expect(await priorities(ns)).toEqual(
      [0, ...own.slice(0, 4), 0, ...own.slice(4)].filter((priority) => !gone.includes(priority)),
    )
  })

  test('are, in a flush of a family, all but those of priority 0, as with `ip rule flush`', async () => {
    await using ours = await mixed()
    await using theirs = await mixed()
    for (const family of ['ipv4', 'ipv6'] as const) await ours.rules.flush({ family })
    for (const family of ['-4', '-6']) await ip(theirs, family, 'rule', 'flush')
    expect(await shown(ours)).toEqual(await shown(theirs))
    expect(await ours.rules.list()).toMatchObject([
      { family: 'ipv4', table: 'local' },
      { family: 'ipv6', table: 'local' },
    ])
  })

  test.each([[{}], [{ from: undefined }], [undefined]])(
    'are never all there are: a flush without a condition is refused: %p',
    async (filter) => {
      await using ns = await mixed()
      expect(await failureOf(ns.rules.flush(filter as never))).toMatchObject({ field: 'filter' })
      expect(await priorities(ns)).toEqual([0, 100, 101, 102, 103, 0, 104, 105])
    },
  )
})
