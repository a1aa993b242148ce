// Ping: ICMP echo from inside a namespace.
import { isIPv4, isIPv6 } from 'node:net'
import type { CallOptions } from '../native/jobs'
import { checkCallOptions } from '../native/jobs'
import { whenAborted } from '../native/abort'
import type { NetnsHandle } from '../native/netns_handle'
import { openPing } from '../native/packet_jobs'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { EchoRun, type EchoPlan } from './echo_run'
import { PingTally, type PingEvent, type PingSummary } from './ping_events'

/** Options of `NetNs.ping`. */
export interface PingOptions extends Pick<CallOptions, 'signal'> {
  /** How many requests are sent, 1 or more; Infinity: until the loop is left or the signal aborts. Default: 4. */
  count?: number | undefined
  /**
   * Milliseconds from one request to the next, 0 to 2147483647. 0: as soon as one is answered, or after 10 ms. Default:
   * 1000.
   */
  intervalMilliseconds?: number | undefined
  /** Milliseconds to wait for the reply to each request, 1 to 2147483647. Default: 1000. */
  timeout?: number | undefined
  /** Bytes to be echoed, 0 to 65507. Default: 56. */
  size?: number | undefined
  /** The TTL or hop limit of requests, 1 to 255. Default: net.ipv4.ip_default_ttl, or the route's. */
  ttl?: number | undefined
  /** The type of service or traffic class, 0 to 255. Default: 0. */
  trafficClass?: number | undefined
  /** Does not fragment: a request beyond the path MTU gives `packetTooBig`, with that MTU. Default: false. */
  dontFragment?: boolean | undefined
  /** The address to send from, one of the namespace's. Default: the kernel chooses. */
  source?: string | undefined
  /** The device to send by, by name or index. Default: the kernel chooses. */
  dev?: Device | undefined
}

const keys = new Set([
  'signal',
  'count',
  'intervalMilliseconds',
  'timeout',
  'size',
  'ttl',
  'trafficClass',
  'dontFragment',
  'source',
  'dev',
])

function versionOf(address: unknown, field: string): 4 | 6 {
  if (typeof address !== 'string') throw wrongType(field, 'an IP address', address)
  if (isIPv4(address)) return 4
  if (isIPv6(address)) return 6
  throw wrongValue(field, 'an IP address', address)
}

function checkMilliseconds(value: unknown, least: number, field: string): number {
  if (typeof value !== 'number') throw wrongType(field, 'a number of milliseconds', value)
  if (!(value >= least && value <= 0x7fffffff)) throw outOfRange(field, `from ${least} to 2147483647`, value)
  return value
}

/**
 * A ping: `await` gives the summary, `for await` the events as they happen. The first of the two starts it.
 */
export class Ping implements PromiseLike<PingSummary>, AsyncIterable<PingEvent> {
  /** The address that is pinged. */
  readonly address: string
  readonly #netns: NetnsHandle
  readonly #plan: EchoPlan
  readonly #options: PingOptions
  readonly #tally = new PingTally()
  #events: AsyncGenerator<PingEvent, void> | undefined
  #summary: Promise<PingSummary> | undefined

  /** @internal */
  constructor(netns: NetnsHandle, address: string, options: PingOptions = {}) {
    const version = versionOf(address, 'address')
    checkKeys(options, keys)
    const { signal, ...rest } = options
    checkCallOptions({ signal })
    const { count = 4, intervalMilliseconds = 1000, timeout = 1000, size = 56, dontFragment = false } = rest
    if (count !== Infinity) checkInteger(count, 1, Number.MAX_SAFE_INTEGER, 'count')
    if (rest.ttl !== undefined) checkInteger(rest.ttl, 1, 255, 'ttl')
    if (rest.trafficClass !== undefined) checkInteger(rest.trafficClass, 0, 255, 'trafficClass')
    if (typeof dontFragment !== 'boolean') throw wrongType('dontFragment', 'a boolean', dontFragment)
    if (rest.source !== undefined && versionOf(rest.source, 'source') !== version) {
      throw wrongValue('source', `an IPv${version} address, as the one to ping`, rest.source)
    }
    if (rest.dev !== undefined) checkDevice(rest.dev, 'dev')
    this.#netns = netns
    this.address = address
    this.#options = { ...rest, signal }
    this.#plan = {
      version,
      count,
      intervalMs: checkMilliseconds(intervalMilliseconds, 0, 'intervalMilliseconds'),
      timeoutMs: checkMilliseconds(timeout, 1, 'timeout'),
      size: checkInteger(size, 0, 65_507, 'size'),
      zone: address.split('%')[1],
    }
  }

  /** The summary of the events so far. */
  get summary(): PingSummary {
    return this.#tally.summary(this.address)
  }

  /** The events. Leaving the loop ends the ping. */
  [Symbol.asyncIterator](): AsyncIterator<PingEvent, void> {
    return (this.#events ??= this.#run())
  }

  /** For `await`: the summary, once all requests were answered or have timed out. */
  then<Result = PingSummary, Failed = never>(
    fulfilled?: ((summary: PingSummary) => Result | PromiseLike<Result>) | null,
    rejected?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Result | Failed> {
    this.#summary ??= this.#finish()
    return this.#summary.then(fulfilled, rejected)
  }

  async #finish(): Promise<PingSummary> {
    for await (const _event of this) continue
    return this.summary
  }

  async *#run(): AsyncGenerator<PingEvent, void> {
    const { signal, source = '', dev, ttl = 0, trafficClass = -1, dontFragment = false } = this.#options
    const { label, identity } = this.#netns
    const subject = { operation: 'NetNs.ping', netns: label }
    const about = { ...subject, detail: this.address }
    const device = dev === undefined ? '' : String(dev)
    const { version } = this.#plan
    const request = { version, host: this.address, source, device, ttl, trafficClass, dontFragment }
    const opened = await openPing(about, this.#netns, request, { signal })
    const run = new EchoRun(subject, this.#plan, opened, {
      what: `ping of ${this.address} in netns ${label}`,
      label,
      inode: identity.inode,
      opener: Ping as never,
    })
    const fail = (): void => {
      run.fail(signal?.reason)
    }
    const forget = signal === undefined ? undefined : whenAborted(signal, fail)
    if (signal?.aborted === true) fail()
    try {
      for (let event = await run.next(); event !== undefined; event = await run.next()) {
        this.#tally.sent = run.sent
        this.#tally.add(event)
        yield event
      }
    } finally {
      this.#tally.sent = run.sent
      forget?.()
      run.close()
    }
  }
}
