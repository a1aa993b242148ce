// Packets of 100 bytes written into one tap and read from another, with a bridge between them: all in one thread, where
// the kernel does its part too. Against a C program that reads and writes one by one.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs, Tap } from '../lib/index'
import type { Benchmark } from './benchmark'
import { floor } from './floor'
import { interleave } from './measure'
import { fresh, nameOf } from './namespaces'

const size = 100
const batch = 256

function isOurs(packet: Buffer): boolean {
  return packet[12] === 0x88 && packet[13] === 0xb5
}

/** Two persistent taps at a bridge of their own. */
async function bridged(ns: NetNs, word: string): Promise<[string, string]> {
  await ns.links.add({ kind: 'bridge', name: `br-${word}`, addrGenMode: 'none', up: true })
  const names: [string, string] = [`${word}-in`, `${word}-out`]
  for (const name of names) {
    const tap = await ns.taps.create({ name, persist: true, master: `br-${word}` })
    await ns.links.set(name, { addrGenMode: 'none', up: true })
    await tap.close()
  }
  return names
}

/** Waits until a packet passes: the bridge detects the carrier with a delay. */
async function passes(from: Tap, to: Tap, packet: Buffer): Promise<void> {
  for (;;) {
    from.write(packet)
    await sleep(10)
    for (let got = to.read() as Buffer | null; got !== null; got = to.read() as Buffer | null) {
      if (isOurs(got)) return
    }
  }
}

/** The nanoseconds that a packet takes; and how many of them came. */
async function through(from: Tap, to: Tap, packet: Buffer, count: number): Promise<number> {
  let got = 0
  const begin = performance.now()
  const onPacket = (received: Buffer): void => {
    if (isOurs(received) && ++got === count) to.emit('all')
  }
  const all = once(to, 'all', { signal: AbortSignal.timeout(30_000) })
  to.on('data', onPacket).resume()
  for (let i = 0; i < count; i++) if (!from.write(packet)) await once(from, 'drain')
  await all
  to.off('data', onPacket)
  to.pause()
  return (1e6 * (performance.now() - begin)) / count
}

export const insideTaps: Benchmark = async (context) => {
  const count = context.smoke ? 5_120 : 256_000
  await using ns = await fresh('taps')
  const [names, floorNames] = [await bridged(ns, 'js'), await bridged(ns, 'c')]
  await using from = await ns.taps.open(names[0])
  await using to = await ns.taps.open(names[1])
  const packet = Buffer.alloc(size)
  packet.write('02000000000202000000000188b5', 'hex')
  await passes(from, to, packet)
  const { netloom, c } = await interleave(context.smoke ? 1 : 5, {
    netloom: async () => through(from, to, packet, count),
    c: async () => (await floor(context, 'tap_bridge', nameOf(ns), ...floorNames, count, size, batch))[0],
  })
  const rate = (ns: number): string => `${Math.round(1e6 / ns)}k/s`
  return {
    figures: [
      {
        what: 'packets in and out by taps',
        netloom: rate(netloom),
        against: `C ${rate(c)}`,
        ratio: c / netloom,
        bound: { atLeast: 0.5 },
      },
      {
        what: 'packets in and out by taps',
        netloom: rate(netloom),
        against: '300k/s',
        ratio: 1e9 / netloom / 300_000,
        bound: { atLeast: 1 },
      },
    ],
  }
}
