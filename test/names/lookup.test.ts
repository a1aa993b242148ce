// Names as a namespace knows them: its files, its name servers, asked from inside.
import { execFileSync, spawn } from 'node:child_process'
import { ADDRCONFIG, ALL, V4MAPPED, type LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from '../../lib/index'
import { settledSocketCount, socketCount } from '../sockets/count'
import { fresh } from '../support/namespaces'
import { etcOf } from './etc'
import { Code, records, serveNames, type Zone } from './server'

let before: number

beforeEach(() => {
  before = socketCount()
})

afterEach(async () => {
  expect(await settledSocketCount(before)).toBe(before)
})

async function withLoopback(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.set('lo', { up: true })
  return ns
}

/** A zone of addresses by name. */
const zoneOf =
  (hosts: Readonly<Record<string, readonly string[]>>): Zone =>
  (name, type) => {
    const known = hosts[name]
    if (known === undefined) return Code.noSuchName
    return records(name, type as 'A', ...known.filter((address) => address.includes(':') === (type === 'AAAA')))
  }

const local = 'nameserver 127.0.0.1\n'

test('one name means another address in each namespace', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  using _r = etcOf(red, { 'resolv.conf': local })
  using _g = etcOf(green, { 'resolv.conf': local })
  await using _red = await serveNames(red, '127.0.0.1', zoneOf({ 'web.test': ['10.0.0.1'] }))
  await using _green = await serveNames(green, '127.0.0.1', zoneOf({ 'web.test': ['10.0.0.2', 'fd00::2'] }))
  expect(await red.lookup('web.test')).toEqual({ address: '10.0.0.1', family: 4 })
  expect(await green.lookup('web.test', { all: true, order: 'ipv6first' })).toEqual([
    { address: 'fd00::2', family: 6 },
    { address: '10.0.0.2', family: 4 },
  ])
})

test('dnsmasq in the namespace is understood, with aliases and both families', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': local })
  const zone = [
    '--address=/a.test/10.1.2.3',
    '--address=/a.test/fd00::3',
    '--host-record=b.test,10.1.2.4',
    '--cname=c.test,b.test',
  ]
  const own = [
    '--keep-in-foreground',
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--pid-file=',
    '--local=/test/',
    '--user=root',
  ]
  const child = spawn('ip', ['netns', 'exec', red.name!, 'dnsmasq', ...own, ...zone], { stdio: 'ignore' })
  try {
    const limit = Date.now() + 5000
    while (!execFileSync('ss', ['-N', red.name!, '-Hlun'], { encoding: 'utf8' }).includes(':53') && Date.now() < limit)
      await sleep(10)
    expect(await red.lookup('a.test', { all: true, order: 'ipv4first' })).toEqual([
      { address: '10.1.2.3', family: 4 },
      { address: 'fd00::3', family: 6 },
    ])
    expect(await red.lookup('c.test', 4)).toEqual({ address: '10.1.2.4', family: 4 })
    await expect(red.lookup('b.test', { family: 6 })).rejects.toMatchObject({ code: 'ENOTFOUND', netns: red.name })
  } finally {
    const ended = once(child, 'exit')
    child.kill()
    await ended
  }
})

test('the hosts file of the namespace comes first, and the host’s where it has none', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, {
    hosts: '10.9.9.9 Db.internal db # 10.0.0.1 not-this\nfd00::9\tdb\nnonsense db\n',
    'resolv.conf': local,
  })
  await using server = await serveNames(red, '127.0.0.1', () => Code.noSuchName)
  expect(await red.lookup('DB.internal.')).toEqual({ address: '10.9.9.9', family: 4 })
  expect(await red.lookup('db', { family: 'IPv6' })).toEqual({ address: 'fd00::9', family: 6 })
  expect(server.asked).toEqual([])
  await expect(red.lookup('not-this')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  writeFileSync(`/etc/netns/${red.name}/hosts`, '10.9.9.10 db.internal\n')
  expect(await red.lookup('db.internal')).toEqual({ address: '10.9.9.10', family: 4 })
  await using anonymous = await fresh()
  expect((await anonymous.lookup('localhost', 4)).address).toBe('127.0.0.1')
})

test('nobody is asked for localhost or for an address', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '', 'resolv.conf': local })
  await using server = await serveNames(red, '127.0.0.1', () => Code.serverFailure)
  expect(await red.lookup('localhost', { all: true, order: 'ipv4first' })).toEqual([
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ])
  expect(await red.lookup('api.localhost', 6)).toEqual({ address: '::1', family: 6 })
  expect(await red.lookup('10.0.0.1')).toEqual({ address: '10.0.0.1', family: 4 })
  expect(await red.lookup('fe80::1%eth0')).toEqual({ address: 'fe80::1%eth0', family: 6 })
  expect(server.asked).toEqual([])
})

test('an answer that is too long for UDP is asked for by TCP', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': local })
  const many = Array.from({ length: 60 }, (_, n) => `10.0.1.${n}`)
  const zone: Zone = (name, type, by) => (by === 'udp' ? 'cut' : records(name, type as 'A', ...many))
  await using server = await serveNames(red, '127.0.0.1', zone)
  const found = await red.lookup('many.test', { family: 4, all: true })
  expect(found.map(({ address }) => address)).toEqual(many)
  expect(server.asked).toEqual(['udp A many.test', 'tcp A many.test'])
})

test('options use-vc and no-aaaa are heeded', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': `${local}options use-vc no-aaaa\n` })
  await using server = await serveNames(red, '127.0.0.1', zoneOf({ 'a.test': ['10.0.0.1'] }))
  expect((await red.lookup('a.test')).address).toBe('10.0.0.1')
  expect(server.asked).toEqual(['tcp A a.test'])
})

test('a name with few dots is looked for in the domains of the search list first, one with many at last', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': `domain other.test\nsearch one.test two.test\n${local}options ndots:2\n` })
  await using server = await serveNames(
    red,
    '127.0.0.1',
    zoneOf({ 'db.two.test': ['10.0.0.2'], 'x.y.z.two.test': ['10.0.0.3'] }),
  )
  expect((await red.lookup('db', 4)).address).toBe('10.0.0.2')
  expect(server.asked.splice(0)).toEqual(['udp A db.one.test', 'udp A db.two.test'])
  expect((await red.lookup('x.y.z', 4)).address).toBe('10.0.0.3')
  expect(server.asked.splice(0)).toEqual(['udp A x.y.z', 'udp A x.y.z.one.test', 'udp A x.y.z.two.test'])
  await expect(red.lookup('db.', 4)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(server.asked).toEqual(['udp A db'])
})

test('the next server is asked where one refuses, does not know how, or is not there', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': 'nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver ::1\n' })
  await using first = await serveNames(red, '127.0.0.1', () => Code.refused)
  await using third = await serveNames(red, '::1', zoneOf({ 'a.test': ['10.0.0.1'] }))
  const begin = performance.now()
  expect((await red.lookup('a.test', 4)).address).toBe('10.0.0.1')
  expect(performance.now() - begin).toBeLessThan(4900) // no silence was waited for: that is five seconds
  expect([first.asked, third.asked]).toEqual([['udp A a.test'], ['udp A a.test']])
})

test('a server that says nothing is waited for, and the next one asked', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': 'nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions timeout:1 attempts:1\n' })
  await using _silent = await serveNames(red, '127.0.0.1', () => 'silence')
  await using _other = await serveNames(red, '127.0.0.2', zoneOf({ 'a.test': ['10.0.0.1'] }))
  const begin = performance.now()
  expect((await red.lookup('a.test', 4)).address).toBe('10.0.0.1')
  expect(performance.now() - begin).toBeGreaterThan(900)
})

test('with rotate, each question begins with another server', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': 'nameserver 127.0.0.1\nnameserver 127.0.0.2\noptions rotate\n' })
  await using first = await serveNames(red, '127.0.0.1', zoneOf({ 'a.test': ['10.0.0.1'] }))
  await using second = await serveNames(red, '127.0.0.2', zoneOf({ 'a.test': ['10.0.0.2'] }))
  const found = [await red.lookup('a.test', 4), await red.lookup('a.test', 4)]
  expect(found.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.2'])
  expect([first.asked.length, second.asked.length]).toEqual([1, 1])
})

test('a server that is not there is not asked for the name in each domain', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': `search ${'a b c d e f'.replaceAll(' ', '.test ')}\n${local}` })
  await using server = await serveNames(red, '127.0.0.1', () => Code.serverFailure)
  await expect(red.lookup('db', 4)).rejects.toMatchObject({ code: 'EAI_AGAIN' })
  expect(server.asked).toHaveLength(14) // all seven names twice: it is there
  using _silent = etcOf(red, {
    'resolv.conf': 'nameserver 127.0.0.9\nsearch a.test b.test\noptions timeout:1 attempts:1\n',
  })
  await using silent = await serveNames(red, '127.0.0.9', () => 'silence')
  await expect(red.lookup('db', 4)).rejects.toMatchObject({ code: 'EAI_AGAIN' })
  expect(silent.asked).toEqual(['udp A db.a.test'])
})

test('no server that helps is EAI_AGAIN, no such name ENOTFOUND, as from Node', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': local })
  const shared = { syscall: 'getaddrinfo', hostname: 'a.test', netns: red.name }
  await expect(red.lookup('a.test')).rejects.toMatchObject({ code: 'EAI_AGAIN', errno: -3001, ...shared })
  await using server = await serveNames(red, '127.0.0.1', () => Code.noSuchName)
  await expect(red.lookup('a.test')).rejects.toMatchObject({ code: 'ENOTFOUND', errno: -3008, ...shared })
  expect(server.asked).toHaveLength(2)
  const label = 'a'.repeat(64)
  await expect(red.lookup(`${label}.test`)).rejects.toMatchObject({ code: 'ENOTFOUND' })
  expect(server.asked).toHaveLength(2)
})

test('an answer to another question, or from somebody else, is none', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': `${local}options attempts:1 timeout:1\n` })
  const zone: Zone = (name, type) => [
    ...records('evil.test', type as 'A', '10.6.6.6'),
    ...records(name, 'CNAME', 'Alias.test'),
    ...records('alias.test', type as 'A', '10.0.0.1'),
  ]
  await using _server = await serveNames(red, '127.0.0.1', zone)
  expect(await red.lookup('a.test', { family: 4, all: true })).toEqual([{ address: '10.0.0.1', family: 4 }])
})

test('it has the callbacks of dns.lookup, without its this', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '10.0.0.1 a\nfd00::1 a\n', 'resolv.conf': local })
  const { lookup } = red
  const one = new Promise((resolve) => {
    lookup('a', { family: 6 }, (...args) => {
      resolve(args)
    })
  })
  expect(await one).toEqual([null, 'fd00::1', 6])
  const all = new Promise((resolve) => {
    lookup('a', { all: true, order: 'ipv4first' }, (_error, found) => {
      resolve(found)
    })
  })
  expect(((await all) as LookupAddress[]).map(({ address }) => address)).toEqual(['10.0.0.1', 'fd00::1'])
  const failed = new Promise((resolve) => {
    lookup('none', (error) => {
      resolve(error)
    })
  })
  expect(await failed).toMatchObject({ code: 'EAI_AGAIN', hostname: 'none' })
})

test('hints: IPv4 addresses as IPv6, and only families that the namespace has', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '10.0.0.1 a b\nfd00::1 a\n' })
  expect(await red.lookup('b', { family: 6, hints: V4MAPPED })).toEqual({ address: '::ffff:10.0.0.1', family: 6 })
  const both = await red.lookup('a', { family: 6, hints: V4MAPPED | ALL, all: true })
  expect(both.map(({ address }) => address)).toEqual(['fd00::1', '::ffff:10.0.0.1'])
  await expect(red.lookup('a', { hints: ADDRCONFIG })).rejects.toMatchObject({ code: 'ENOTFOUND' })
  await red.links.add({ kind: 'bridge', name: 'br0', up: true, addrGenMode: 'none' })
  await red.addresses.add({ dev: 'br0', address: '10.5.0.1/24' })
  expect(await red.lookup('a', { hints: ADDRCONFIG, all: true })).toEqual([{ address: '10.0.0.1', family: 4 }])
})

test('in the order of the addresses themselves, what cannot be reached comes last', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '10.0.0.1 a\nfd00::1 a\n' })
  const order = async (): Promise<number[]> =>
    (await red.lookup('a', { all: true, verbatim: true })).map(({ family }) => family)
  expect(await order()).toEqual([4, 6])
  await red.links.add({ kind: 'bridge', name: 'br0', up: true })
  await red.addresses.add({ dev: 'br0', address: 'fd00::2/64', flags: ['nodad'] })
  expect(await order()).toEqual([6, 4])
})

test('a signal or a time limit ends it, and no socket is left', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': local })
  await using _server = await serveNames(red, '127.0.0.1', () => 'silence')
  const controller = new AbortController()
  const waiting = red.lookup('a.test', { signal: controller.signal })
  setTimeout(() => {
    controller.abort()
  }, 20)
  await expect(waiting).rejects.toMatchObject({ code: 'ABORT_ERR' })
  await expect(red.lookup('a.test', { timeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT', netns: red.name })
  await expect(red.lookup('a.test', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' })
})

test('links below /etc/netns are not followed', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  using _ = etcOf(red, { 'resolv.conf': local })
  symlinkSync('/etc/passwd', `/etc/netns/${red.name}/hosts`)
  await expect(red.lookup('a')).rejects.toMatchObject({ code: 'ELOOP', netns: red.name })
  mkdirSync('/etc/netns', { recursive: true })
  symlinkSync(`/etc/netns/${red.name}`, `/etc/netns/${green.name}`)
  try {
    await expect(green.lookup('a')).rejects.toMatchObject({ code: 'ELOOP', netns: green.name })
  } finally {
    rmSync(`/etc/netns/${green.name}`)
  }
})

test('a handle that is closed resolves nothing', async () => {
  const red = await withLoopback()
  await red.delete()
  await expect(red.lookup('a')).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})
