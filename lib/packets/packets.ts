// Packets: a packet socket inside a namespace (packet(7)).
import { errnoNumber } from '../errno'
import { closedError, NetloomError, systemError } from '../errors'
import { addon } from '../native/addon'
import { Datagrams, mostAtOnce, Possible, Slab } from '../native/datagrams'
import { iterate } from '../native/iteration'
import { checkCallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { withNetns } from '../native/with_netns'
import { openPackets } from '../native/packet_jobs'
import { isBytes, wrongType } from '../wire/invalid'
import { capture, checkCaptureOptions, type CaptureOptions, type CaptureResult } from './capture'
import { frameOf, type Frame } from './frame'
import { packetsKeys, requestOf, type PacketsOptions } from './options'
import { linkAddress, type SendTarget } from './send_target'

/** The counters of a packet socket. */
export interface PacketStatistics {
  /** Packets that passed the filter, with the dropped ones. */
  readonly received: number
  /** Packets that were dropped, as the receive buffer was full. */
  readonly dropped: number
}

/** Packets that wait to be sent. */
interface Sending {
  readonly frame: Uint8Array
  readonly address: Uint8Array | undefined
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** If this many packets wait to be sent, more are refused. */
const mostWaiting = 1024

const EAGAIN = errnoNumber('EAGAIN')
const ENOBUFS = errnoNumber('ENOBUFS') ?? 105

/**
 * A packet socket: sends packets by the devices of a namespace, and is an async iterable of the packets that they send and
 * receive. Several loops may run, and each packet goes to one of them; leaving a loop does not close the socket.
 *
 * Packets are received only while a loop waits for one, which keeps the process alive. Until then they wait in the kernel,
 * in `bufferSize` bytes; those that find no room are dropped and counted.
 * @example
 * await using packets = await ns.packets({ dev: 'eth0', protocol: 'arp' })
 * for await (const frame of packets) console.log(frame.timestamp, frame.source, frame.data.length)
 */
export class Packets implements AsyncIterable<Frame>, AsyncDisposable {
  /** The index of its device; 0: all devices. */
  readonly dev: number
  readonly #netns: NetnsHandle
  readonly #datagrams: Datagrams
  readonly #snapLength: number
  readonly #slab: Slab
  readonly #cooked: boolean
  readonly #deviceType: number
  #ready: { frames: Frame[]; next: number } = { frames: [], next: 0 }
  #failed: NetloomError | undefined
  readonly #readers: { resolve: (frame: Frame | undefined) => void; reject: (error: Error) => void }[] = []
  readonly #senders: Sending[] = []
  #counted: PacketStatistics = { received: 0, dropped: 0 }
  #capturing: ReturnType<typeof capture> | undefined

  /** @internal */
  constructor(
    netns: NetnsHandle,
    [number, dev, deviceType]: readonly [datagrams: number, dev: number, deviceType: number],
    { snapLength, cooked }: { readonly snapLength: number; readonly cooked: boolean },
  ) {
    this.#netns = netns
    this.dev = dev
    this.#deviceType = deviceType
    this.#snapLength = snapLength
    this.#cooked = cooked
    this.#slab = new Slab(Math.max(256 * 1024, 2 * snapLength))
    const { label, identity } = netns
    this.#datagrams = new Datagrams(
      number,
      (events) => {
        this.#onPossible(events)
      },
      {
        kind: 'packet socket',
        what: `packet socket in netns ${label}`,
        label,
        inode: identity.inode,
        opener: Packets as never,
      },
    )
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return !this.#datagrams.isOpen
  }

  /** Its counters (PACKET_STATISTICS), at the end those before it was closed. */
  get statistics(): PacketStatistics {
    this.#count()
    return this.#counted
  }

  /** Adds the kernel's counters, which reading resets. */
  #count(): void {
    const found = this.closed ? undefined : addon.packetStatistics(this.#datagrams.number)
    if (typeof found === 'object') {
      const { received, dropped } = this.#counted
      this.#counted = { received: received + found[0], dropped: dropped + found[1] }
    }
  }

  /**
   * Sends a packet, with its link-layer header unless the socket is cooked. Resolves when the kernel has accepted it.
   * Other sockets of the device receive it (`outgoing`), this one does not.
   * @param to - The destination, for a cooked socket or one of all devices.
   * @throws TypeError, RangeError; NetloomError: `ENETDOWN`, `ENXIO` (no such device), `EMSGSIZE` (beyond the MTU),
   *   `ENOBUFS` (the device's queue is full, or 1024 packets wait), `ERR_NETLOOM_CLOSED`.
   * @example
   * await packets.send(frame)
   */
  async send(frame: Uint8Array, to?: SendTarget): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!isBytes(frame)) throw wrongType('frame', 'a Uint8Array', frame)
      const address = linkAddress(to, this.#cooked, this.dev)
      if (this.closed) throw this.#closedError('Packets.send')
      const sending = { frame, address, resolve, reject }
      if (this.#senders.length >= mostWaiting) reject(this.#failure('send', 'sendto', ENOBUFS))
      else if (this.#senders.length > 0 || !this.#send(sending)) {
        this.#senders.push(sending)
        this.#datagrams.begin(Possible.write)
      }
    })
  }

  /** Sends a packet; false if the send buffer is full. */
  #send({ frame, address, resolve, reject }: Sending): boolean {
    const sent = this.#datagrams.sendOne(frame, address)
    if (-sent === EAGAIN) return false
    if (sent === 1) resolve()
    else reject(this.#failure('send', 'sendto', -sent))
    return true
  }

  /**
   * Writes received packets to a file as tcpdump does, with nanoseconds, until `count` packets are written or the socket is
   * closed. Overwrites the file. Where writing is too slow, packets wait in the kernel, which drops and counts those beyond
   * `bufferSize`. Other readers are refused meanwhile.
   * @returns How many packets were written and dropped, once the file is complete and closed.
   * @throws TypeError, RangeError; the errors of `node:fs`; AbortError, where the file has the packets until then;
   *   NetloomError: `ENETDOWN` (the device was set down or deleted), `ERR_NETLOOM_BUSY` (a loop or capture reads),
   *   `ERR_NETLOOM_LINK_TYPE` (the file format has no link type for frames of this device, or the socket is of all devices:
   *   use `cooked`).
   * @example
   * const { packets } = await socket.capture('eth0.pcap', { count: 100 })
   */
  async capture(file: string, options: CaptureOptions = {}): Promise<CaptureResult> {
    checkCaptureOptions(file, options)
    if (this.closed) throw this.#closedError('Packets.capture')
    if (this.#capturing !== undefined || this.#readers.length > 0) throw this.#busy('Packets.capture')
    const before = this.statistics.dropped
    const source = {
      subject: { operation: 'Packets.capture', netns: this.#netns.label },
      cooked: this.#cooked,
      deviceType: this.#deviceType,
      snapLength: this.#snapLength,
      slab: this.#slab,
      datagrams: this.#datagrams,
      failure: (errno: number) => this.#failure('capture', 'recvmsg', errno),
      dropped: () => this.statistics.dropped - before,
    }
    const running = capture(source, file, options)
    this.#capturing = running
    try {
      return await running.done
    } catch (error) {
      throw withNetns(error, this.#netns)
    } finally {
      this.#capturing = undefined
    }
  }

  /** The next packet, or undefined when the socket is closed. */
  async #next(): Promise<Frame | undefined> {
    const frame = this.#ready.frames[this.#ready.next]
    if (frame !== undefined) {
      this.#ready.next++
      return frame
    }
    const failed = this.#failed
    this.#failed = undefined
    if (failed !== undefined) throw failed
    if (this.closed) return undefined
    if (this.#capturing !== undefined) throw this.#busy('Packets.next')
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      this.#datagrams.begin(Possible.read)
    })
  }

  /** The packets, until the socket is closed. Throws `ENETDOWN` once when the device is set down or deleted. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Frame> {
    return iterate(() => this.#next())
  }

  #onPossible(events: number): void {
    if (this.#capturing !== undefined) {
      this.#capturing.onReadable()
    } else if ((events & Possible.read) !== 0 && this.#readers.length > 0) this.#receive()
    if ((events & Possible.write) !== 0) {
      while (this.#senders[0] !== undefined && this.#send(this.#senders[0])) this.#senders.shift()
      if (this.#senders.length === 0) this.#datagrams.stop(Possible.write)
    }
  }

  #receive(): void {
    const { count, errno } = this.#datagrams.receive(this.#slab, this.#snapLength, mostAtOnce)
    const frames = Array.from({ length: count }, (_, i) => frameOf(i, this.#slab))
    const taken = this.#readers.splice(0, count)
    taken.forEach(({ resolve }, i) => {
      resolve(frames[i])
    })
    this.#ready = { frames, next: taken.length }
    if (errno !== 0) {
      const failure = this.#failure('next', 'recvmsg', errno)
      if (this.#readers.length === 0) this.#failed = failure
      for (const { reject } of this.#readers.splice(0)) reject(failure)
    }
    // Without a reader, packets wait in the kernel, which counts those that it drops.
    if (this.#readers.length === 0) this.#datagrams.stop(Possible.read)
  }

  #failure(operation: string, syscall: string, errno: number): NetloomError {
    return systemError({ operation: `Packets.${operation}`, netns: this.#netns.label, syscall, errno })
  }

  #closedError(operation: string): NetloomError {
    return closedError(operation, this.#netns.label, 'the packet socket')
  }

  #busy(operation: string): NetloomError {
    const netns = this.#netns.label
    const message = `${operation} in netns ${netns}: somebody reads from this socket already`
    return new NetloomError(message, 'ERR_NETLOOM_BUSY', { operation, netns })
  }

  /** Keeps the process alive while a loop waits for packets (the default). */
  ref(): this {
    if (!this.closed) this.#datagrams.keepAlive(true)
    return this
  }

  /** Lets the process end while a loop waits for packets. */
  unref(): this {
    if (!this.closed) this.#datagrams.keepAlive(false)
    return this
  }

  /**
   * Closes it: loops end, and a capture ends with the packets that have arrived, for which this waits. May be called again.
   */
  async close(): Promise<void> {
    if (this.closed) return
    await this.#capturing?.finish()
    this.#count()
    this.#datagrams.close()
    for (const { resolve } of this.#readers.splice(0)) resolve(undefined)
    for (const { reject } of this.#senders.splice(0)) reject(this.#closedError('Packets.send'))
    this.#ready = { frames: [], next: 0 }
  }

  /** For `await using`: `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** @internal NetNs.packets */
export async function open(netns: NetnsHandle, options: PacketsOptions = {}): Promise<Packets> {
  checkCallOptions(options, packetsKeys)
  const request = requestOf(options)
  const { signal, timeout, onWarning } = options
  const about = { operation: 'NetNs.packets', netns: netns.label, about: request.device || undefined }
  const opened = await openPackets(about, netns, request, { signal, timeout, onWarning })
  return new Packets(netns, opened, request)
}
