// Packet sockets: what they see, send and count; filters; devices that go.
import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { FilterInstruction, Frame, NetNs, Packets } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'
import { greenMac, joined, redMac } from './joined'

const run = promisify(execFile)
/** So many frames of a protocol, or of any; kernels send some by themselves. */
async function take(packets: Packets, count: number, protocol?: number): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const frame of packets) {
    if (protocol !== undefined && frame.protocol !== protocol) continue
    if (frames.push(frame) === count) break
  }
  return frames
}

function frame(size = 60, type = '88b5', to = greenMac): Buffer {
  const bytes = Buffer.alloc(size, 0x5a)
  bytes.write(`${to}${redMac}`.replaceAll(':', '') + type, 'hex')
  return bytes
}

async function ping(ns: NetNs, address: string, ...more: string[]): Promise<void> {
  await run('ip', ['netns', 'exec', ns.name!, 'ping', '-c1', ...more, address])
}

test('frames come with their time, type, protocol, device, sender and length', async () => {
  await using pair = await joined()
  const from = BigInt(Date.now()) * 1_000_000n
  await using packets = await pair.red.packets({ dev: 'eth0' })
  await ping(pair.red, '10.0.0.2')
  const frames = await take(packets, 2, 0x0800)
  const { index } = await pair.red.links.get('eth0')
  expect(packets.dev).toBe(index)
  expect(frames).toMatchObject([
    { type: 'outgoing', protocol: 0x0800, dev: index, deviceType: 1, source: redMac, length: 98, vlan: undefined },
    { type: 'host', protocol: 0x0800, dev: index, deviceType: 1, source: greenMac, length: 98 },
  ])
  expect(frames[0]!.data.subarray(0, 6).toString('hex')).toBe(greenMac.replaceAll(':', ''))
  const [sent = 0n, received = 0n] = frames.map(({ timestamp }) => timestamp)
  expect(sent).toBeGreaterThanOrEqual(from)
  expect(received).toBeGreaterThan(sent)
  expect(received).toBeLessThan(BigInt(Date.now() + 1) * 1_000_000n)
})

test('what is sent arrives as it is, and what of it is asked for', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  await using whole = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5 })
  await using cut = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5, snapLength: 20 })
  for (const size of [14, 60, 1514]) await sender.send(frame(size))
  expect((await take(whole, 3)).map(({ data }) => data)).toEqual([14, 60, 1514].map((size) => frame(size)))
  const lengths = (await take(cut, 3)).map(({ data, length }) => [data.length, length])
  expect(lengths).toEqual([14, 60, 1514].map((size) => [Math.min(size, 20), size]))
})

test('a cooked socket sends and receives what is behind the link-layer header', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', cooked: true, protocol: 0 })
  await using receiver = await pair.green.packets({ dev: 'eth0', cooked: true, protocol: 0x88b6 })
  await sender.send(Buffer.from('hello'), { address: greenMac, protocol: 0x88b6 })
  const [{ data, source, type } = {} as Frame] = await take(receiver, 1)
  expect([data.toString(), source, type]).toEqual(['hello', redMac, 'host'])
  for (const [to, field] of [
    [undefined, 'to.protocol'],
    [{ protocol: 'ipv4' }, 'to.address'],
    [{ protocol: 'ipv4', address: 'x' }, 'to.address'],
    [{ protocol: 'ip', address: greenMac }, 'to.protocol'],
    [{ dev: 0, protocol: 'ipv4', address: greenMac }, 'to.dev'],
    [{ adress: greenMac }, 'to.adress'],
  ] as const) {
    await expect(sender.send(Buffer.alloc(1), to as never)).rejects.toMatchObject({ field })
  }
  await expect(sender.send('hello' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'frame' })
})

test('a socket of all devices sees all of its namespace and none of another, and sends by the one that is named', async () => {
  await using pair = await joined()
  await using packets = await pair.red.packets()
  await ping(pair.red, '127.0.0.1')
  await ping(pair.red, '10.0.0.2')
  const devices = new Set((await take(packets, 6, 0x0800)).map(({ dev }) => dev))
  expect(devices).toEqual(new Set([1, (await pair.red.links.get('eth0')).index]))
  await expect(packets.send(frame())).rejects.toMatchObject({ field: 'to.dev' })
  await using receiver = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5 })
  await packets.send(frame(), { dev: (await pair.red.links.get('eth0')).index })
  expect((await take(receiver, 1))[0]?.data).toEqual(frame())
})

test('what is sent can be left out, and what is not for the device be taken in', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  await using watcher = await pair.red.packets({ dev: 'eth0' })
  await using quiet = await pair.red.packets({ dev: 'eth0', ignoreOutgoing: true })
  const promiscuity = async (): Promise<unknown> => (await pair.green.links.get('eth0')).promiscuity
  await using others = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5, promiscuous: true })
  expect(await promiscuity()).toBe(1)
  await sender.send(frame(60, '88b5', '02:00:00:00:00:77'))
  expect((await take(others, 1))[0]).toMatchObject({ type: 'otherHost' })
  expect((await take(watcher, 1, 0x88b5))[0]).toMatchObject({ type: 'outgoing' })
  expect(quiet.statistics.dropped).toBe(0)
  await others.close()
  expect(await promiscuity()).toBe(0)
})

test('the tag of a VLAN comes beside the frame', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  await using packets = await pair.green.packets({ dev: 'eth0' })
  await sender.send(frame(64, '8100b00588b5')) // priority 5, may be dropped, VLAN 5
  for await (const { data, length, protocol, vlan } of packets) {
    if (vlan === undefined) continue // what the kernel sends by itself
    expect(vlan).toEqual({ id: 5, priority: 5, dropEligible: true, protocol: 0x8100 })
    expect([data, length, protocol]).toEqual([frame(60), 60, 0x88b5])
    break
  }
})

test('between namespaces, checksums that nobody has computed are told of', async () => {
  await using pair = await joined()
  await using packets = await pair.green.packets({ dev: 'eth0', protocol: 'ipv4' })
  const server = await pair.green.listen({ host: '10.0.0.2', port: 80 })
  const socket = await pair.red.connect({ host: '10.0.0.2', port: 80 })
  expect((await take(packets, 1))[0]?.checksum).toBe('partial')
  socket.destroy()
  server.close()
})

describe('a filter', () => {
  /** `tcpdump -ddd` prints one: a count, then an instruction a line. */
  function compile(expression: string): FilterInstruction[] {
    const out = execFileSync('tcpdump', ['-y', 'EN10MB', '-ddd', expression], { encoding: 'utf8' })
    const [, ...lines] = out.trim().split('\n')
    return lines.map((line) => line.split(' ').map(Number) as unknown as FilterInstruction)
  }

  test('of tcpdump lets through what it names, from the first packet on', async () => {
    await using pair = await joined()
    // Others' packets pass all the while.
    await using noise = await pair.red.packets({ dev: 'eth0', protocol: 0 })
    const flooding = setInterval(() => void noise.send(frame()).catch(() => undefined), 0)
    const filter = compile('icmp6 and ip6[40] == 128')
    for (let i = 0; i < 20; i++) {
      await using packets = await pair.green.packets({ dev: 'eth0', filter })
      await pair.red.ping('fd00::2', { count: 1 })
      const [first] = await take(packets, 1)
      expect([first?.protocol, first?.data[54]]).toEqual([0x86dd, 128])
      expect(packets.statistics.received).toBe(1)
    }
    clearInterval(flooding)
  })

  const ret: FilterInstruction = [0x06, 0, 0, 0xffff]
  test.each<[string, unknown, string]>([
    ['empty', [], 'filter'],
    ['too long', Array.from({ length: 4097 }, () => ret), 'filter'],
    ['without a return at its end', [ret, [0x28, 0, 0, 12]], 'filter[1]'],
    ['with an unknown instruction', [[0xff, 0, 0, 0], ret], 'filter[0][0]'],
    ['with a jump beyond its end', [[0x15, 1, 0, 0], ret], 'filter[0][1]'],
    ['with another jump beyond its end', [[0x15, 0, 1, 0], ret], 'filter[0][2]'],
    ['with a far jump beyond its end', [[0x05, 0, 0, 1], ret], 'filter[0][3]'],
    ['with a jump backward', [ret, [0x05, 0, 0, -1], ret], 'filter[1][3]'],
    ['with a division by zero', [[0x34, 0, 0, 0], ret], 'filter[0][3]'],
    ['with a shift beyond the word', [[0x64, 0, 0, 32], ret], 'filter[0][3]'],
    ['with a word that is not there', [[0x02, 0, 0, 16], ret], 'filter[0][3]'],
    ['with half an instruction', [[0x06, 0]], 'filter[0]'],
    ['with a fraction', [[0x06, 0, 0.5, 0]], 'filter[0][2]'],
  ])('%s is refused', async (_what, filter, field) => {
    await using ns = await fresh()
    await expect(ns.packets({ filter: filter as FilterInstruction[] })).rejects.toMatchObject({ field })
  })

  test('that only the kernel understands to be wrong is refused by it', async () => {
    await using ns = await fresh()
    // A word of the scratch memory that nothing was stored in.
    const filter: FilterInstruction[] = [[0x60, 0, 0, 3], ret]
    await expect(ns.packets({ filter })).rejects.toMatchObject({ code: 'EINVAL', syscall: 'SO_ATTACH_FILTER' })
  })

  test('as tcpdump makes it is taken, long ones too', async () => {
    await using ns = await fresh()
    const hosts = Array.from({ length: 60 }, (_, i) => `host 10.0.${i}.1`).join(' or ')
    for (const expression of [
      'tcp port 80',
      'vlan 5 and ip6',
      'ip[2:2] > 100 and (ip[0]&15)*4 < 40',
      hosts,
      'greater 9',
    ]) {
      const packets = await ns.packets({ filter: compile(expression) })
      await packets.close()
    }
  })
})

test('what has no room is dropped in the kernel and counted, and nothing piles up here', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  await using packets = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5, bufferSize: 20_000 })
  for (let i = 0; i < 1000; i++) await sender.send(frame(200))
  await sleep(20)
  const { received, dropped } = packets.statistics
  expect(received).toBe(1000)
  expect(dropped).toBeGreaterThan(800)
  expect(await take(packets, received - dropped)).toHaveLength(received - dropped)
  expect(packets.statistics).toEqual({ received, dropped })
  await packets.close()
  expect(packets.statistics).toEqual({ received, dropped })
})

test('many that are sent at once all go, and too many that nobody waits for are refused', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  await using packets = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5, bufferSize: 8_000_000 })
  await Promise.all(Array.from({ length: 900 }, () => sender.send(frame())))
  expect(await take(packets, 900)).toHaveLength(900)
})

test('sockets of a group share what arrives', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  const fanout = { group: 7, mode: 'loadBalance' } as const
  const open = (): Promise<Packets> => pair.green.packets({ dev: 'eth0', protocol: 0x88b5, fanout })
  await using one = await open()
  await using other = await open()
  for (let i = 0; i < 10; i++) await sender.send(frame())
  await sleep(10)
  expect([one.statistics.received, other.statistics.received]).toEqual([5, 5])
})

describe('a device', () => {
  test('that goes down is an error of the loop and of sending; when it is up, the same socket works again', async () => {
    await using pair = await joined()
    await using packets = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5 })
    const waiting = take(packets, 1)
    await sleep(5)
    await pair.green.links.set('eth0', { up: false })
    await expect(waiting).rejects.toMatchObject({ code: 'ENETDOWN', operation: 'Packets.next', netns: pair.green.name })
    await expect(packets.send(frame())).rejects.toMatchObject({ code: 'ENETDOWN', operation: 'Packets.send' })
    await pair.green.links.set('eth0', { up: true })
    await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
    const again = take(packets, 1)
    const timer = setInterval(() => void sender.send(frame()).catch(() => undefined), 10)
    expect((await again)[0]?.data).toEqual(frame())
    clearInterval(timer)
  })

  test('that is deleted ends the loop with an error', async () => {
    await using pair = await joined()
    await using packets = await pair.red.packets({ dev: 'eth0' })
    const waiting = (async () => {
      for await (const _frame of packets) continue
    })()
    await sleep(5)
    await ip(pair.green, 'link', 'delete', 'eth0')
    await expect(waiting).rejects.toMatchObject({ code: 'ENETDOWN' })
    await expect(packets.send(frame())).rejects.toMatchObject({ code: 'ENXIO' })
  })

  test('that is not there, or is down when it is opened, and a namespace that is closed', async () => {
    await using ns = await fresh()
    await expect(ns.packets({ dev: 'none' })).rejects.toMatchObject({ code: 'ENODEV', netns: ns.name })
    await expect(ns.packets({ dev: 99 })).rejects.toMatchObject({ code: 'ENODEV' })
    await using down = await ns.packets({ dev: 'lo' })
    await expect(down[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ENETDOWN' })
    const other = await fresh()
    await other.delete()
    await expect(other.packets()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  })
})

test('closed, its loops end, and whoever uses it is told; the namespace may go before it', async () => {
  const ns = await fresh()
  await ns.links.set('lo', { up: true })
  const packets = await ns.packets()
  const waiting = [take(packets, 1), take(packets, 1)]
  await ns.delete()
  await packets.close()
  await packets.close()
  expect(await Promise.all(waiting)).toEqual([[], []])
  expect(await take(packets, 1)).toEqual([])
  await expect(packets.send(frame(), { dev: 1 })).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  await expect(packets.capture('/tmp/none')).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})

test('several loops share the packets, and leaving one leaves the socket open', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  await using packets = await pair.green.packets({ dev: 'eth0', protocol: 0x88b5 })
  const loops = [take(packets, 5), take(packets, 5)]
  for (let i = 0; i < 10; i++) await sender.send(frame())
  expect((await Promise.all(loops)).map(({ length }) => length)).toEqual([5, 5])
  expect(packets.closed).toBe(false)
})

test('the socket is of the type and protocol that is asked for, in its namespace', async () => {
  await using ns = await fresh()
  await using _packets = await ns.packets({ protocol: 'arp' })
  const table = ns.run(() => readFileSync('/proc/thread-self/net/packet', 'utf8'))
  expect(table.split('\n')[1]).toMatch(/ 3 +0806 /)
})
