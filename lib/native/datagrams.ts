// Descriptors of the addon that give and take whole packets: sockets and taps. They are read and written on JavaScript's
// thread, many packets at a time: out of the kernel into one piece of memory, which the packets then share.
import { errnoNumber } from '../errno'
import { warnOfCollected } from './collected'
import type { Scratch } from '../wire/scratch'
import { addon } from './addon'
import { noteClosed, noteOpened } from './opened'

/** What may become possible: UV_READABLE and UV_WRITABLE of libuv. */
export const Possible = { read: 1, write: 2 } as const

/** So many packets are received or sent by one call. */
export const mostAtOnce = 256

/** How the addon says that nothing is there, or that there is no room. */
const again = errnoNumber('EAGAIN')

/** PacketMeta of native/node/datagrams.h, after what is said of all. */
const metaWords = 19
const headWords = 3
const words = new Uint32Array(headWords + mostAtOnce * metaWords)
const bytes = Buffer.from(words.buffer)

/** Where each of the words is. */
const Word = {
  captured: 0,
  length: 1,
  seconds: 2,
  nanoseconds: 3,
  device: 4,
  protocol: 5,
  type: 6,
  status: 7,
  vlan: 8,
  hops: 9,
  error: 10,
  icmp: 11,
  detail: 12,
  family: 13,
  scope: 14,
  address: 15,
} as const

/** What is known about the packet `i` of those that were received last, until the next are. */
export function wordOf(i: number, word: Exclude<keyof typeof Word, 'address'>): number {
  return words[headWords + i * metaWords + Word[word]] ?? 0
}

/** The bytes of its sender's address, until the next are received. */
export function addressOf(i: number, length: number): Scratch {
  const at = 4 * (headWords + i * metaWords + Word.address)
  return bytes.subarray(at, at + length)
}

/** The port of its sender, of a UDP socket. */
export function portOf(i: number): number {
  return wordOf(i, 'family') >>> 16
}

/** When it arrived, in nanoseconds since 1970. */
export function timeOf(i: number): bigint {
  return BigInt(wordOf(i, 'seconds')) * 1_000_000_000n + BigInt(wordOf(i, 'nanoseconds'))
}

/** How long ago it arrived, when it was received, in nanoseconds. */
export function ageOf(i: number): number {
  return ((words[1] ?? 0) - wordOf(i, 'seconds')) * 1e9 + ((words[2] ?? 0) - wordOf(i, 'nanoseconds'))
}

/** Received packets, one behind another in a piece of memory; a new one is taken when the old one is full. */
export class Slab {
  readonly #size: number
  #memory: Buffer
  #end = 0

  constructor(size: number) {
    this.#size = size
    this.#memory = Buffer.alloc(0)
  }

  /** The memory, with room behind `end` for at least one packet. */
  memory(longest: number): Buffer {
    if (this.#memory.length - this.#end < longest) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(this.#size, longest))
      this.#end = 0
    }
    return this.#memory
  }

  get end(): number {
    return this.#end
  }

  /** The next packet. */
  take(length: number): Buffer {
    return this.#memory.subarray(this.#end, (this.#end += length))
  }
}

const collected = new FinalizationRegistry<{ datagrams: number; what: string }>(({ datagrams, what }) => {
  if (!addon.closeDatagrams(datagrams)) return
  warnOfCollected({
    many: 'taps and sockets',
    this: what,
    help: 'Call close(), or declare it with "await using".',
  })
})

/** What a descriptor is, for warnings and the leak check. */
export interface DatagramsOf {
  readonly kind?: 'tap' | 'packet socket' | 'netlink socket'
  /** Such as `tap tap0 in netns red`. */
  readonly what: string
  readonly label: string
  readonly inode: number
  readonly opener: (...args: never[]) => unknown
}

/** A descriptor that gives and takes packets. */
export class Datagrams {
  readonly #number: number
  // The addon holds it weakly while nothing is waited for.
  readonly #ready: (events: number) => void
  #open = true
  #waiting = 0
  #sent = new Uint32Array(1)

  constructor(number: number, ready: (events: number) => void, { kind, what, label, inode, opener }: DatagramsOf) {
    this.#number = number
    this.#ready = ready
    addon.listenDatagrams(number, this.#ready)
    collected.register(this, { datagrams: number, what }, this)
    if (kind !== undefined) noteOpened(number, { kind, label, inode }, opener)
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The descriptor, which stays this object's. */
  get fd(): number {
    return addon.datagramsFd(this.#number)
  }

  /** Its number in the addon. */
  get number(): number {
    return this.#number
  }

  /** Waits for what is in `events`, too. */
  begin(events: number): void {
    this.#wait(this.#waiting | events)
  }

  /** Does not wait for it any more. */
  stop(events: number): void {
    this.#wait(this.#waiting & ~events)
  }

  #wait(events: number): void {
    if (!this.#open || events === this.#waiting) return
    this.#waiting = events
    addon.pollDatagrams(this.#number, events)
  }

  /** Whether it keeps the process alive while something is waited for. */
  keepAlive(alive: boolean): void {
    addon.refDatagrams(this.#number, alive)
  }

  /**
   * Receives packets that are there, `most` at most, each of `longest` bytes at most, into a slab, from where they are to
   * be taken before more are received. Tells how many, and for which errno there were not more, 0 for none.
   */
  receive(slab: Slab, longest: number, most: number): { count: number; errno: number } {
    return this.#receive(slab, longest, most, false)
  }

  /** How long the next message of a netlink socket is, where `receive` ended with EMSGSIZE. */
  lengthOfNext(count: number): number {
    return wordOf(count, 'length')
  }

  /** Joins or leaves a group of a netlink socket; 0, or -errno. */
  setMembership(group: number, member: boolean): number {
    return addon.setMembership(this.#number, group, member)
  }

  /** The same, of the packets that caused errors. */
  receiveErrors(slab: Slab, longest: number, most: number): { count: number; errno: number } {
    return this.#receive(slab, longest, most, true)
  }

  #receive(slab: Slab, longest: number, most: number, errors: boolean): { count: number; errno: number } {
    const memory = slab.memory(longest)
    const count = addon.receiveDatagrams(this.#number, memory, slab.end, longest, words, most, errors)
    const errno = count < 0 ? -count : (words[0] ?? 0)
    return { count: Math.max(count, 0), errno: errno === again ? 0 : errno }
  }

  /** Sends packets that lie one behind another; how many, or -errno if none. */
  send(packets: Uint8Array, lengths: Uint32Array, count: number, address?: Uint8Array): number {
    return addon.sendDatagrams(this.#number, packets, lengths, count, address)
  }

  /** Sends one packet; 1, or -errno. */
  sendOne(packet: Uint8Array, address?: Uint8Array): number {
    this.#sent[0] = packet.byteLength
    return addon.sendDatagrams(this.#number, packet, this.#sent, 1, address)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    collected.unregister(this)
    noteClosed(this.#number)
    addon.closeDatagrams(this.#number)
  }
}
