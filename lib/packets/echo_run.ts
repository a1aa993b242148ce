// The requests of one ping, when they are due, and what comes back.
import { errnoMeaning, errnoName, errnoNumber } from '../errno'
import { AbortError, systemError, type Subject } from '../errors'
import { addressOf, ageOf, Datagrams, mostAtOnce, Possible, Slab, wordOf, type DatagramsOf } from '../native/datagrams'
import { formatIP } from '../wire/ip'
import { Reader } from '../wire/reader'
import { describeError, echoRequest, icmpHeaderSize, readRefused, readReply, type Echo } from './icmp'
import type { PingError, PingEvent } from './ping_events'

/** How a host is pinged. */
export interface EchoPlan {
  readonly version: 4 | 6
  readonly count: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly size: number
  /** The zone of a link-local address, as it was given. */
  readonly zone: string | undefined
}

/** What the addon has opened. */
export type EchoSocket = readonly [datagrams: number, identifier: number, destination: Uint8Array]

/** Room for a reply: its IP header with options, ICMP's, and what is echoed. */
const headers = 60 + icmpHeaderSize
/** Beyond so many events that nobody has taken, nothing is sent or received. */
const mostUntaken = 1024
/** A request follows the answer to the one before, or so long after it if there is none, where `intervalMs` is 0. */
const floodMs = 10

const EAGAIN = errnoNumber('EAGAIN')
const ENOBUFS = errnoNumber('ENOBUFS')
const EMSGSIZE = errnoNumber('EMSGSIZE')
/** SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6 of linux/errqueue.h. */
const icmpOrigins = [2, 3]
const families = { inet: 2, inet6: 10 } as const

interface Request {
  readonly sequence: number
  readonly sentAt: number
  state: 'awaited' | 'late' | 'failed' | 'answered'
}

/** Sends requests, and gives what happens, until all are answered or timed out. */
export class EchoRun {
  sent = 0
  readonly #plan: EchoPlan
  readonly #subject: Subject
  readonly #datagrams: Datagrams
  readonly #raw: boolean
  readonly #identifier: number
  readonly #destination: Uint8Array
  readonly #slab: Slab
  readonly #longest: number
  // By the sixteen bits that the message has; those that are awaited are the last ones.
  readonly #requests = new Map<number, Request>()
  readonly #awaited: Request[] = []
  readonly #events: PingEvent[] = []
  #next = performance.now()
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  #failure: Error | undefined
  /** What was last said to be the longest packet. */
  #mtu: number | undefined

  constructor(subject: Subject, plan: EchoPlan, [number, identifier, destination]: EchoSocket, of: DatagramsOf) {
    this.#subject = subject
    this.#plan = plan
    this.#raw = identifier >= 0
    this.#identifier = identifier
    this.#destination = destination
    this.#longest = headers + plan.size
    this.#slab = new Slab(Math.max(16 * 1024, this.#longest))
    this.#datagrams = new Datagrams(
      number,
      () => {
        this.#onReadable()
      },
      of,
    )
  }

  /** What happened next; undefined when all is over. */
  async next(): Promise<PingEvent | undefined> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return event
      if (this.#failure !== undefined) throw this.#failure
      if (this.#isOver()) return undefined
      this.#datagrams.begin(Possible.read)
      this.#step()
      if (this.#mustWait()) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  #mustWait(): boolean {
    return this.#events.length === 0 && this.#failure === undefined && !this.#isOver()
  }

  /** Ends it, with an error for whoever waits. */
  fail(reason: unknown): void {
    this.#failure = new AbortError(this.#subject, this.sent === 0 ? 'none' : 'unknown', reason)
    this.#wakeUp()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#datagrams.close()
  }

  #isOver(): boolean {
    return this.sent >= this.#plan.count && this.#firstAwaited() === undefined
  }

  /** The request that was sent first of those that are awaited. */
  #firstAwaited(): Request | undefined {
    while (this.#awaited[0] !== undefined && this.#awaited[0].state !== 'awaited') this.#awaited.shift()
    return this.#awaited[0]
  }

  /** Does what is due, and sets a timer for what is due next. */
  #step(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    const { count, intervalMs, timeoutMs } = this.#plan
    for (let first = this.#firstAwaited(); first !== undefined; first = this.#firstAwaited()) {
      if (first.sentAt + timeoutMs > now) break
      first.state = 'late'
      this.#events.push({ type: 'timeout', sequence: first.sequence })
    }
    const answered = intervalMs === 0 && this.#firstAwaited() === undefined
    if (this.sent < count && (now >= this.#next || answered)) {
      this.#next = Math.max(this.#next + intervalMs, now)
      if (intervalMs === 0) this.#next = now + floodMs
      this.#send()
    }
    const first = this.#firstAwaited()
    const due = Math.min(
      this.sent < count ? this.#next : Infinity,
      first === undefined ? Infinity : first.sentAt + timeoutMs,
    )
    if (this.#events.length > 0) this.#wakeUp()
    // Whoever takes the events goes on.
    if (due === Infinity || this.#events.length >= mostUntaken) return
    this.#timer = setTimeout(
      () => {
        this.#step()
      },
      Math.max(0, Math.ceil(due - performance.now())),
    )
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #send(): void {
    const { version, size } = this.#plan
    const sequence = this.sent + 1
    const request = echoRequest(version, Math.max(0, this.#identifier), sequence, size)
    const sentAt = performance.now()
    let result = this.#datagrams.sendOne(request, this.#destination)
    // What is reported may be the error of an earlier request: that one is in the queue of errors.
    if (result < 0 && this.#receiveErrors()) result = this.#datagrams.sendOne(request, this.#destination)
    const errno = -result
    // There is no room: it is tried again when it is due again.
    if (errno === EAGAIN || errno === ENOBUFS) return
    if (result < 0 && this.sent === 0 && errno !== EMSGSIZE) {
      this.#failure = systemError({ ...this.#subject, errno, syscall: 'sendto' })
      this.#wakeUp()
      return
    }
    this.sent++
    const sent: Request = { sequence, sentAt, state: result < 0 ? 'failed' : 'awaited' }
    this.#requests.set(sequence & 0xffff, sent)
    if (result > 0) this.#awaited.push(sent)
    else {
      this.#events.push({ type: 'error', sequence, from: undefined, ...this.#refusal(errno), icmp: undefined })
    }
  }

  /** Why this machine did not send. */
  #refusal(errno: number): Pick<PingError, 'kind' | 'reason' | 'code' | 'mtu'> {
    const code = errnoName(errno)
    if (errno !== EMSGSIZE) return { kind: 'notSent', reason: errnoMeaning(errno), code, mtu: undefined }
    this.#receiveErrors()
    return { kind: 'packetTooBig', reason: 'beyond the MTU of the device or path', code, mtu: this.#mtu }
  }

  #onReadable(): void {
    this.#receiveErrors()
    const { count, errno } = this.#datagrams.receive(this.#slab, this.#longest, mostAtOnce)
    const now = performance.now()
    for (let i = 0; i < count; i++) this.#onReply(i, now)
    if (errno !== 0) this.#receiveErrors()
    if (this.#events.length >= mostUntaken) this.#datagrams.stop(Possible.read)
    this.#step()
    this.#wakeUp()
  }

  #requestOf(echo: Echo | undefined): Request | undefined {
    // Others' echoes pass by a raw socket, too.
    if (echo === undefined || (this.#raw && echo.identifier !== this.#identifier)) return undefined
    return this.#requests.get(echo.sequence)
  }

  #onReply(i: number, now: number): void {
    const { version } = this.#plan
    const message = this.#slab.take(wordOf(i, 'captured'))
    const echo = readReply(message, version, this.#raw)
    const request = this.#requestOf(echo)
    if (request === undefined || echo === undefined) return
    const hops = wordOf(i, 'hops')
    const duplicate = request.state === 'answered'
    request.state = 'answered'
    // The clock of the timestamps may have been set meanwhile.
    const took = now - request.sentAt
    const age = Math.min(Math.max(ageOf(i) / 1e6, 0), took)
    this.#events.push({
      type: 'reply',
      sequence: request.sequence,
      from: senderOf(i, this.#plan.zone),
      time: took - age,
      ttl: (hops & 0x100) === 0 ? undefined : hops & 0xff,
      size: echo.size,
      duplicate,
    })
  }

  /** Takes what the queue of errors has; whether there was anything. */
  #receiveErrors(): boolean {
    const { count } = this.#datagrams.receiveErrors(this.#slab, this.#longest, mostAtOnce)
    for (let i = 0; i < count; i++) {
      const message = this.#slab.take(wordOf(i, 'captured'))
      const error = wordOf(i, 'error')
      if ((error & 0xffff) === EMSGSIZE && wordOf(i, 'detail') > 0) this.#mtu = wordOf(i, 'detail')
      const request = this.#requestOf(readRefused(message, this.#plan.version))
      // Of what this machine refuses itself, sending tells.
      if (request === undefined || !icmpOrigins.includes((error >>> 16) & 0xff)) continue
      if (request.state !== 'answered') request.state = 'failed'
      const [type, code] = [wordOf(i, 'icmp') & 0xff, (wordOf(i, 'icmp') >>> 8) & 0xff]
      const described = describeError(this.#plan.version, type, code)
      this.#events.push({
        type: 'error',
        sequence: request.sequence,
        from: senderOf(i, this.#plan.zone),
        ...described,
        code: errnoName(error & 0xffff),
        icmp: { type, code },
        mtu: described.kind === 'packetTooBig' ? wordOf(i, 'detail') : undefined,
      })
    }
    return count > 0
  }
}

/** The address of the sender of a packet; a link-local one with the zone that was pinged, or the index of its device. */
function senderOf(i: number, zone: string | undefined): string {
  const family = wordOf(i, 'family') & 0xffff
  const length = family === families.inet ? 4 : family === families.inet6 ? 16 : 0
  const address = formatIP(new Reader(addressOf(i, length)), 0, length)
  const scope = wordOf(i, 'scope')
  return scope === 0 ? address : `${address}%${zone ?? scope}`
}
