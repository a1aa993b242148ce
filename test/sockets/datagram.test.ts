// UDP sockets inside namespaces: Node's own, which stay there whatever is done with them later.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { RemoteInfo, Socket } from 'node:dgram'
import { readlinkSync } from 'node:fs'
import type { NetNs } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'
import { settledSocketCount, socketCount } from './count'

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

/** Joins two namespaces by two cables, `first` and `second`, with addresses of both families on each. */
async function joined(red: NetNs, green: NetNs): Promise<void> {
  for (const [net, name] of ['first', 'second'].entries()) {
    await red.links.add({ kind: 'veth', name, up: true, peer: { netns: green, name, up: true } })
    for (const [n, ns] of [red, green].entries()) {
      await ip(ns, 'address', 'add', `10.0.${net}.${n + 1}/24`, 'dev', name)
      await ip(ns, 'address', 'add', `fe80::${net}:${n + 1}/64`, 'dev', name, 'nodad')
    }
  }
}

/** What ss says that is bound in a namespace. */
function bound(ns: NetNs): string[] {
  const out = execFileSync('ss', ['-N', ns.name!, '-a', '-u', '-n', '-H'], { encoding: 'utf8' })
  return out.split('\n').flatMap((line) => line.split(/\s+/)[3] ?? [])
}

async function closed(...sockets: Socket[]): Promise<void> {
  const closing = sockets.map((socket) => once(socket, 'close'))
  for (const socket of sockets) socket.close()
  await Promise.all(closing)
}

async function listening(socket: Socket, port: number, address?: string): Promise<void> {
  const bound = once(socket, 'listening')
  socket.bind(port, address)
  await bound
}

test.each([
  { type: 'udp4' as const, address: '127.0.0.1' },
  { type: 'udp6' as const, address: '::1' },
])('$type: bound, sent to and answered in the namespace', async ({ type, address }) => {
  await using red = await withLoopback()
  const heard: string[] = []
  const server = await red.createSocket(type, (message, from) => {
    heard.push(String(message))
    server.send('answer', from.port, from.address)
  })
  await listening(server, 5300, address)
  expect(server.address()).toMatchObject({ address, port: 5300 })
  expect(bound(red).join()).toContain(':5300')
  const client = await red.createSocket({ type })
  const answered = once(client, 'message') as Promise<[Buffer, RemoteInfo]>
  client.send('question', 5300, address) // binds by itself
  const [answer, from] = await answered
  expect([String(answer), from.port, heard]).toEqual(['answer', 5300, ['question']])
  await closed(server, client)
})

test('the same port of the same address, in two namespaces and outside', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  const sockets = await Promise.all([red, green].map((ns) => ns.createSocket('udp4')))
  for (const socket of sockets) await listening(socket, 5301, '127.0.0.1')
  const again = await red.createSocket('udp4')
  const failed = once(again, 'error') as Promise<[Error]>
  again.bind(5301, '127.0.0.1')
  expect((await failed)[0]).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind', netns: red.name })
  await closed(...sockets, again)
})

test('it is connected, and hears one peer only', async () => {
  await using red = await withLoopback()
  const [one, other, third] = await Promise.all([1, 2, 3].map(() => red.createSocket('udp4')))
  await listening(one!, 5310)
  await listening(other!, 5311)
  const connected = once(other!, 'connect')
  other!.connect(5310, '127.0.0.1')
  await connected
  expect(other!.remoteAddress()).toMatchObject({ address: '127.0.0.1', port: 5310 })
  const heard = once(other!, 'message') as Promise<[Buffer]>
  third!.send('foreign', 5311, '127.0.0.1')
  one!.send('from the peer', 5311, '127.0.0.1')
  expect(String((await heard)[0])).toBe('from the peer')
  await closed(one!, other!, third!)
})

test('reusePort lets two share a port', async () => {
  await using red = await withLoopback()
  const sockets = await Promise.all([1, 2].map(() => red.createSocket({ type: 'udp4', reusePort: true })))
  for (const socket of sockets) await listening(socket, 5302, '127.0.0.1')
  expect(bound(red).filter((address) => address === '127.0.0.1:5302')).toHaveLength(2)
  await closed(...sockets)
})

test('ipv6Only leaves IPv4 to others', async () => {
  await using red = await withLoopback()
  const six = await red.createSocket({ type: 'udp6', ipv6Only: true })
  await listening(six, 5303)
  const four = await red.createSocket('udp4')
  await listening(four, 5303)
  await closed(six, four)
})

test('buffer sizes are those that are asked for', async () => {
  await using red = await withLoopback()
  const socket = await red.createSocket({ type: 'udp4', recvBufferSize: 20_000, sendBufferSize: 30_000 })
  await listening(socket, 0)
  expect([socket.getRecvBufferSize(), socket.getSendBufferSize()]).toEqual([40_000, 60_000]) // the kernel doubles them
  await closed(socket)
})

describe('multicast', () => {
  /** What a group hears on `first` and on `second` when red sends to it by `dev`. */
  async function heardBy(
    type: 'udp4' | 'udp6',
    group: string,
    join: (socket: Socket) => void,
    by: (socket: Socket) => void,
  ): Promise<string[]> {
    await using red = await fresh()
    await using green = await fresh()
    await joined(red, green)
    const heard: string[] = []
    const member = await green.createSocket({ type, reuseAddr: true }, (message) => heard.push(String(message)))
    await listening(member, 5320)
    join(member)
    const sender = await red.createSocket(type)
    await listening(sender, 0)
    by(sender)
    const first = once(member, 'message')
    for (let tries = 0; tries < 50 && heard.length === 0; tries++) {
      sender.send('to the group', 5320, group)
      await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 20))])
    }
    await closed(member, sender)
    return [...new Set(heard)]
  }

  test('IPv4: the interface is an address of the namespace', async () => {
    const onSecond = await heardBy(
      'udp4',
      '239.1.2.3',
      (member) => {
        member.addMembership('239.1.2.3', '10.0.1.2')
      },
      (sender) => {
        sender.setMulticastInterface('10.0.1.1')
      },
    )
    expect(onSecond).toEqual(['to the group'])
  })

  test('IPv6: the interface is a device of the namespace', async () => {
    const onSecond = await heardBy(
      'udp6',
      'ff02::1234',
      (member) => {
        member.addMembership('ff02::1234', '::%second')
      },
      (sender) => {
        sender.setMulticastInterface('::%second')
      },
    )
    expect(onSecond).toEqual(['to the group'])
  })

  test('a group is left again, on its device; one that is not there is an error', async () => {
    await using red = await fresh()
    await using green = await fresh()
    await joined(red, green)
    const socket = await green.createSocket('udp6')
    await listening(socket, 5321)
    const groups = (): string => String(execFileSync('ip', ['-n', green.name!, 'maddress', 'show', 'dev', 'second']))
    socket.addMembership('ff02::77', '::%second')
    expect(groups()).toContain('ff02::77')
    socket.dropMembership('ff02::77', '::%second')
    expect(groups()).not.toContain('ff02::77')
    expect(() => {
      socket.addMembership('ff02::77', '::%third')
    }).toThrow(/ENODEV/)
    await closed(socket)
  })
})

test('with `dev` it sends and receives by one device only', async () => {
  await using red = await fresh()
  await using green = await fresh()
  await joined(red, green)
  const heard: string[] = []
  const server = await green.createSocket({ type: 'udp6', dev: 'second' }, (message) => heard.push(String(message)))
  await listening(server, 5330)
  const [wrong, right] = await Promise.all(['first', 'second'].map((dev) => red.createSocket({ type: 'udp6', dev })))
  const message = once(server, 'message')
  for (const [socket, address] of [
    [wrong!, 'fe80::2'],
    [right!, 'fe80::1:2'],
  ] as const) {
    await new Promise((resolve) => {
      socket.send(address, 5330, address, resolve)
    })
  }
  await message
  expect(heard).toEqual(['fe80::1:2'])
  await closed(server, wrong!, right!)
})

test('a signal closes it, as with Node; one that is aborted already opens nothing', async () => {
  await using red = await withLoopback()
  const controller = new AbortController()
  const socket = await red.createSocket({ type: 'udp4', signal: controller.signal })
  const gone = once(socket, 'close')
  controller.abort()
  await gone
  const refused = red.createSocket({ type: 'udp4', signal: AbortSignal.abort() })
  await expect(refused).rejects.toMatchObject({ code: 'ABORT_ERR' })
})

test('it keeps its namespace when the handle closes, and this thread never leaves its own', async () => {
  const home = readlinkSync('/proc/thread-self/ns/net')
  const red = await withLoopback()
  const socket = await red.createSocket('udp4')
  await red.delete()
  await listening(socket, 5340, '127.0.0.1')
  const heard = once(socket, 'message') as Promise<[Buffer]>
  socket.send('to itself', 5340, '127.0.0.1')
  expect(String((await heard)[0])).toBe('to itself')
  expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home)
  await closed(socket)
})
