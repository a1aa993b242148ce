// Captures: files that tcpdump reads.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fresh } from '../support/namespaces'
import { joined } from './joined'

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-capture-'))
  file = join(directory, 'eth0.pcap')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** What tcpdump sees in it, a line a packet. */
function read(...args: string[]): string[] {
  const out = execFileSync('tcpdump', ['--nano', '-nn', '-r', file, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return out.trim() === '' ? [] : out.trim().split('\n')
}

test('tcpdump reads what was captured: all that passed until the socket was closed', async () => {
  await using pair = await joined()
  const packets = await pair.red.packets({ dev: 'eth0' })
  const capturing = packets.capture(file)
  await pair.red.ping('10.0.0.2', { count: 300, intervalMilliseconds: 0 })
  await packets.close()
  const { packets: count, bytes, dropped } = await capturing
  expect(dropped).toBe(0)
  expect(bytes).toBe(statSync(file).size)
  const lines = read()
  expect(lines).toHaveLength(count)
  expect(lines.filter((line) => line.includes('ICMP echo re'))).toHaveLength(600)
  expect(lines.at(-1)).toMatch(/^\d\d:\d\d:\d\d\.\d{9} IP 10\.0\.0\.2 > 10\.0\.0\.1: ICMP echo reply/)
})

test('it ends after so many packets, to the packet', async () => {
  await using pair = await joined()
  await using packets = await pair.red.packets({ dev: 'eth0', protocol: 'all' })
  const capturing = packets.capture(file, { count: 7 })
  await pair.red.ping('10.0.0.2', { count: 20, intervalMilliseconds: 0 })
  expect(await capturing).toMatchObject({ packets: 7, dropped: 0 })
  expect(read()).toHaveLength(7)
  // The socket goes on where it stopped.
  await packets.capture(file, { count: 3 })
  expect(read()).toHaveLength(3)
})

test('what is cut keeps its length, and the tags of VLANs are in their places', async () => {
  await using pair = await joined()
  await using sender = await pair.red.packets({ dev: 'eth0', protocol: 0 })
  const packets = await pair.green.packets({ dev: 'eth0', snapLength: 40 })
  const capturing = packets.capture(file)
  const tagged = Buffer.alloc(100)
  tagged.write('0200000000020200000000018100a00588b5', 'hex')
  await sender.send(tagged)
  await packets.close()
  await capturing
  const [line] = read('-e', 'vlan 5')
  expect(line).toMatch(/02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 802.1Q.*length 100: vlan 5, p 5, .*0x88b5/)
})

test('cooked, it has packets of all devices, those of tun as well', async () => {
  await using pair = await joined()
  await using tun = await pair.red.taps.create({ mode: 'tun', up: true })
  tun.resume()
  await pair.red.addresses.add({ dev: tun.name, address: '10.9.0.1/24' })
  const packets = await pair.red.packets({ cooked: true })
  const capturing = packets.capture(file)
  await pair.red.ping('127.0.0.1', { count: 1 })
  await pair.red.ping('10.0.0.2', { count: 1 })
  await pair.red.ping('10.9.0.2', { count: 1, timeout: 20 })
  await packets.close()
  await capturing
  const lines = read('-e', 'icmp').join('\n')
  for (const address of ['127.0.0.1: ICMP echo reply', '10.0.0.2: ICMP echo request', '10.9.0.2: ICMP echo request'])
    expect(lines).toContain(`> ${address}`)
  const raw = await pair.red.packets({ dev: tun.name })
  const second = raw.capture(file)
  await pair.red.ping('10.9.0.2', { count: 1, timeout: 20 })
  await raw.close()
  expect((await second).packets).toBeGreaterThan(0)
  expect(read('icmp').join()).toContain('10.9.0.2: ICMP echo request')
})

test('a signal ends it with an error, and the file is whole up to there', async () => {
  await using pair = await joined()
  await using packets = await pair.red.packets({ dev: 'eth0' })
  const ending = new AbortController()
  const capturing = packets.capture(file, { signal: ending.signal })
  await pair.red.ping('10.0.0.2', { count: 5, intervalMilliseconds: 5 })
  await sleep(20)
  ending.abort()
  await expect(capturing).rejects.toMatchObject({ name: 'AbortError', operation: 'Packets.capture' })
  expect(read('icmp').length).toBe(10)
  await expect(packets.capture(file, { signal: AbortSignal.abort() })).rejects.toMatchObject({ outcome: 'none' })
  expect(read('icmp').length).toBe(10)
})

test('a device that goes ends it with an error', async () => {
  await using pair = await joined()
  await using packets = await pair.red.packets({ dev: 'eth0' })
  const capturing = packets.capture(file)
  await sleep(20)
  await pair.red.links.delete('eth0')
  await expect(capturing).rejects.toMatchObject({ code: 'ENETDOWN', operation: 'Packets.capture' })
  expect(readFileSync(file).readUInt32LE(0)).toBe(0xa1b23c4d)
})

test('what cannot be written, or not so, is refused', async () => {
  await using ns = await fresh()
  await using packets = await ns.packets()
  await expect(packets.capture(file)).rejects.toMatchObject({ code: 'ERR_NETLOOM_LINK_TYPE' })
  await using cooked = await ns.packets({ cooked: true })
  await expect(cooked.capture(join(directory, 'none', 'x'))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' })
  for (const [args, field] of [
    [[5], 'file'],
    [[''], 'file'],
    [['a\0b'], 'file'],
    [[file, { count: 0 }], 'count'],
    [[file, { count: '1' }], 'count'],
    [[file, { cuont: 1 }], 'cuont'],
    [[file, { signal: {} }], 'signal'],
    [[file, null], 'options'],
  ] as [unknown[], string][]) {
    await expect(cooked.capture(...(args as [string]))).rejects.toMatchObject({ field })
  }
  const running = cooked.capture(file)
  await expect(cooked.capture(file)).rejects.toMatchObject({ code: 'ERR_NETLOOM_BUSY' })
  await expect(cooked[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ERR_NETLOOM_BUSY' })
  await cooked.close()
  expect(await running).toEqual({ packets: 0, bytes: 24, dropped: 0 })
})
