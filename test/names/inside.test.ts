// Names that sockets are given are those of their namespace, of hosts and of devices, whatever they mean outside.
import { once } from 'node:events'
import type { RemoteInfo, Socket } from 'node:dgram'
import * as dns from 'node:dns'
import { createServer, get, type IncomingMessage } from 'node:http'
import { type NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { closed, portOf, saying } from '../clients/arrange'
import { ownPrefix } from '../support/namespaces'
import { records, serveNames } from './server'
import { etcOf } from './etc'

// Names below /etc/netns, where the files of a namespace are.
const net = useNetNs({ names: ['red', 'green'], join: 'cable', prefix: ownPrefix })

const host = 'only.inside.test'

/** Lets nobody ask outside: what does fails the test. */
function guardOutside(): Disposable {
  const asked: string[] = []
  const spies = (['lookup', 'resolve', 'resolve4', 'resolve6'] as const).map((name) =>
    jest.spyOn(dns, name).mockImplementation(((hostname: string) => {
      asked.push(hostname)
    }) as never),
  )
  return {
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore()
      expect(asked).toEqual([])
    },
  }
}

async function receiver(
  ns: NetNs,
  type: 'udp4' | 'udp6',
  address: string,
): Promise<[Socket, Promise<[Buffer, RemoteInfo]>]> {
  const socket = net.use(await ns.createSocket(type))
  const bound = once(socket, 'listening')
  socket.bind(5400, address)
  await bound
  return [socket, once(socket, 'message') as Promise<[Buffer, RemoteInfo]>]
}

describe.each([
  { type: 'udp4', hosts: `127.0.0.1 ${host}\n`, address: '127.0.0.1' },
  { type: 'udp6', hosts: `::1 ${host}\n`, address: '::1' },
] as const)('a $type socket without a lookup of its own', ({ type, hosts, address }) => {
  test('binds, connects and sends to names of the hosts file', async () => {
    using _guard = guardOutside()
    using _etc = etcOf(net.red, { hosts })
    const [server, first] = await receiver(net.red, type, host)
    expect(server.address().address).toBe(address)
    const sender = net.use(await net.red.createSocket({ type }))
    sender.send('sent', 5400, host)
    expect(String((await first)[0])).toBe('sent')
    const second = once(server, 'message') as Promise<[Buffer]>
    const connected = net.use(await net.red.createSocket({ type }))
    connected.connect(5400, host)
    await once(connected, 'connect')
    expect(connected.remoteAddress().address).toBe(address)
    connected.send('connected')
    expect(String((await second)[0])).toBe('connected')
  })
})

test('a UDP socket asks the name servers of its namespace', async () => {
  using _guard = guardOutside()
  using _etc = etcOf(net.red, { 'resolv.conf': 'nameserver 127.0.0.1\n', hosts: '' })
  await using names = await serveNames(net.red, '127.0.0.1', (name, kind) =>
    kind === 'A' ? records(name, 'A', '10.0.0.2') : [],
  )
  const [, heard] = await receiver(net.green, 'udp4', '10.0.0.2')
  const sender = net.use(await net.red.createSocket('udp4'))
  sender.send('asked', 5400, host)
  expect(String((await heard)[0])).toBe('asked')
  expect(names.asked).toEqual([`udp A ${host}`])
  const failed = await new Promise((resolve) => {
    sender.send('nowhere', 5400, 'nothing.invalid.', resolve)
  })
  expect(failed).toBeDefined()
})

test('a lookup that is given is asked instead', async () => {
  const [, heard] = await receiver(net.green, 'udp4', '10.0.0.2')
  const lookup = jest.fn((name: string, _: unknown, answer: (error: null, address: string, family: number) => void) => {
    answer(null, name === 'any' ? '10.0.0.2' : name, 4)
  })
  const sender = net.use(await net.red.createSocket({ type: 'udp4', lookup: lookup as never }))
  sender.send('given', 5400, 'any')
  expect(String((await heard)[0])).toBe('given')
  expect(lookup).toHaveBeenCalled()
})

test('whatever connects or listens by a name asks in the namespace', async () => {
  using _guard = guardOutside()
  using _etc = etcOf(net.red, { hosts: `127.0.0.1 ${host}\n` })
  const server = await net.red.listen({ host, server: createServer(saying('inside')) })
  const port = portOf(server)
  const socket = net.use(await net.red.connect({ host, port }))
  expect(socket.remoteAddress).toBe('127.0.0.1')
  // One after another: who waits for the first does not hear of the second.
  for (const connect of [
    () => net.red.createConnection(port, host),
    () => net.red.createConnection({ host, port, lookup: null as never }),
  ]) {
    const one = connect()
    await once(one, 'connect')
    one.destroy()
  }
  for (const options of [{ agent: net.red.agent() }, { createConnection: net.red.createConnection as never }]) {
    const [answer] = (await once(get({ host, port, path: '/', ...options }), 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
  }
  const dispatcher = net.red.dispatcher()
  expect(await (await fetch(`http://${host}:${port}/`, { dispatcher })).text()).toBe('inside /')
  await (dispatcher as unknown as { close(): Promise<void> }).close()
  await closed(server)
})

describe('a device that is named in an address is one of the namespace', () => {
  // Its index is another one in each namespace, and it is none of the process's own.
  const linkLocal = async (ns: NetNs, dev: string): Promise<string> => {
    const found = await ns.addresses.list({ dev, family: 'ipv6' })
    const { address } = found.find((one) => one.address.startsWith('fe80:'))!
    return `${address.split('/', 1)[0]}%${dev}`
  }
  async function prepared(): Promise<{ red: string; green: string }> {
    for (let i = 0; i < 3; i++) await net.red.links.add({ kind: 'bridge', name: `more${i}` })
    const cable = { kind: 'veth', name: 'inner0', up: true, addrGenMode: 'none' } as const
    await net.red.links.add({ ...cable, peer: { netns: net.green, name: 'inner1', up: true, addrGenMode: 'none' } })
    await net.red.addresses.add({ dev: 'inner0', address: 'fe80::a/64', flags: ['nodad'] })
    await net.green.addresses.add({ dev: 'inner1', address: 'fe80::b/64', flags: ['nodad'] })
    return { red: await linkLocal(net.red, 'inner0'), green: await linkLocal(net.green, 'inner1') }
  }

  test('where a UDP socket binds, sends and answers', async () => {
    const { green } = await prepared()
    const [server, asked] = await receiver(net.green, 'udp6', green)
    expect(server.address().address).toBe('fe80::b%inner1')
    const client = net.use(await net.red.createSocket('udp6'))
    const sent = await new Promise((resolve, reject) => {
      client.send(['ques', 'tion'], 5400, 'fe80::b%inner0', (error, bytes) => {
        if (error === null) resolve(bytes)
        else reject(error)
      })
    })
    expect(sent).toBe(8)
    const [question, from] = await asked
    expect([String(question), from.address]).toEqual(['question', 'fe80::a%inner1'])
    const answered = once(client, 'message') as Promise<[Buffer, RemoteInfo]>
    server.send('answer', from.port, from.address)
    expect([String((await answered)[0]), (await answered)[1].address]).toEqual(['answer', 'fe80::b%inner0'])
  })

  test('where it connects, and sends on', async () => {
    const { green } = await prepared()
    const [, asked] = await receiver(net.green, 'udp6', green)
    const client = net.use(await net.red.createSocket('udp6'))
    client.connect(5400, 'fe80::b%inner0')
    await once(client, 'connect')
    expect(client.remoteAddress().address).toBe('fe80::b%inner0')
    client.send('connected')
    expect(String((await asked)[0])).toBe('connected')
  })

  test('many datagrams arrive in order, or are told as not sent', async () => {
    const { green } = await prepared()
    const [server] = await receiver(net.green, 'udp6', green)
    server.setRecvBufferSize(4 << 20)
    const heard: number[] = []
    server.on('message', (data) => heard.push(data.readUInt32BE()))
    // With little room, so that some have to wait for it.
    const client = net.use(await net.red.createSocket({ type: 'udp6', sendBufferSize: 4608 }))
    const count = 300
    const results = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const data = Buffer.alloc(1200)
        data.writeUInt32BE(i)
        return new Promise((resolve) => {
          client.send(data, 5400, 'fe80::b%inner0', resolve)
        })
      }),
    )
    expect(new Set(results)).toEqual(new Set([null]))
    while (heard.length < count) await once(server, 'message')
    expect(heard).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  test('where it joins the group of a source', async () => {
    await prepared()
    const server = net.use(await net.green.createSocket('udp6'))
    const bound = once(server, 'listening')
    server.bind(5401)
    await bound
    const heard: string[] = []
    server.on('message', (data, { address }) => heard.push(`${String(data)} ${address}`))
    server.addSourceSpecificMembership('fe80::a', 'ff32::8000:1', '::%inner1')
    const sender = net.use(await net.red.createSocket('udp6'))
    const first = once(server, 'message')
    sender.send('source', 5401, 'ff32::8000:1%inner0')
    await first
    server.dropSourceSpecificMembership('fe80::a', 'ff32::8000:1', '::%inner1')
    expect(() => {
      server.dropSourceSpecificMembership('fe80::a', 'ff32::8000:1', '::%inner1')
    }).toThrow(/EADDRNOTAVAIL|EINVAL/)
    expect(() => {
      server.addSourceSpecificMembership('fe80::a', 'ff32::8000:1', '::%nowhere')
    }).toThrow(/ENODEV/)
    expect(heard).toEqual(['source fe80::a%inner1'])
  })

  test('and one that is not there is an error', async () => {
    await prepared()
    const socket = net.use(await net.red.createSocket('udp6'))
    // inner1 is a device of the other one.
    const failed = await new Promise((resolve) => {
      socket.send('nowhere', 5400, 'fe80::b%inner1', resolve)
    })
    expect(failed).toMatchObject({ code: 'ENODEV', syscall: 'send' })
    const bound = net.use(await net.red.createSocket({ type: 'udp6', dev: 'eth0' }))
    const refused = once(bound, 'error') as Promise<[Error]>
    bound.bind(0, 'fe80::a%inner0')
    expect((await refused)[0]).toMatchObject({ code: 'EINVAL', syscall: 'bind' })
  })
})
