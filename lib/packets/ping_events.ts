// The events of a ping, and their summary.
import type { PingErrorKind } from './icmp'

/** A reply. */
export interface PingReply {
  /** The type of the event. */
  readonly type: 'reply'
  /** The number of the request, from 1 on. */
  readonly sequence: number
  /** The sender of the reply. */
  readonly from: string
  /** Milliseconds from sending until the reply arrived at this machine, with fractions (SO_TIMESTAMPNS). */
  readonly time: number
  /** The TTL or hop limit in the reply's IP header. */
  readonly ttl: number | undefined
  /** How many bytes were echoed. */
  readonly size: number
  /** Whether a reply to this request came before. */
  readonly duplicate: boolean
}

/** Type and code of an ICMP message. */
export interface IcmpCode {
  /** Its type: 3 is `destination unreachable` of ICMP, 1 of ICMPv6. */
  readonly type: number
  /** Its code, whose meaning depends on the type. */
  readonly code: number
}

/** A router or the host has refused the request. */
export interface PingError {
  /** The type of the event. */
  readonly type: 'error'
  /** The number of the request, from 1 on. */
  readonly sequence: number
  /** The sender of the error: this machine itself, where no neighbor answers; undefined where the request was not sent. */
  readonly from: string | undefined
  /** The reason; `notSent`: the kernel of this machine refused to send. */
  readonly kind: PingErrorKind | 'notSent'
  /** The reason in words, such as `host unreachable`. */
  readonly reason: string
  /** The errno that belongs to it, such as `EHOSTUNREACH`. */
  readonly code: string
  /** Type and code of the ICMP message; undefined where this machine did not send. */
  readonly icmp: IcmpCode | undefined
  /** With `packetTooBig`, the largest packet in bytes. */
  readonly mtu: number | undefined
}

/** No reply came within `timeout`. A reply that comes later is another event, and counts. */
export interface PingTimeout {
  /** The type of the event. */
  readonly type: 'timeout'
  /** The number of the request, from 1 on. */
  readonly sequence: number
}

/** An event of a ping. */
export type PingEvent = PingReply | PingError | PingTimeout

/** The summary of a ping. Times are in milliseconds. */
export interface PingSummary {
  /** The address that was pinged. */
  readonly address: string
  /** How many requests were sent. */
  readonly sent: number
  /** How many of them were answered. */
  readonly received: number
  /** How many replies were duplicates. */
  readonly duplicates: number
  /** How many errors there were. */
  readonly errors: number
  /** The share of requests that were not answered, 0 to 1. */
  readonly loss: number
  /** The shortest time; this and the next three are undefined if no request was answered. */
  readonly min: number | undefined
  /** The mean of the times. */
  readonly average: number | undefined
  /** The longest time. */
  readonly max: number | undefined
  /** The standard deviation of the times (`mdev` of ping). */
  readonly deviation: number | undefined
  /** The time that the ping took. */
  readonly duration: number
}

/** Counts events. */
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
