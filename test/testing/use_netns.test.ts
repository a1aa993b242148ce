// useNetNs by jest's own hooks and by hooks that are called by hand.
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { NetNs } from '../../lib/index'
import { LeakError, useNetNs, type Hooks } from '../../lib/testing'
import { ip, ipJson, ownPrefix, uniqueName } from '../support/namespaces'

type Called = (...args: unknown[]) => Promise<void>

/** A framework of one test: its hooks are called by hand. */
function byHand(): Hooks & { before(context?: unknown): Promise<void>; after(context?: unknown): Promise<void> } {
  const befores: Called[] = []
  const afters: Called[] = []
  const call = async (hooks: Called[], args: unknown[]): Promise<void> => {
    for (const hook of hooks) await hook(...args)
  }
  return {
    beforeEach: (hook) => befores.push(hook),
    afterEach: (hook) => afters.push(hook),
    before: (...args) => call(befores, args),
    after: (...args) => call(afters, args),
  }
}

/** An error with these fields. */
const having = (fields: object): Error => expect.objectContaining(fields) as Error

const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  )

describe('without options', () => {
  const net = useNetNs()
  const seen: NetNs[] = []

  test.each(['one', 'another'])('%s test has a fresh namespace, anonymous, with nothing but lo', async () => {
    expect(await net.ns.links.list()).toMatchObject([{ name: 'lo', up: false }])
    expect(net.ns.name).toBeUndefined()
    await net.ns.links.add({ kind: 'bridge', name: 'br0' })
    seen.push(net.ns)
  })

  test('that of a test is closed when the test has ended', () => {
    expect(seen.map(({ closed }) => closed)).toEqual([true, true])
    expect(seen).not.toContain(net.ns)
  })
})

describe('a pair', () => {
  const net = useNetNs({ pair: true, prefix: ownPrefix })

  test('is joined by a cable, up, with addresses of both families, as ip sees it', async () => {
    for (const [ns, place] of [
      [net.red, 1],
      [net.green, 2],
    ] as const) {
      const [lo, eth0] = await ipJson<{ flags: string[]; addr_info: { local: string; prefixlen: number }[] }[]>(
        ns,
        'address',
      )
      expect([lo?.flags, eth0?.flags]).toEqual([
        expect.arrayContaining(['UP']),
        expect.arrayContaining(['UP', 'LOWER_UP']),
      ])
      const global = eth0?.addr_info.filter(({ local }) => !local.startsWith('fe80'))
      expect(global).toMatchObject([
        { local: `10.0.0.${place}`, prefixlen: 24 },
        { local: `fd00::${place}`, prefixlen: 64 },
      ])
    }
  })

  test.each(['10.0.0.2', 'fd00::2'])('reaches %s at once', async (host) => {
    const server = net.use(await net.green.listen({ host, port: 80 }))
    server.on('connection', (socket) => socket.end('hello'))
    const socket = net.use(await net.red.connect({ host, port: 80 }))
    expect(String((await once(socket, 'data'))[0])).toBe('hello')
  })

  test('has names that tell which is which', () => {
    expect(net.red.name).toMatch(new RegExp(`^${ownPrefix}red-`))
    expect(net.green.name).toMatch(new RegExp(`^${ownPrefix}green-`))
    expect(existsSync(`/run/netns/${net.red.name!}`)).toBe(true)
  })
})

describe('a bridge', () => {
  const net = useNetNs({
    names: ['a', 'b', 'c'],
    join: 'bridge',
    prefix: ownPrefix,
    addresses: { a: ['192.0.2.1/24'], b: ['192.0.2.2/24', 'fd01::2/64'] },
  })

  test('joins all, each by a port of its name, with the addresses that are given', async () => {
    const ports = await ipJson(net.switch, 'link', 'show', 'master', 'br0')
    expect(ports.map(({ ifname }) => ifname).sort()).toEqual(['a', 'b', 'c'])
    const addresses = async (ns: NetNs): Promise<string[]> =>
      (await ns.addresses.list({ dev: 'eth0', scope: 'global' })).map(({ address }) => address)
    expect(await addresses(net.a)).toEqual(['192.0.2.1/24'])
    expect(await addresses(net.b)).toEqual(['192.0.2.2/24', 'fd01::2/64'])
    expect(await addresses(net.c)).toEqual([])
    await ip(net.a, 'route', 'get', '192.0.2.2')
  })

  test('carries traffic', async () => {
    net.use(await net.b.listen({ host: '192.0.2.2', port: 80 }))
    const socket = net.use(await net.a.connect({ host: '192.0.2.2', port: 80 }))
    expect(socket.remoteAddress).toBe('192.0.2.2')
  })
})

describe('prepare', () => {
  const order: string[] = []
  const net = useNetNs({
    prepare: async (mine) => {
      expect(mine.ns).toBe(net.ns)
      await mine.ns.links.set('lo', { up: true })
      mine.defer(() => order.push('cleaned up'))
    },
  })

  beforeEach(() => {
    order.push('hook of the test')
  })

  test('runs before the test, when the namespaces are there', async () => {
    expect((await net.ns.links.get('lo')).up).toBe(true)
    expect(order).toEqual(['hook of the test'])
  })

  test('cleans up at the end of the test', () => {
    expect(order).toEqual(['hook of the test', 'cleaned up', 'hook of the test'])
  })

  test('that fails leaves nothing, and its error is the test’s', async () => {
    const hooks = byHand()
    let ns: NetNs | undefined
    const prepare = (mine: { ns: NetNs }): never => {
      ns = mine.ns
      throw new Error('not today')
    }
    const other = useNetNs({ prepare, hooks })
    await expect(hooks.before()).rejects.toThrow('not today')
    expect(ns?.closed).toBe(true)
    expect(() => other.ns).toThrow(/none does/)
    await hooks.after()
  })
})

describe('cleanup', () => {
  test('is done the last first, all of it, whatever fails', async () => {
    const hooks = byHand()
    const net = useNetNs({ hooks })
    await hooks.before()
    const { ns } = net
    const order: string[] = []
    net.defer(() => order.push(`first, ${ns.closed ? 'too late' : 'in time'}`))
    net.defer(() => {
      throw new Error('one fails')
    })
    net.defer(() => Promise.reject(new Error('another fails')))
    net.use({ [Symbol.dispose]: () => order.push('disposed') })
    net.use({ [Symbol.asyncDispose]: async () => Promise.resolve(void order.push('disposed later')) })
    const failure = await failureOf(hooks.after())
    expect(failure).toBeInstanceOf(AggregateError)
    expect((failure as AggregateError).errors.map(String)).toEqual(['Error: another fails', 'Error: one fails'])
    expect(order).toEqual(['disposed later', 'disposed', 'first, in time'])
    expect(ns.closed).toBe(true)
  })

  test('of a test that was never said to have ended is done before the next one', async () => {
    const hooks = byHand()
    const net = useNetNs({ hooks })
    await hooks.before()
    const { ns } = net
    await hooks.before()
    expect(ns.closed).toBe(true)
    expect(net.ns.closed).toBe(false)
    await hooks.after()
  })

  test.each([undefined, null, 5, 'x', {}, { [Symbol.dispose]: 1 }])(
    'refuses %p, which cannot be disposed',
    async (it) => {
      const hooks = byHand()
      const net = useNetNs({ hooks })
      await hooks.before()
      expect(() => net.use(it as unknown as Disposable)).toThrow(having({ field: 'resource' }))
      expect(() => {
        net.defer(it as unknown as () => void)
      }).toThrow(having({ field: 'cleanup' }))
      await hooks.after()
    },
  )

  test('is done also if the test ended while its namespaces were still prepared: the hook took too long', async () => {
    const hooks = byHand()
    const seen: NetNs[] = []
    const prepare = async ({ ns }: { ns: NetNs }): Promise<void> => {
      seen.push(ns)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    useNetNs({ hooks, prepare })
    const late = hooks.before()
    await hooks.after()
    await late
    expect(seen.map(({ closed }) => closed)).toEqual([true])
  })

  test('is content with a namespace that the test has deleted', async () => {
    const hooks = byHand()
    const net = useNetNs({ hooks, prefix: ownPrefix })
    await hooks.before()
    await net.ns.delete()
    await hooks.after()
    await hooks.before()
    await NetNs.delete(net.ns.name!)
    await hooks.after()
  })
})

describe('a leak', () => {
  test('fails the test, and is named with where it was opened', async () => {
    const hooks = byHand()
    useNetNs({ hooks, leaks: { timeout: 0 } })
    await hooks.before()
    await using kept = await NetNs.create(uniqueName('kept'), { ephemeral: true })
    const failure = await failureOf(hooks.after())
    expect(failure).toBeInstanceOf(LeakError)
    const { leaks, code, message } = failure as LeakError
    expect(code).toBe('ERR_NETLOOM_LEAK')
    expect(leaks.map(({ kind, name }) => `${kind}: ${name}`)).toEqual(
      expect.arrayContaining([`handle: a handle of the namespace ${kept.name!}`, `namespace: ${kept.name!}`]),
    )
    expect(message).toMatch(/use_netns\.test\.ts:\d+/)
    expect(message).not.toMatch(/lib\/(netns|native|testing)\//)
  })

  test('only warns, or is not looked for, if that is wanted', async () => {
    const warnings: unknown[] = []
    const onWarning = jest
      .spyOn(process, 'emitWarning')
      .mockImplementation((...args: unknown[]) => void warnings.push(args))
    try {
      for (const leaks of ['warn', false, { ignore: () => true }] as const) {
        const hooks = byHand()
        useNetNs({ hooks, leaks: leaks === 'warn' ? { report: 'warn', timeout: 0 } : leaks })
        await hooks.before()
        using _kept = await NetNs.create()
        await hooks.after()
      }
    } finally {
      onWarning.mockRestore()
    }
    expect(warnings).toEqual([
      [expect.stringContaining('a handle of the namespace'), { type: 'NetloomWarning', code: 'NETLOOM_LEAK' }],
    ])
  })

  test('comes along with what else failed', async () => {
    const hooks = byHand()
    const net = useNetNs({ hooks, leaks: { timeout: 0 } })
    await hooks.before()
    using _kept = await NetNs.create()
    net.defer(() => {
      throw new Error('this too')
    })
    const failure = (await failureOf(hooks.after())) as AggregateError
    expect(failure.errors).toEqual([expect.objectContaining({ message: 'this too' }), expect.any(LeakError)])
    expect(failure.message).toMatch(/this too[^]*a handle of the namespace/)
  })
})

describe('tests that run at the same time', () => {
  const contexts = [{}, Object.assign(() => undefined, { task: {} })]

  test('have each their own, by their contexts, and are checked when the last of them has ended', async () => {
    const hooks = byHand()
    const net = useNetNs({ hooks, leaks: { timeout: 0 } })
    const [one, other] = contexts as [object, object]
    await Promise.all([hooks.before(one), hooks.before(other)])
    expect(net.of(one).ns).not.toBe(net.of(other).ns)
    expect(() => net.ns).toThrow(having({ code: 'ERR_NETLOOM_MANY_TESTS' }))
    using _kept = await NetNs.create()
    await hooks.after(one)
    expect(() => net.of(one)).toThrow(having({ code: 'ERR_NETLOOM_NO_TEST' }))
    expect(net.ns).toBe(net.of(other).ns)
    const failure = await failureOf(hooks.after(other))
    expect(failure).toMatchObject({ name: 'LeakError', message: expect.stringContaining('at the same time') as string })
  })

  test('leave no leaks to one another if there are none', async () => {
    const hooks = byHand()
    useNetNs({ hooks, pair: true })
    await Promise.all(contexts.map((context) => hooks.before(context)))
    for (const context of contexts) await hooks.after(context)
  })

  test.each([undefined, null, 5, 'x'])('have contexts that are objects, not %p', (context) => {
    const net = useNetNs({ hooks: byHand() })
    expect(() => net.of(context as unknown as object)).toThrow(having({ field: 'context' }))
  })
})

describe('two in one test', () => {
  const outer = useNetNs({ hooks: { beforeEach: beforeAll, afterEach: afterAll } })
  const inner = useNetNs()
  const more = useNetNs({ names: ['red'] })
  const seen = new Set<NetNs>()

  test.each([1, 2])('do not take each other for leaks, whichever ends first (%p)', () => {
    seen.add(outer.ns).add(inner.ns).add(more.red)
  })

  test('with hooks for all tests, they share theirs', () => {
    expect(seen.size).toBe(5)
  })
})

describe('in the wrong place', () => {
  const net = useNetNs({ hooks: byHand() })

  test('inside a test it says where to call it', () => {
    const message = expect.stringMatching(/inside the test ".*it says where to call it".*beside the tests/) as string
    expect(() => useNetNs()).toThrow(having({ code: 'ERR_NETLOOM_INSIDE_TEST', message }))
  })

  test('where no test runs there is nothing', () => {
    expect(() => net.ns).toThrow(having({ code: 'ERR_NETLOOM_NO_TEST', operation: 'useNetNs' }))
    expect(() => {
      net.defer(() => undefined)
    }).toThrow(/"defer" is there while a test runs/)
  })
})
