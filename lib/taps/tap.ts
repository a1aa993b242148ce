// Tap: one queue of a TUN or TAP device, as a stream of packets.
import { Duplex } from 'node:stream'
import { errnoNumber } from '../errno'
import { closedError, systemError, type NetloomError } from '../errors'
import { Datagrams, mostAtOnce, Possible, Slab, wordOf } from '../native/datagrams'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { controlTap } from '../native/tap_jobs'
import { isBytes, wrongType } from '../wire/invalid'
import type { TapFormat } from './flags'

/** Longer than any packet: the largest frame with its headers. */
const longest = 65_600
const slabSize = 4 * longest

const EAGAIN = errnoNumber('EAGAIN')
const EIO = errnoNumber('EIO')
const EBADFD = errnoNumber('EBADFD')

type Done = (error?: Error | null) => void

/** Packets that are being written; those from `next` on are still to be written. */
interface Writing {
  readonly packets: readonly Uint8Array[]
  next: number
  readonly done: Done
}

/**
 * A TUN or TAP device that is open: a Duplex stream in object mode, one Buffer a packet. Reading gives the packets that the
 * kernel sends by the device; the kernel receives the packets that are written.
 *
 * Until a consumer reads, and where it reads too slowly, packets wait in the device's queue in the kernel, which drops those
 * beyond `txqlen`. Packets that were read together share memory: copy the few that you keep for long. Packets that are
 * written while the device is down are dropped and counted. The stream fails with `EBADFD` when the device is deleted, and
 * with `EINVAL` for bytes that are no packet.
 *
 * A tap that is being read keeps the process alive, as a socket does.
 * @example
 * await using tap = await ns.taps.create({ up: true })
 * tap.on('data', (frame) => tap.write(answerTo(frame)))
 */
export class Tap extends Duplex {
  /** The device's name. */
  readonly name: string
  /** How its packets look. */
  readonly format: Readonly<TapFormat>
  readonly #netns: NetnsHandle
  readonly #datagrams: Datagrams
  readonly #slab = new Slab(slabSize)
  readonly #lengths = new Uint32Array(mostAtOnce)
  readonly #lengthsRead = new Uint32Array(mostAtOnce)
  #together: Buffer | undefined
  #writing: Writing | undefined
  #dropped = 0
  readonly #openQueue: (options?: CallOptions) => Promise<Tap>

  /** @internal */
  constructor(
    netns: NetnsHandle,
    [number, name]: readonly [datagrams: number, name: string],
    format: TapFormat,
    openQueue: (options?: CallOptions) => Promise<Tap>,
  ) {
    super({ objectMode: true, highWaterMark: mostAtOnce, decodeStrings: false })
    this.name = name
    this.format = format
    this.#netns = netns
    this.#openQueue = openQueue
    const { label, identity } = netns
    const what = `tap ${name} in netns ${label}`
    this.#datagrams = new Datagrams(
      number,
      (events) => {
        this.#onPossible(events)
      },
      { kind: 'tap', what, label, inode: identity.inode, opener: Tap as unknown as () => unknown },
    )
  }

  /**
   * The file descriptor, for a program such as a virtual machine. This object still owns it, and a child inherits it only if
   * it is named: `spawn(program, args, { stdio: ['inherit', 'inherit', 'inherit', tap.fd] })` makes it descriptor 3 of the
   * program. Do not read from this stream then: the program does not get the packets. -1 when the tap is closed.
   */
  get fd(): number {
    return this.#datagrams.isOpen ? this.#datagrams.fd : -1
  }

  /** How many packets were written while the device was down, and dropped. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Whether the device stays when no program has it open (TUNSETPERSIST).
   * @throws TypeError; NetloomError: `ERR_NETLOOM_CLOSED`, `EBADFD` if the device was deleted.
   */
  async persist(on: boolean, options?: CallOptions): Promise<void> {
    if (typeof on !== 'boolean') throw wrongType('on', 'a boolean', on)
    return this.#control('Tap.persist', 'persist', on ? 1 : 0, options)
  }

  /**
   * Opens another queue of the same device, which needs `multiQueue`.
   * @throws NetloomError: `EBUSY` if it has no `multiQueue`, `E2BIG` if there are 256, `ERR_NETLOOM_CLOSED`.
   * @example
   * const queues = [tap, await tap.openQueue(), await tap.openQueue()]
   */
  async openQueue(options?: CallOptions): Promise<Tap> {
    checkCallOptions(options)
    this.#checkOpen('Tap.openQueue')
    return this.#openQueue(options)
  }

  /**
   * Lets the kernel use this queue again, after `detach` (IFF_ATTACH_QUEUE).
   * @throws NetloomError: `EINVAL` if it is attached, or the device has no `multiQueue`.
   */
  async attach(options?: CallOptions): Promise<void> {
    return this.#control('Tap.attach', 'attach', 1, options)
  }

  /**
   * Keeps the kernel from sending by this queue until `attach` (IFF_DETACH_QUEUE).
   * @throws NetloomError: `EINVAL` if it is detached, or the device has no `multiQueue`.
   */
  async detach(options?: CallOptions): Promise<void> {
    return this.#control('Tap.detach', 'attach', 0, options)
  }

  async #control(
    operation: string,
    what: 'persist' | 'attach',
    value: number,
    options: CallOptions | undefined,
  ): Promise<void> {
    checkCallOptions(options)
    this.#checkOpen(operation)
    const about = { operation, netns: this.#netns.label, about: `tap ${this.name}` }
    return controlTap(about, this.#datagrams.number, what, value, options)
  }

  #checkOpen(operation: string): void {
    if (!this.#datagrams.isOpen) throw closedError(operation, this.#netns.label, `the tap ${this.name}`)
  }

  /** Keeps the process alive while the stream is read (the default). */
  ref(): this {
    if (this.#datagrams.isOpen) this.#datagrams.keepAlive(true)
    return this
  }

  /** Lets the process end while the stream is read. */
  unref(): this {
    if (this.#datagrams.isOpen) this.#datagrams.keepAlive(false)
    return this
  }

  /** Closes it; the kernel deletes a device that is not persistent with its last queue. May be called again. */
  async close(): Promise<void> {
    if (this.closed) return
    await new Promise<void>((resolve) => {
      this.once('close', resolve)
      this.destroy()
    })
  }

  /** For `await using`: `close`. */
  override async [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal */
  override _read(): void {
    this.#datagrams.begin(Possible.read)
  }

  /** @internal */
  override _write(packet: unknown, _encoding: BufferEncoding, done: Done): void {
    this.#write([packet], done)
  }

  /** @internal */
  override _writev(chunks: { chunk: unknown }[], done: Done): void {
    this.#write(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  /** @internal */
  override _destroy(error: Error | null, done: Done): void {
    this.#datagrams.close()
    const writing = this.#writing
    this.#writing = undefined
    writing?.done(error ?? new Error('The tap was closed before all was written'))
    done(error)
  }

  #onPossible(events: number): void {
    if ((events & Possible.write) !== 0 && this.#writing !== undefined) {
      this.#datagrams.stop(Possible.write)
      this.#flush(this.#writing)
    }
    if ((events & Possible.read) !== 0 && !this.destroyed) this.#receive()
  }

  #receive(): void {
    // No more than the stream has room for: other packets wait in the kernel.
    const most = Math.max(1, Math.min(mostAtOnce, this.readableHighWaterMark - this.readableLength))
    const { count, errno } = this.#datagrams.receive(this.#slab, longest, most)
    let wanted = true
    // All lengths first: a consumer may read another tap, which overwrites them.
    for (let i = 0; i < count; i++) this.#lengthsRead[i] = wordOf(i, 'captured')
    for (let i = 0; i < count; i++) wanted = this.push(this.#slab.take(this.#lengthsRead[i] ?? 0))
    if (this.destroyed) return
    if (!wanted) this.#datagrams.stop(Possible.read)
    if (errno !== 0) this.destroy(this.#failure('read', errno))
  }

  #write(packets: readonly unknown[], done: Done): void {
    const wrong = packets.find((packet) => !isBytes(packet))
    if (wrong !== undefined) {
      done(wrongType('packet', 'a Uint8Array', wrong))
      return
    }
    this.#flush({ packets: packets as readonly Uint8Array[], next: 0, done })
  }

  /** Writes the remaining packets, until the kernel has no room. */
  #flush(writing: Writing): void {
    const { packets, done } = writing
    while (writing.next < packets.length) {
      const sent = this.#send(packets, writing.next)
      if (sent > 0) {
        writing.next += sent
      } else if (-sent === EIO) {
        this.#dropped += packets.length - writing.next
        writing.next = packets.length
      } else if (-sent === EAGAIN) {
        this.#writing = writing
        this.#datagrams.begin(Possible.write)
        return
      } else {
        this.#writing = undefined
        done(this.#failure('write', -sent))
        return
      }
    }
    this.#writing = undefined
    // In the next turn of the event loop: packets that are written meanwhile are then written together, and endless writing
    // does not keep the event loop from reading.
    setImmediate(done)
  }

  /** Writes as many packets as fit into one call. Returns how many, or -errno. */
  #send(packets: readonly Uint8Array[], from: number): number {
    const together = (this.#together ??= Buffer.allocUnsafeSlow(slabSize))
    let count = 0
    let end = 0
    for (const packet of from === 0 ? packets : packets.slice(from)) {
      if (count === mostAtOnce) break
      // Longer than any packet: the kernel refuses it with its own error.
      if (count === 0 && (packets.length === 1 || packet.byteLength > slabSize)) return this.#datagrams.sendOne(packet)
      if (packet.byteLength > slabSize - end) break
      together.set(packet, end)
      this.#lengths[count++] = packet.byteLength
      end += packet.byteLength
    }
    return this.#datagrams.send(together, this.#lengths, count)
  }

  #failure(syscall: 'read' | 'write', errno: number): NetloomError {
    const detail = errno === EBADFD ? 'the device was deleted' : undefined
    const about = `tap ${this.name}`
    return systemError({ operation: `Tap.${syscall}`, netns: this.#netns.label, about, errno, syscall, detail })
  }
}
