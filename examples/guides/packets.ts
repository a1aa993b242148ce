// What docs/inside/packets.md shows.
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetNs, type FilterInstruction } from 'netloom'

async function pings(red: NetNs): Promise<void> {
  const { sent, received, average } = await red.ping('10.0.0.2', { count: 3, intervalMilliseconds: 100 })
  console.log(`${received} of ${sent}, ${average?.toFixed(3)} ms`) // 3 of 3, 0.074 ms
  assert.equal(received, 3)

  for await (const event of red.ping('10.7.0.1', { count: 1, timeout: 500 })) {
    if (event.type === 'reply') console.log(event.from, event.time, event.ttl)
    if (event.type === 'error') console.log(event.from, event.kind, event.reason) // 10.0.0.2 destinationUnreachable …
    if (event.type === 'timeout') console.log('no answer to', event.sequence)
    assert.equal(event.type, 'error')
  }
}

async function watch(red: NetNs): Promise<void> {
  await using packets = await red.packets({ dev: 'eth0', protocol: 'ipv4' })
  void red.ping('10.0.0.2', { count: 1 }).then(() => undefined)
  for await (const frame of packets) {
    console.log(frame.timestamp, frame.type, frame.source, frame.data.length)
    assert.equal(frame.type, 'host')
    break // the socket stays open
  }
  console.log(packets.statistics) // { received: 1, dropped: 0 }
}

async function record(red: NetNs, file: string): Promise<void> {
  const packets = await red.packets({ dev: 'eth0' })
  const capturing = packets.capture(file)
  await red.ping('10.0.0.2', { count: 5, intervalMilliseconds: 0 })
  await packets.close() // the capture ends with what had arrived until now
  const captured = await capturing
  console.log(captured.packets, captured.dropped) // 10 0
  assert.ok(captured.packets >= 10)
}

async function recordSome(red: NetNs, file: string): Promise<void> {
  // of all devices, without their different headers
  await using packets = await red.packets({ cooked: true })
  const capturing = packets.capture(file, { count: 4, signal: AbortSignal.timeout(10_000) })
  await red.ping('10.0.0.2', { count: 5, intervalMilliseconds: 0 })
  assert.equal((await capturing).packets, 4)
}

/** Instructions as tcpdump makes them: how many, then one a line. */
function compile(expression: string): FilterInstruction[] {
  const [, ...lines] = execFileSync('tcpdump', ['-y', 'EN10MB', '-ddd', expression], { encoding: 'utf8' })
    .trim()
    .split('\n')
  return lines.map((line) => line.split(' ').map(Number) as [number, number, number, number])
}

async function filtered(red: NetNs): Promise<void> {
  const arp: FilterInstruction[] = [
    [0x28, 0, 0, 12], // the half-word at 12, the EtherType
    [0x15, 0, 1, 0x0806], // if it is not that of ARP, skip one
    [0x06, 0, 0, 0xffff], // the whole packet
    [0x06, 0, 0, 0], // nothing
  ]
  await using requests = await red.packets({ dev: 'eth0', filter: arp })
  await using replies = await red.packets({ dev: 'eth0', filter: compile('icmp[0] == 0') })
  await red.ping('10.0.0.2', { count: 2, intervalMilliseconds: 0 })
  assert.equal(replies.statistics.received, 2)
  assert.ok(!requests.closed)
}

async function send(red: NetNs, green: NetNs): Promise<void> {
  await using receiver = await green.packets({ dev: 'eth0', protocol: 0x88b5 })
  await using sender = await red.packets({ dev: 'eth0', protocol: 0 }) // receives nothing
  await sender.send(Buffer.from('ffffffffffff02000000000188b5' + '68656c6c6f', 'hex'))

  await using cooked = await red.packets({ dev: 'eth0', protocol: 0, cooked: true })
  await cooked.send(Buffer.from('hello'), { address: 'ff:ff:ff:ff:ff:ff', protocol: 0x88b5 })
  let count = 0
  for await (const { data } of receiver) {
    assert.equal(data.subarray(14).toString(), 'hello')
    if (++count === 2) break
  }
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'netloom-example-'))
  const file = join(directory, 'eth0.pcap')
  await using red = await NetNs.create()
  await using green = await NetNs.create()
  await red.links.add({ kind: 'veth', name: 'eth0', up: true, peer: { netns: green, name: 'eth0', up: true } })
  await red.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
  await green.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  await red.routes.add({ dst: '10.7.0.0/16', via: '10.0.0.2' })
  await green.routes.add({ dst: '10.7.0.0/16', type: 'prohibit' })
  green.run(() => {
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
  })
  await pings(red)
  await watch(red)
  await record(red, file)
  await recordSome(red, file)
  await filtered(red)
  await send(red, green)
  rmSync(directory, { recursive: true })
}

void main()
