// Runs one ping: sends its requests when they are due, and receives replies and errors.
import { errnoMeaning, errnoName, errnoNumber } from '../errno'
import { AbortError, systemError, type Subject } from '../errors'
import { addressOf, ageOf, Datagrams, mostAtOnce, Possible, Slab, wordOf, type DatagramsOf } from '../native/datagrams'
import { formatIP } from '../wire/ip'
import { Reader } from '../wire/reader'
import { describeError, echoRequest, icmpHeaderSize, readRefused, readReply, type Echo } from './icmp'
import type { PingError, PingEvent } from './ping_events'

/** The checked options of a ping. */
export interface EchoPlan {
  readonly version: 4 | 6
  readonly count: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly size: number
  /** The zone of a link-local address, as it was given. */
  readonly zone: string | undefined
}

/** The socket that the addon has opened. */
export type EchoSocket = readonly [datagrams: number, identifier: number, destination: Uint8Array]

/** The headers of a reply: IP with options, and ICMP. */
const headers = 60 + icmpHeaderSize
/** With this many events that were not consumed, nothing more is sent or received. */
const mostUntaken = 1024
/** With `intervalMs` 0, a request follows the reply to the one before, or after this time if there is none. */
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

/** Sends requests, and returns events, until all requests are answered or have timed out. */
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
  // By the 16-bit sequence number in the message; the requests that wait for a reply are the last ones.
  readonly #requests = new Map<number, Request>()
  readonly #awaited: Request[] = []
  readonly #events: PingEvent[] = []
  #next = performance.now()
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  #failure: Error | undefined
  /** The path MTU that was reported last. */
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

  /** The next event; undefined at the end. */
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

  /** Ends the run; a call of `next` that waits rejects. */
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

  /** The oldest request that waits for a reply. */
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
    // Without a timer while the events wait: consuming them continues the run.
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
    // The errno may be that of an earlier request, whose error is in the error queue: sends again after reading it.
    if (result < 0 && this.#receiveErrors()) result = this.#datagrams.sendOne(request, this.#destination)
    const errno = -result
    // The send buffer is full: tries again when the request is due again.
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
    // A raw socket receives replies to other programs, too.
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
    // Negative if the clock of the timestamps was set meanwhile.
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

  /** Reads the error queue. Returns whether it had an error. */
  #receiveErrors(): boolean {
    const { count } = this.#datagrams.receiveErrors(this.#slab, this.#longest, mostAtOnce)
    for (let i = 0; i < count; i++) {
      const message = this.#slab.take(wordOf(i, 'captured'))
      const error = wordOf(i, 'error')
      if ((error & 0xffff) === EMSGSIZE && wordOf(i, 'detail') > 0) this.#mtu = wordOf(i, 'detail')
      const request = this.#requestOf(readRefused(message, this.#plan.version))
      // Errors of this machine itself are reported by the send.
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

/** The address of the sender of a packet; a link-local one with the zone of the pinged address, or the index of its device. */
function senderOf(i: number, zone: string | undefined): string {
  const family = wordOf(i, 'family') & 0xffff
  const length = family === families.inet ? 4 : family === families.inet6 ? 16 : 0
  const address = formatIP(new Reader(addressOf(i, length)), 0, length)
  const scope = wordOf(i, 'scope')
  return scope === 0 ? address : `${address}%${zone ?? scope}`
}
