// The sockets of a namespace, with `ss` of iproute2 as the oracle.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetNs, type InetSocketInfo, type SocketInfo, type SocketsOptions } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ownPrefix } from '../support/namespaces'

const net = useNetNs({ prefix: ownPrefix })
let ns: NetNs
beforeEach(async () => {
  ns = net.ns
  await ns.links.set('lo', { up: true })
})

const portOf = (server: Server): number => (server.address() as AddressInfo).port

function listening(host: string, port = 0, more: object = {}): Promise<Server> {
  return ns.listen({ host, port, ...more }).then((server) => net.use(server))
}

/** Both ends of a connection, the accepted one first. */
async function connected(server: Server, host: string, more: object = {}): Promise<[Socket, Socket]> {
  const accepted = once(server, 'connection')
  const socket = await ns.connect({ host, port: portOf(server), ...more })
  const [far] = (await accepted) as [Socket]
  return [net.use(far), net.use(socket)]
}

/** A program in the namespace that has a UDP socket `s` at port 5000, made so. */
function python(code: string, kind = 'SOCK_DGRAM'): { ready: Promise<unknown>; pid: number; end(): Promise<void> } {
  const bind = 's.bind(("", 5000)); print("ready", flush=True); import sys; sys.stdin.read()'
  const script = ['from socket import *', `s = socket(AF_INET, ${kind})`, code, bind].join('\n')
  const child = spawn('ip', ['netns', 'exec', ns.name!, 'python3', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  return {
    ready: Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error('it ended')))]),
    pid: child.pid!,
    async end() {
      child.stdin.end()
      await exited
    },
  }
}

const ends = ({ protocol, state, localAddress, localPort, remoteAddress, remotePort }: InetSocketInfo): string =>
  `${protocol} ${state} ${localAddress}:${localPort} ${remoteAddress ?? '-'}:${remotePort ?? '-'}`

async function list(options: SocketsOptions<'tcp' | 'udp'>): Promise<string[]> {
  return (await ns.sockets(options)).map(ends).sort()
}

const states: Record<string, string> = { LISTEN: 'listen', ESTAB: 'established', UNCONN: 'closed' }

/** What ss prints, in our words. */
function ss(...args: string[]): string[] {
  const out = execFileSync('ip', ['netns', 'exec', ns.name!, 'ss', '-OHna', ...args], { encoding: 'utf8' })
  const lines = out.split('\n').filter((line) => line !== '')
  return lines
    .map((line) => {
      const [netid = '', state = '', , , local = '', remote = ''] = line.trim().split(/\s+/)
      const end = (text: string): string => text.replace(/%\w+/, '').replaceAll(/[[\]]/g, '').replace(/^\*:/, ':::')
      const far = remote.endsWith(':*') ? '-:-' : end(remote)
      return `${netid} ${states[state] ?? state} ${end(local)} ${far}`
    })
    .sort()
}

test('are those that ss shows', async () => {
  await connected(await listening('127.0.0.1', 80), '127.0.0.1')
  await connected(await listening('::1', 443), '::1')
  await connected(await listening('::', 8080), '127.0.0.1')
  const udp = net.use(await ns.createSocket('udp4'))
  udp.bind(53)
  await once(udp, 'listening')
  const joined = net.use(await ns.createSocket('udp6'))
  joined.connect(53, '::1')
  await once(joined, 'connect')
  const found = await list({})
  expect(found).toHaveLength(11)
  expect(found).toEqual(ss('-tu'))
})

test('of other namespaces are not among them', async () => {
  await listening('127.0.0.1', 80)
  await using other = await NetNs.create()
  expect(await other.sockets({ protocol: ['tcp', 'udp', 'unix', 'packet'] })).toEqual([])
})

describe('are filtered by the kernel:', () => {
  beforeEach(async () => {
    await listening('127.0.0.1', 80)
    await listening('127.0.0.2', 81)
    await listening('::1', 90)
    await connected(await listening('::', 99), '127.0.0.1', { localPort: 2000 })
    await ip(ns, 'link', 'add', 'eth0', 'up', 'type', 'bridge')
  })

  const listen80 = 'tcp listen 127.0.0.1:80 -:-'
  const listen81 = 'tcp listen 127.0.0.2:81 -:-'
  const listen90 = 'tcp listen ::1:90 -:-'
  const listen99 = 'tcp listen :::99 -:-'
  const client = 'tcp established 127.0.0.1:2000 127.0.0.1:99'
  const accepted = 'tcp established ::ffff:127.0.0.1:99 ::ffff:127.0.0.1:2000'

  test.each<[SocketsOptions<'tcp' | 'udp'>, string[]]>([
    [{ state: 'listen' }, [listen80, listen81, listen90, listen99]],
    [{ state: ['established', 'timeWait'] }, [client, accepted]],
    [{ state: 'synReceived' }, []],
    [{ protocol: 'udp' }, []],
    [{ family: 'ipv6' }, [listen90, listen99, accepted]],
    [{ family: 'ipv4' }, [listen80, listen81, client]],
    [{ localPort: 80 }, [listen80]],
    [{ localPort: [80, 90, 7] }, [listen80, listen90]],
    [{ localPort: { from: 81, to: 90 } }, [listen81, listen90]],
    [{ localPort: { to: 80 } }, [listen80]],
    [{ localPort: [{ from: 2000 }, 80, { from: 81, to: 81 }] }, [listen80, listen81, client]],
    [{ localPort: 0 }, []],
    [{ remotePort: 99 }, [client]],
    [{ remotePort: { from: 2000, to: 2000 } }, [accepted]],
    [{ localAddress: '127.0.0.1' }, [listen80, client, accepted]],
    [{ localAddress: '127.0.0.0/8', state: 'listen' }, [listen80, listen81]],
    [{ localAddress: ['127.0.0.2', '::1'] }, [listen81, listen90]],
    [{ localAddress: '::ffff:0:0/96' }, [accepted]],
    [{ localAddress: '::/0', state: 'listen' }, [listen90, listen99]],
    [{ remoteAddress: '127.0.0.1', remotePort: [99, 98], localPort: [1, 2, 2000] }, [client]],
    [{ remoteAddress: '10.0.0.0/8' }, []],
    [{ dev: 'eth0' }, []],
    [{ dev: 1 }, []],
    [{ mark: 5 }, []],
    [{ mark: { value: 0, mask: 0xff }, localPort: 80 }, [listen80]],
    [{ cgroup: 1n << 60n }, []],
  ])('%j', async (options, expected) => {
    expect(await list(options)).toEqual([...expected].sort())
  })

  test('by thousands of ports', async () => {
    const localPort = Array.from({ length: 4000 }, (_, i) => i + 81)
    expect(await list({ localPort, state: 'listen' })).toEqual([listen81, listen90, listen99].sort())
    // What does not fit into a message.
    await expect(list({ localPort: [...localPort, ...localPort] })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  })

  test('by cgroup', async () => {
    const [socket] = await ns.sockets({ localPort: 80 })
    expect(typeof socket?.cgroup).toBe('bigint')
    expect(await list({ cgroup: socket!.cgroup, localPort: 80 })).toEqual([listen80])
  })

  test('by the device that they are bound to, and by mark', async () => {
    const open = python('s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"eth0"); s.setsockopt(SOL_SOCKET, SO_MARK, 7)')
    await open.ready
    const { index } = await ns.links.get('eth0')
    const bound = [expect.objectContaining({ localPort: 5000, dev: index, mark: 7 })]
    expect(await ns.sockets({ dev: 'eth0' })).toEqual(bound)
    expect(await ns.sockets({ dev: index, mark: 7 })).toEqual(bound)
    expect(await ns.sockets({ mark: { value: 1, mask: 1 } })).toEqual(bound)
    expect(await ns.sockets({ dev: index, mark: 6 })).toEqual([])
    await open.end()
  })

  test('a device that is not there is an error', async () => {
    await expect(ns.sockets({ dev: 'eth7' })).rejects.toMatchObject({ code: 'ENODEV', netns: ns.name })
  })
})

describe('tell', () => {
  test('what TCP knows, if asked', async () => {
    const [far, near] = await connected(await listening('127.0.0.1', 80), '127.0.0.1')
    near.write(Buffer.alloc(100_000))
    let read = 0
    far.on('data', (chunk: Buffer) => (read += chunk.length))
    await expectSoon(() => Promise.resolve(read === 100_000))
    const [socket] = await ns.sockets({ protocol: 'tcp', remotePort: 80, info: true, memory: true })
    expect(socket).toMatchObject({
      tos: 0,
      uid: 0,
      shutdown: [],
      info: { congestionState: 'open', bytesAcknowledged: 100_001n },
      memory: { drops: 0 },
    })
    // A machine that is busy may let the kernel send some of it again.
    expect(socket!.info!.bytesSent! - socket!.info!.bytesRetransmitted!).toBe(100_000n)
    expect(socket!.info!.options).toEqual(expect.arrayContaining(['timestamps', 'selectiveAcks', 'windowScale']))
    const shown = execFileSync('ip', ['netns', 'exec', ns.name!, 'ss', '-OHntim', 'dport = 80'], { encoding: 'utf8' })
    const { info, memory } = socket!
    expect(shown).toContain(` ${socket!.congestion!} wscale:${info!.sendWindowScale},${info!.receiveWindowScale}`)
    expect(shown).toContain(`rto:${info!.timeout} rtt:${info!.roundTrip}/${info!.roundTripVariation} `)
    expect(shown).toContain(` mss:${info!.sendSegment} pmtu:${info!.pathMtu} `)
    expect(shown).toContain(`cwnd:${info!.congestionWindow}`)
    expect(shown).toContain(`segs_out:${info!.segmentsSent} segs_in:${info!.segmentsReceived}`)
    expect(shown).toContain(`rb${memory!.receiveBuffer},`)
    expect(shown).toContain(`tb${memory!.sendBuffer},`)
    const [brief] = await ns.sockets({ protocol: 'tcp', remotePort: 80 })
    expect(Object.keys(brief!)).not.toEqual(expect.arrayContaining(['info']))
    expect(Object.keys(brief!)).not.toEqual(expect.arrayContaining(['memory']))
  })

  test('queues, the backlog of a server, and timers', async () => {
    const server = await listening('127.0.0.1', 80, { backlog: 7 })
    expect(await ns.sockets({ state: 'listen' })).toMatchObject([{ receiveQueue: 0, sendQueue: 7 }])
    const [far, near] = await connected(server, '127.0.0.1', { keepAlive: true, keepAliveInitialDelay: 60_000 })
    const [client] = await ns.sockets({ remotePort: 80 })
    expect(client).toMatchObject({ sendQueue: 0, timer: { name: 'keepAlive', tries: 0 } })
    expect(client!.timer!.remaining).toBeGreaterThan(50_000)
    expect(client!.timer!.remaining).toBeLessThanOrEqual(60_000)
    far.pause()
    near.write(Buffer.alloc(1_000_000))
    await expectSoon(async () => (await ns.sockets({ localPort: 80, state: 'established' }))[0]!.receiveQueue > 100_000)
    far.resume()
    near.end()
    await once(far, 'end')
    far.end()
    await expectSoon(async () => (await ns.sockets({ state: 'timeWait' })).length === 1)
    const [over] = await ns.sockets({ state: 'timeWait', processes: true })
    expect(over).toMatchObject({ inode: 0, remotePort: 80, timer: { name: 'timeWait' }, processes: [] })
  })

  test('the processes that have them: this one, those of the namespace, and on demand all', async () => {
    const server = await listening('127.0.0.1', 80)
    const other = python('')
    await other.ready
    const [mine] = await ns.sockets({ protocol: 'tcp', processes: true })
    expect(mine!.processes).toMatchObject([{ pid: process.pid }])
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    expect(mine!.processes![0]!.fd).toBe(fd)
    const [theirs] = await ns.sockets({ protocol: 'udp', processes: true })
    expect(theirs!.processes).toEqual([{ pid: other.pid, fd: 3, command: 'python3' }])
    await other.end()

    // A child that lives here, and has a socket from there.
    const child = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', fd] })
    const [exited] = [once(child, 'exit')]
    try {
      const pids = ({ processes }: SocketInfo): Set<number> => new Set(processes!.map(({ pid }) => pid))
      expect(pids((await ns.sockets({ protocol: 'tcp', processes: true }))[0]!)).toEqual(new Set([process.pid]))
      const everywhere = await ns.sockets({ protocol: 'tcp', processes: 'everywhere' })
      expect(pids(everywhere[0]!)).toEqual(new Set([process.pid, child.pid]))
    } finally {
      child.kill()
      await exited
    }
  })
})

test('Unix sockets: names, files, peers, and what waits', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'diag-'))
  const path = join(directory, 'ü.sock')
  const server = await ns.listen({ path })
  const abstract = await ns.listen({ path: '\0abstract' })
  const accepted = once(server, 'connection')
  const client = await ns.connect({ path })
  const [far] = (await accepted) as [Socket]
  const found = await ns.sockets({ protocol: 'unix', processes: true })
  const [listens, named] = [found.filter(({ state }) => state === 'listen'), found.filter((socket) => socket.peer)]
  const { dev, ino } = statSync(path)
  expect(listens.map((socket) => socket.path).sort()).toEqual(['\0abstract', path])
  expect(listens.find((socket) => socket.path === path)).toMatchObject({
    type: 'stream',
    file: { device: dev, inode: ino },
    pending: [],
    receiveQueue: 0,
    uid: 0,
    processes: [{ pid: process.pid }],
  })
  expect(named).toHaveLength(2)
  expect(named.map(({ peer }) => peer).sort()).toEqual(named.map(({ inode }) => inode).sort())
  expect(found).toHaveLength(4)
  expect(await ns.sockets({ protocol: 'unix', state: 'established' })).toHaveLength(2)
  far.destroy()
  client.destroy()
  await Promise.all([server, abstract].map((one) => once(one.close(), 'close')))
  rmSync(directory, { recursive: true })
})

test('packet and netlink sockets', async () => {
  const packets = await ns.packets({ dev: 'lo' })
  const { index } = await ns.links.get('lo')
  const found = await ns.sockets({ protocol: ['packet', 'netlink'], memory: true })
  expect(found).toContainEqual(
    expect.objectContaining({ protocol: 'packet', type: 'raw', etherType: 3, dev: index, uid: 0 }),
  )
  await packets.close()
  expect(await ns.sockets({ protocol: 'packet' })).toEqual([])
  const own = found.filter((socket) => socket.protocol === 'netlink')
  expect(own).toContainEqual(expect.objectContaining({ netlink: 'route', portId: 0 }))
  const asking = own.find(({ netlink, portId }) => netlink === 'sockDiag' && portId !== 0)
  expect(asking!.memory!.receiveBuffer).toBeGreaterThan(0)

  const script =
    'from socket import *; s = socket(AF_NETLINK, SOCK_RAW, 0); s.bind((0, 0x41)); print(1, flush=True); import sys; sys.stdin.read()'
  const child = spawn('ip', ['netns', 'exec', ns.name!, 'python3', '-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  expect(await ns.sockets({ protocol: 'netlink' })).toContainEqual(
    expect.objectContaining({ netlink: 'route', portId: child.pid, groups: [1, 7] }),
  )
  child.stdin.end()
  await once(child, 'exit')
})

test('MPTCP sockets', async () => {
  const open = python('s.bind(("", 5001)); s.listen(3); mptcp = s; s = socket(AF_INET, SOCK_DGRAM)', 'SOCK_STREAM, 262')
  await open.ready
  expect((await ns.sockets({ protocol: 'mptcp' })).map(ends)).toEqual(['mptcp listen 0.0.0.0:5001 -:-'])
  await open.end()
})

test('a kind that the kernel does not list is an error that says so', async () => {
  const listed = ns.sockets({ protocol: ['tcp', 'raw'] })
  const ended = await listed.catch((error: unknown) => error)
  // Where the kernel has raw_diag, there is none.
  if (Array.isArray(ended)) expect(ended).toEqual([])
  else expect(ended).toMatchObject({ name: 'NetloomError', code: 'EPROTONOSUPPORT', netns: ns.name })
  expect(String(ended)).toMatch(/^$|this kernel does not list all of tcp, raw: a module such as raw_diag/)
})

test('thousands of them are listed, each once', async () => {
  const sockets = await Promise.all(Array.from({ length: 2000 }, () => ns.createSocket('udp4')))
  await Promise.all(
    sockets.map(async (socket) => {
      socket.bind(0, '127.0.0.1')
      await once(socket, 'listening')
    }),
  )
  const found = await ns.sockets()
  expect(new Set(found.map(({ cookie }) => cookie)).size).toBe(2000)
  expect(new Set(found.map(({ localPort }) => localPort))).toEqual(new Set(sockets.map((one) => one.address().port)))
  await Promise.all(sockets.map((socket) => once(socket.close(), 'close')))
})

test('an aborted call and a closed namespace', async () => {
  await expect(ns.sockets({}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' })
  const other = await NetNs.create()
  other.close()
  await expect(other.sockets()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  await expect(other.destroySockets({ localPort: 1 })).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})

describe('are destroyed', () => {
  test('by condition, the others live on', async () => {
    const server = await listening('127.0.0.1', 80)
    const accepted = once(server, 'connection')
    const first = await ns.connect({ host: '127.0.0.1', port: 80, localPort: 2000 })
    const [farFirst] = (await accepted) as [Socket]
    const reset = once(farFirst, 'error')
    const [farSecond, second] = await connected(server, '127.0.0.1', { localPort: 2001 })
    const failed = once(first, 'error')
    const destroyed = await ns.destroySockets({ protocol: 'tcp', localPort: 2000 })
    expect(destroyed.map(ends)).toEqual(['tcp established 127.0.0.1:2000 127.0.0.1:80'])
    expect(await failed).toMatchObject([{ code: 'ECONNABORTED' }])
    expect(await reset).toMatchObject([{ code: 'ECONNRESET' }])
    const heard = once(farSecond, 'data')
    second.write('still here')
    expect(String((await heard)[0])).toBe('still here')
    expect(await ns.destroySockets({ localPort: 2000 })).toEqual([])
  })

  test('servers, what is over, and UDP', async () => {
    const server = await listening('127.0.0.1', 80)
    const [far, near] = await connected(server, '127.0.0.1')
    near.end()
    far.resume().end()
    await expectSoon(async () => (await ns.sockets({ state: 'timeWait' })).length === 1)
    const udp = net.use(await ns.createSocket('udp4'))
    udp.connect(53, '127.0.0.1')
    await once(udp, 'connect')
    udp.on('error', () => undefined)
    const destroyed = await ns.destroySockets({ state: ['listen', 'timeWait', 'established'] })
    expect(destroyed.map(({ protocol, state }) => `${protocol} ${state}`).sort()).toEqual([
      'tcp listen',
      'tcp timeWait',
      'udp established',
    ])
    expect(await ns.sockets({ state: ['listen', 'timeWait', 'established'] })).toEqual([])
  })

  test('not without a condition', async () => {
    const server = await listening('127.0.0.1', 80)
    for (const none of [{}, { protocol: 'tcp' }, { state: undefined }] as const) {
      await expect(ns.destroySockets(none)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE', field: 'filter' })
    }
    expect(server.listening).toBe(true)
    expect(await ns.sockets()).toHaveLength(1)
  })
})

/** Waits until something holds. */
async function expectSoon(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries === 200) throw new Error('it does not come true')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
