// A tap as a stream: what is written, what is read, and where it stops.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { NetNs, Tap } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'
import { frame, isOurs, nextOurs, tapCount, write } from './count'

const run = promisify(execFile)

let ns: NetNs
let before: number
beforeEach(async () => {
  before = tapCount()
  ns = await fresh()
})
afterEach(async () => {
  await ns.delete()
  expect(tapCount()).toBe(before)
})

/** Two taps with a bridge between them. */
async function bridged(): Promise<[Tap, Tap]> {
  await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
  const [a, b] = [await ns.taps.create({ up: true, master: 'br0' }), await ns.taps.create({ up: true, master: 'br0' })]
  // Until the ports forward.
  for (;;) {
    await write(a, frame(60))
    await sleep(5)
    const got = b.read() as Buffer | null
    if (got !== null && isOurs(got)) return [a, b]
  }
}

test('what is written into one comes out of the other, packet by packet and in order, in small and large turns', async () => {
  const [a, b] = await bridged()
  while ((b.read() as Buffer | null) !== null) continue
  for (const count of [1, 2, 255, 256, 257, 900]) {
    for (let i = 0; i < count; i++) {
      const packet = frame(60 + (i % 500))
      packet.writeUInt32BE(i, 20)
      a.write(packet)
    }
    for (let i = 0; i < count; i++) {
      const packet = await nextOurs(b)
      expect([packet.length, packet.readUInt32BE(20)]).toEqual([60 + (i % 500), i])
    }
  }
  await a.close()
  await b.close()
})

test('packets of any size up to the largest pass whole', async () => {
  const [a, b] = await bridged()
  await ns.links.set('br0', { mtu: 65_521 }).catch(() => undefined)
  for (const tap of [a, b]) await ns.links.set(tap.name, { mtu: 65_521 })
  await ns.links.set('br0', { mtu: 65_521 })
  while ((b.read() as Buffer | null) !== null) continue
  for (const size of [60, 1514, 9000, 65_535]) {
    await write(a, frame(size))
    expect(await nextOurs(b)).toEqual(frame(size))
  }
  await a.close()
  await b.close()
})

test('a program that is slow to read stops the reading: no more than the stream wants is taken from the kernel', async () => {
  const tap = await ns.taps.create({ up: true, txqlen: 2000 })
  const packets = await ns.packets({ dev: tap.name, protocol: 0 })
  await sleep(20)
  tap.once('readable', () => undefined)
  for (let i = 0; i < 1500; i++) await packets.send(frame())
  await sleep(50)
  expect(tap.readableLength).toBeGreaterThan(200)
  expect(tap.readableLength).toBeLessThanOrEqual(256)
  let count = 0
  while (count < 1500) if (isOurs(await nextOurs(tap))) count++
  await packets.close()
  await tap.close()
})

test('a program that writes too fast is told to wait', async () => {
  const tap = await ns.taps.create({ up: true })
  let written = 0
  while (tap.write(frame())) written++
  expect(written).toBeLessThan(300)
  await once(tap, 'drain')
  expect(tap.writableLength).toBe(0)
  await tap.close()
})

test('who writes without end does not keep others from their turn', async () => {
  const tap = await ns.taps.create({ up: true })
  let going = true
  const more = (): void => {
    while (going && tap.write(frame())) continue
    if (going) tap.once('drain', more)
  }
  more()
  await sleep(30)
  going = false
  await tap.close()
})

test('two taps piped into each other are a cable', async () => {
  const other = await fresh()
  const [a, b] = [await ns.taps.create({ name: 'eth0', up: true }), await other.taps.create({ name: 'eth0', up: true })]
  await ip(ns, 'address', 'add', '10.0.0.1/24', 'dev', 'eth0')
  await ip(other, 'address', 'add', '10.0.0.2/24', 'dev', 'eth0')
  const cables = [pipeline(a, b, { end: false }), pipeline(b, a, { end: false })].map((cable) =>
    cable.catch(() => 'cut'),
  )
  const { stdout } = await run('ip', ['netns', 'exec', ns.name!, 'ping', '-c3', '-i0.05', '-s4000', '10.0.0.2'])
  expect(stdout).toContain('3 received')
  await a.close()
  expect(await Promise.all(cables)).toEqual(['cut', 'cut'])
  await b.close()
  await other.delete()
})

test('what is written while the device is down is dropped and counted, and it works again when it is up', async () => {
  const [a, b] = await bridged()
  await ns.links.set(a.name, { up: false })
  for (let i = 0; i < 10; i++) a.write(frame())
  await write(a, frame())
  expect(a.dropped).toBe(11)
  await ns.links.set(a.name, { up: true })
  const got = nextOurs(b)
  const timer = setInterval(() => a.write(frame()), 20)
  expect(await got).toEqual(frame(60)) // the last that had passed before
  clearInterval(timer)
  expect(a.destroyed).toBe(false)
  await a.close()
  await b.close()
})

test('what is no packet fails the stream: of a wrong type by name, of a wrong form by the kernel', async () => {
  const wrong = await ns.taps.create({ up: true })
  const refused = once(wrong, 'error')
  wrong.write('frame')
  expect((await refused)[0]).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'packet' })
  const short = await ns.taps.create({ up: true })
  const failed = once(short, 'error')
  await expect(write(short, Buffer.alloc(5))).rejects.toMatchObject({
    code: 'EINVAL',
    syscall: 'write',
    netns: ns.name,
  })
  await failed
  expect(tapCount()).toBe(before)
})

test('a device that is deleted under a writer fails the stream', async () => {
  const tap = await ns.taps.create({ up: true })
  await ns.taps.delete(tap.name)
  const failed = once(tap, 'error')
  await expect(write(tap, frame())).rejects.toMatchObject({ code: 'EBADFD' })
  expect((await failed)[0]).toMatchObject({ message: expect.stringContaining('the device was deleted') as string })
})

test('a tun device gives and takes IP packets, with four bytes before them if that is asked for', async () => {
  for (const [packetInfo, prefix] of [
    [false, 0],
    [true, 4],
  ] as const) {
    const tun = await ns.taps.create({ mode: 'tun', packetInfo, up: true })
    await ip(ns, 'address', 'add', '10.5.0.1/24', 'dev', tun.name)
    const answering = (async () => {
      for await (const packet of tun as AsyncIterable<Buffer>) {
        if (packet[prefix] !== 0x45) continue // IPv6, by itself
        if (packetInfo) expect(packet.readUInt16BE(2)).toBe(0x0800)
        const answer = Buffer.from(packet)
        packet.copy(answer, prefix + 12, prefix + 16, prefix + 20)
        packet.copy(answer, prefix + 16, prefix + 12, prefix + 16)
        answer[prefix + 20] = 0 // echo reply
        answer.writeUInt16BE((answer.readUInt16BE(prefix + 22) + 0x0800) % 0xffff, prefix + 22)
        if (!tun.write(answer)) await once(tun, 'drain')
      }
    })()
    const { received } = await ns.ping('10.5.0.9', { count: 3, intervalMilliseconds: 10 })
    expect(received).toBe(3)
    await tun.close()
    await answering.catch(() => undefined)
  }
})

test.each([10, 12, 20, 24] as const)(
  'with vnetHeader %i, packets have so many bytes before them',
  async (vnetHeader) => {
    const tap = await ns.taps.create({ vnetHeader, up: true, offload: ['checksum', 'tso4', 'tso6'] })
    const packets = await ns.packets({ dev: tap.name })
    await packets.send(frame(80))
    let got: Buffer
    do {
      if (tap.readableLength === 0) await once(tap, 'readable')
      got = tap.read() as Buffer
    } while (got.readUInt16BE(vnetHeader + 12) !== 0x88b5)
    expect(got.subarray(vnetHeader)).toEqual(frame(80))
    await write(tap, Buffer.concat([Buffer.alloc(vnetHeader), frame(90)]))
    for await (const { data, type } of packets) {
      if (!isOurs(data) || type === 'outgoing') continue
      expect(data).toEqual(frame(90))
      break
    }
    await packets.close()
    await tap.close()
  },
)

test('of a closed one nothing can be asked, and its options are checked', async () => {
  const tap = await ns.taps.create({ name: 'vm0', multiQueue: true })
  await expect(tap.persist('yes' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'on' })
  for (const call of [
    tap.persist.bind(tap, true),
    tap.openQueue.bind(tap),
    tap.attach.bind(tap),
    tap.detach.bind(tap),
  ]) {
    await expect(call({ timeout: -1 })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE', field: 'timeout' })
  }
  await tap.close()
  tap.ref().unref()
  for (const call of [
    tap.persist.bind(tap, true),
    tap.openQueue.bind(tap),
    tap.attach.bind(tap),
    tap.detach.bind(tap),
  ]) {
    const fields = {
      code: 'ERR_NETLOOM_CLOSED',
      message: expect.stringContaining('the tap vm0 in the namespace') as string,
    }
    await expect(call()).rejects.toMatchObject(fields)
  }
})

test('closed while it is read and written, it ends, and nobody waits for ever', async () => {
  const tap = await ns.taps.create({ up: true })
  const ended = (async () => {
    for await (const _packet of tap) continue
  })().catch((error: unknown) => error)
  const written = write(tap, frame()).catch(() => 'not written')
  await tap.close()
  expect(await ended).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
  expect([undefined, 'not written']).toContain(await written)
})
