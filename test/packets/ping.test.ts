// Ping: answers with times, errors by kind and source, and what ping(8) says of the same.
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NetNs, PingEvent, PingOptions } from '../../lib/index'
import { ip } from '../support/namespaces'
import { joined } from './joined'

const run = promisify(execFile)

async function inside(ns: NetNs, ...command: string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', ns.name!, ...command])).stdout
}

async function eventsOf(ns: NetNs, address: string, options?: PingOptions): Promise<PingEvent[]> {
  const events: PingEvent[] = []
  for await (const event of ns.ping(address, options)) events.push(event)
  return events
}

test.each(['10.0.0.2', 'fd00::2', 'fe80::2%eth0', '10.0.0.1', '127.0.0.1', '::1'])(
  '%s answers, with times that begin and end in the kernel',
  async (address) => {
    await using pair = await joined()
    const summary = await pair.red.ping(address, { count: 5, intervalMilliseconds: 5 })
    expect(summary).toMatchObject({ address, sent: 5, received: 5, duplicates: 0, errors: 0, loss: 0 })
    const { min = 0, average = 0, max = 0, deviation = -1 } = summary
    expect(min).toBeGreaterThan(0)
    expect(min).toBeLessThanOrEqual(average)
    expect(average).toBeLessThanOrEqual(max)
    expect(max).toBeLessThan(1000)
    expect(deviation).toBeGreaterThanOrEqual(0)
  },
)

test('the events tell who answered, and when the event loop was busy, the time is still that of the kernel', async () => {
  await using pair = await joined()
  const events: PingEvent[] = []
  const ping = pair.red.ping('10.0.0.2', { count: 2, intervalMilliseconds: 1, ttl: 9, size: 1000 })
  for await (const event of ping) {
    events.push(event)
    const busy = performance.now() + 500
    while (performance.now() < busy) continue
  }
  expect(events).toMatchObject([
    { type: 'reply', sequence: 1, from: '10.0.0.2', ttl: 64, size: 1000, duplicate: false },
    { type: 'reply', sequence: 2, from: '10.0.0.2', ttl: 64, size: 1000, duplicate: false },
  ])
  for (const event of events) expect(event.type === 'reply' ? event.time : NaN).toBeLessThan(250)
  expect(ping.summary).toMatchObject({ sent: 2, received: 2 })
})

test('a delay of the network is seen, as by ping(8)', async () => {
  await using pair = await joined()
  const slow = await run('tc', [
    '-n',
    pair.green.name!,
    'qdisc',
    'add',
    'dev',
    'eth0',
    'root',
    'netem',
    'delay',
    '30ms',
  ])
    .then(() => true)
    .catch(() => false)
  if (!slow) return // this kernel has no netem
  const { min = 0 } = await pair.red.ping('10.0.0.2', { count: 2, intervalMilliseconds: 5 })
  expect(min).toBeGreaterThan(29)
})

test('an unprivileged socket is used where the namespace allows it, else a raw one', async () => {
  await using pair = await joined()
  const sockets = (): string[] =>
    ['icmp', 'raw'].filter(
      (table) =>
        pair.red.run(() => readFileSync(`/proc/thread-self/net/${table}`, 'utf8').trim().split('\n').length) > 1,
    )
  const used = async (): Promise<string[]> => {
    for await (const event of pair.red.ping('10.0.0.2', { count: 1 })) {
      expect(event.type).toBe('reply')
      return sockets()
    }
    return []
  }
  expect(await used()).toEqual(['raw'])
  await inside(pair.red, 'sysctl', '-qw', 'net.ipv4.ping_group_range=0 2147483647')
  expect(await used()).toEqual(['icmp'])
  for (const address of ['fd00::2', 'fe80::2%eth0'])
    expect((await pair.red.ping(address, { count: 1 })).received).toBe(1)
})

describe.each(['raw', 'unprivileged'])('by a %s socket', (kind) => {
  async function routed(): Promise<Awaited<ReturnType<typeof joined>>> {
    const pair = await joined()
    if (kind === 'unprivileged') await inside(pair.red, 'sysctl', '-qw', 'net.ipv4.ping_group_range=0 2147483647')
    await inside(pair.green, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
    // Else it says so only now and then.
    await inside(pair.green, 'sysctl', '-qw', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0')
    await pair.red.routes.add({ dst: 'default', via: '10.0.0.2' })
    await pair.red.routes.add({ dst: 'default', via: 'fd00::2' })
    for (const [type, v4, v6] of [
      ['unreachable', '10.7.0.0/16', 'fd07::/32'],
      ['prohibit', '10.8.0.0/16', 'fd08::/32'],
    ] as const) {
      await ip(pair.green, 'route', 'add', type, v4)
      await ip(pair.green, '-6', 'route', 'add', type, v6)
    }
    await ip(pair.green, 'route', 'add', '10.6.0.0/16', 'via', '10.0.0.1')
    await ip(pair.green, '-6', 'route', 'add', 'fd06::/32', 'via', 'fd00::1')
    // It answers each, however quickly they come.
    await pair.green.sysctl.set({ 'net.ipv4.icmp_ratelimit': 0, 'net.ipv6.icmp.ratelimit': 0 })
    await ip(pair.green, 'link', 'add', 'small', 'mtu', '1300', 'type', 'bridge')
    await ip(pair.green, 'link', 'set', 'small', 'up')
    await ip(pair.green, 'address', 'add', '10.5.0.1/16', 'dev', 'small')
    await ip(pair.green, 'address', 'add', 'fd05::1/32', 'dev', 'small', 'nodad')
    return pair
  }

  test('routers say why there is no answer', async () => {
    await using pair = await routed()
    const expected: [string, PingOptions, object][] = [
      ['10.7.0.1', {}, { from: '10.0.0.2', kind: 'destinationUnreachable', reason: 'host unreachable' }],
      ['10.8.0.1', {}, { from: '10.0.0.2', kind: 'destinationUnreachable', reason: 'filtered' }],
      ['10.6.0.1', { ttl: 1 }, { from: '10.0.0.2', kind: 'timeExceeded', icmp: { type: 11, code: 0 } }],
      ['10.5.0.9', { size: 1400, dontFragment: true }, { from: '10.0.0.2', kind: 'packetTooBig', mtu: 1300 }],
      ['fd07::1', {}, { from: 'fd00::2', kind: 'destinationUnreachable', reason: 'no route' }],
      ['fd08::1', {}, { from: 'fd00::2', kind: 'destinationUnreachable', reason: 'prohibited' }],
      ['fd06::1', { ttl: 1 }, { from: 'fd00::2', kind: 'timeExceeded', code: 'EHOSTUNREACH' }],
      ['fd05::9', { size: 1400, dontFragment: true }, { from: 'fd00::2', kind: 'packetTooBig', mtu: 1300 }],
    ]
    for (const [address, options, event] of expected) {
      const events = await eventsOf(pair.red, address, { count: 1, ...options })
      expect(events).toMatchObject([{ type: 'error', sequence: 1, ...event }])
    }
    const summary = await pair.red.ping('10.6.0.1', { count: 2, intervalMilliseconds: 5, ttl: 1 })
    expect(summary).toMatchObject({ sent: 2, received: 0, errors: 2, loss: 1, min: undefined, average: undefined })
  })

  test('many at once each get their own answers', async () => {
    await using pair = await routed()
    const all = Array.from({ length: 20 }, (_, i) =>
      pair.red.ping(i % 2 === 0 ? '10.0.0.2' : 'fd00::2', { count: 20, intervalMilliseconds: 1 }),
    )
    for (const { received, duplicates } of await Promise.all(all)) expect([received, duplicates]).toEqual([20, 0])
  })
})

test('big ones are put together from fragments, and one that no packet can hold is refused at once', async () => {
  await using pair = await joined()
  for (const address of ['10.0.0.2', 'fd00::2']) {
    expect((await pair.red.ping(address, { count: 2, intervalMilliseconds: 5, size: 60_000 })).received).toBe(2)
  }
  const [tooBig] = await eventsOf(pair.red, '10.0.0.2', { count: 1, size: 2000, dontFragment: true })
  expect(tooBig).toMatchObject({ type: 'error', kind: 'packetTooBig', from: undefined, code: 'EMSGSIZE', mtu: 1500 })
})

test('with no interval each follows the answer before it: a flood', async () => {
  await using pair = await joined()
  const { received, loss, duration } = await pair.red.ping('10.0.0.2', { count: 2000, intervalMilliseconds: 0 })
  expect([received, loss]).toEqual([2000, 0])
  // The shortest interval that can be asked for would take that long for its timers alone, on a machine that does nothing else.
  expect(duration).toBeLessThan(2000 * 10)
})

test('silence is a timeout for each request, and an answer that comes too late is one all the same', async () => {
  await using pair = await joined()
  await ip(pair.red, 'neighbor', 'add', '10.0.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'eth0', 'nud', 'permanent')
  const events = await eventsOf(pair.red, '10.0.0.9', { count: 2, intervalMilliseconds: 10, timeout: 50 })
  expect(events).toEqual([
    { type: 'timeout', sequence: 1 },
    { type: 'timeout', sequence: 2 },
  ])
  // No answer until the neighbor is known, which takes longer than it is waited for.
  await pair.green.links.set('eth0', { arp: false })
  const late: PingEvent[] = []
  for await (const event of pair.red.ping('10.0.0.2', { count: 3, intervalMilliseconds: 200, timeout: 100 })) {
    late.push(event)
    if (event.type === 'timeout' && event.sequence === 1) await pair.green.links.set('eth0', { arp: true })
  }
  expect(late.filter(({ type, sequence }) => type === 'timeout' && sequence === 1)).toHaveLength(1)
})

test('a broadcast is answered by all, each answer but the first a duplicate', async () => {
  await using pair = await joined()
  for (const ns of [pair.red, pair.green]) await inside(ns, 'sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_broadcasts=0')
  const events = await eventsOf(pair.red, '10.0.0.255', { count: 1, timeout: 200 })
  expect(events[0]).toMatchObject({ type: 'reply', duplicate: false })
  const multicast = await eventsOf(pair.red, 'ff02::1%eth0', { count: 2, intervalMilliseconds: 100, timeout: 100 })
  const replies = multicast.flatMap((event) => (event.type === 'reply' ? [event] : []))
  expect(new Set(replies.map(({ from }) => from))).toEqual(new Set(['fe80::1%eth0', 'fe80::2%eth0']))
  expect(replies.filter(({ duplicate }) => duplicate)).toHaveLength(2)
})

test('it comes from the address and by the device that are asked for', async () => {
  await using pair = await joined()
  await ip(pair.red, 'address', 'add', '10.0.0.11/24', 'dev', 'eth0')
  const packets = await pair.green.packets({ dev: 'eth0', protocol: 'ipv4' })
  const request = packets[Symbol.asyncIterator]().next()
  expect(
    (await pair.red.ping('10.0.0.2', { count: 1, source: '10.0.0.11', dev: 'eth0', trafficClass: 16 })).received,
  ).toBe(1)
  const { data } = (await request).value as { data: Buffer }
  expect([data[15], [...data.subarray(26, 30)]]).toEqual([16, [10, 0, 0, 11]])
  await packets.close()
})

describe('it fails with', () => {
  test.each<[string, string, PingOptions]>([
    ['ENETUNREACH', '192.0.2.1', {}],
    ['ENETUNREACH', '2001:db8::1', {}],
    ['EADDRNOTAVAIL', '10.0.0.2', { source: '10.0.0.77' }],
    ['ENODEV', '10.0.0.2', { dev: 'none' }],
    ['ENODEV', 'fe80::2%none', {}],
    ['ABORT_ERR', '10.0.0.2', { signal: AbortSignal.abort() }],
  ])('%s for %s %j', async (code, address, options) => {
    await using pair = await joined()
    const fields = { code, operation: 'NetNs.ping', netns: pair.red.name }
    await expect(pair.red.ping(address, options)).rejects.toMatchObject(fields)
  })

  test('ERR_NETLOOM_CLOSED for a closed handle', async () => {
    await using pair = await joined()
    await pair.red.delete()
    await expect(pair.red.ping('127.0.0.1')).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  })
})

test('without CAP_NET_RAW it is refused, unless the namespace allows it; packet sockets always are', async () => {
  await using pair = await joined()
  const program = `
    const { NetNs } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist'))})
    const show = (error) => console.log(error.code, /CAP_NET_RAW/.test(error.message))
    NetNs.open(${JSON.stringify(pair.red.name)}).then(async (ns) => {
      await ns.packets().then(() => console.log('open'), show)
      await ns.ping('10.0.0.2', { count: 1 }).then(({ received }) => console.log('received', received), show)
    })`
  const attempt = (): string =>
    spawnSync('setpriv', ['--bounding-set=-net_raw', '--inh-caps=-net_raw', process.execPath, '-e', program], {
      encoding: 'utf8',
      env: process.env,
    }).stdout
  expect(attempt()).toBe('EPERM true\nEPERM true\n')
  await inside(pair.red, 'sysctl', '-qw', 'net.ipv4.ping_group_range=0 2147483647')
  expect(attempt()).toBe('EPERM true\nreceived 1\n')
})

test('it ends early by its signal or when the loop is left, and what was counted can be asked for', async () => {
  await using pair = await joined()
  const ending = new AbortController()
  const ping = pair.red.ping('10.0.0.2', { count: Infinity, intervalMilliseconds: 2, signal: ending.signal })
  const enough = setInterval(() => {
    if (ping.summary.received > 3) ending.abort(new Error('enough'))
  }, 5)
  await expect(ping).rejects.toMatchObject({ code: 'ABORT_ERR', cause: { message: 'enough' } })
  clearInterval(enough)
  expect(ping.summary.received).toBeGreaterThan(3)
  for await (const event of pair.red.ping('10.0.0.2', { count: Infinity, intervalMilliseconds: 1 })) {
    if (event.sequence === 5) break
  }
})

test('a device that goes down and away under it ends nothing but the answers', async () => {
  await using pair = await joined()
  const count = 6
  const ping = pair.red.ping('10.0.0.2', { count, intervalMilliseconds: 200, timeout: 30 })
  const events: PingEvent[] = []
  for await (const event of ping) {
    events.push(event)
    if (event.sequence === 2) await pair.red.links.delete('eth0', { force: true })
  }
  // More may have been answered by then.
  expect(ping.summary.received).toBeGreaterThanOrEqual(1)
  expect(ping.summary.received).toBeLessThan(count)
  expect(ping.summary.sent).toBe(count)
  expect(events.at(-1)).toMatchObject({ type: 'error', kind: 'notSent', code: 'ENETUNREACH' })
})

test('ping(8) and this one see the same loss', async () => {
  await using pair = await joined()
  await inside(pair.green, 'sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=1')
  const theirs = await inside(pair.red, 'sh', '-c', 'ping -c3 -i0.02 -W0.1 10.0.0.2 || true')
  expect(theirs).toContain('100% packet loss')
  expect((await pair.red.ping('10.0.0.2', { count: 3, intervalMilliseconds: 20, timeout: 100 })).loss).toBe(1)
})
