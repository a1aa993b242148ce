// What happens while a host is pinged, and what it comes to in the end.
import type { PingErrorKind } from './icmp'

/** An answer. */
export interface PingReply {
  /** Tells it from other events. */
  readonly type: 'reply'
  /** Which of the requests, from 1 on. */
  readonly sequence: number
  /** Who answered. */
  readonly from: string
  /** Milliseconds from sending until the answer arrived at this machine, with fractions (SO_TIMESTAMPNS). */
  readonly time: number
  /** How many hops the answer had left (the IP header's TTL or hop limit). */
  readonly ttl: number | undefined
  /** How many bytes were echoed. */
  readonly size: number
  /** Whether there was an answer to this request before. */
  readonly duplicate: boolean
}

/** Type and code of an ICMP message. */
export interface IcmpCode {
  /** Its type: 3 is `destination unreachable` of ICMP, 1 of ICMPv6. */
  readonly type: number
  /** What more it says, by type. */
  readonly code: number
}

/** A router or the host says why there will be no answer. */
export interface PingError {
  /** Tells it from other events. */
  readonly type: 'error'
  /** Which of the requests, from 1 on. */
  readonly sequence: number
  /** Who says it: this machine itself, where no neighbor answers; undefined where nothing could be sent. */
  readonly from: string | undefined
  /** What it says; `notSent`: the kernel of this machine refused to send. */
  readonly kind: PingErrorKind | 'notSent'
  /** The same in words, such as `host unreachable`. */
  readonly reason: string
  /** The errno that belongs to it, such as `EHOSTUNREACH`. */
  readonly code: string
  /** What the ICMP message has; undefined where this machine did not send. */
  readonly icmp: IcmpCode | undefined
  /** With `packetTooBig`, how many bytes a packet may have. */
  readonly mtu: number | undefined
}

/** No answer came within `timeout`. One that comes later still is an event, and counts. */
export interface PingTimeout {
  /** Tells it from other events. */
  readonly type: 'timeout'
  /** Which of the requests, from 1 on. */
  readonly sequence: number
}

/** What may happen while a host is pinged. */
export type PingEvent = PingReply | PingError | PingTimeout

/** What it came to. Times are milliseconds. */
export interface PingSummary {
  /** The address that was pinged. */
  readonly address: string
  /** How many requests were sent. */
  readonly sent: number
  /** How many of them were answered. */
  readonly received: number
  /** How many answers came twice. */
  readonly duplicates: number
  /** How many errors there were. */
  readonly errors: number
  /** The share that was not answered, 0 to 1. */
  readonly loss: number
  /** The shortest time; undefined if nothing was answered, as those that follow. */
  readonly min: number | undefined
  /** The mean of the times. */
  readonly average: number | undefined
  /** The longest time. */
  readonly max: number | undefined
  /** How much they vary: their standard deviation (`mdev` of ping). */
  readonly deviation: number | undefined
  /** How long it all took. */
  readonly duration: number
}

/** Counts what happens. */
export class PingTally {
  readonly #answered: number[] = []
  readonly #begun = performance.now()
  #duplicates = 0
  #errors = 0
  sent = 0

  add(event: PingEvent): void {
    if (event.type === 'error') this.#errors++
    else if (event.type === 'reply' && event.duplicate) this.#duplicates++
    else if (event.type === 'reply') this.#answered.push(event.time)
  }

  summary(address: string): PingSummary {
    const times = this.#answered
    const [sent, received] = [this.sent, times.length]
    const mean = times.reduce((sum, time) => sum + time, 0) / received
    const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / received
    const some = received > 0
    return {
      address,
      sent,
      received,
      duplicates: this.#duplicates,
      errors: this.#errors,
      loss: sent === 0 ? 0 : (sent - received) / sent,
      min: some ? times.reduce((least, time) => Math.min(least, time)) : undefined,
      average: some ? mean : undefined,
      max: some ? times.reduce((most, time) => Math.max(most, time)) : undefined,
      deviation: some ? Math.sqrt(variance) : undefined,
      duration: performance.now() - this.#begun,
    }
  }
}
