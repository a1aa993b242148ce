// Advertises a router on one device: to all nodes at random times, and in answer to solicitations (RFC 4861, 6.2). Any host on the link
// may send solicitations at any rate and with any bytes: the kernel's filter and limits for reading and sending bound their effect.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FilterInstruction, Frame, NetNs, Packets } from 'netloom'
import { isNotFound, NetloomError } from 'netloom/errors'
import type { Advertisement, Timed } from './check'
import { advertisementFrames, everybody, readSolicitation, type Solicitation } from './message'

/** Constants of RFC 4861, 10. */
const [initialCount, initialIntervalMs, betweenMs, answerDelayMs] = [3, 16_000, 3000, 500] as const

/** Up to this many solicitations are answered one by one within the delay of an answer; more are answered to all nodes together. */
const mostAnswers = 64

/** The time until the next try, if a device is down or has no link-local address. */
const retryMs = 500

/** ICMPv6 router solicitations with a hop limit of 255, of no VLAN. */
const solicitations: readonly FilterInstruction[] = [
  // The tag that the kernel took out (SKF_AD_VLAN_TAG): what has one is for another network, unless it is of VLAN 0.
  [0x20, 0, 0, 0xfffff000 + 44],
  [0x54, 0, 0, 0xfff],
  [0x15, 0, 9, 0],
  [0x28, 0, 0, 12],
  [0x15, 0, 7, 0x86dd],
  [0x30, 0, 0, 20],
  [0x15, 0, 5, 58],
  [0x30, 0, 0, 21],
  [0x15, 0, 3, 255],
  [0x30, 0, 0, 54],
  [0x15, 0, 1, 133],
  [0x06, 0, 0, 2048],
  [0x06, 0, 0, 0],
]

/** The device and the content of advertisements. */
export interface Station {
  readonly netns: NetNs
  readonly device: string
  /** The device's index, which changes if the device is created again. */
  readonly index: number
  readonly mac: string
  /** A link-local address of the description, which is preferred to the kernel's. */
  readonly address: string | undefined
  readonly said: Advertisement
}

/** The same with lifetimes of 0. */
function expired({ prefixes, routes, dnsServers, domainSearch }: Timed): Timed {
  return {
    prefixes: prefixes.map((one) => ({ ...one, valid: 0, preferred: 0 })),
    routes: routes.map((one) => ({ ...one, lifetime: 0 })),
    dnsServers,
    domainSearch,
    dnsLifetime: 0,
  }
}

/** The parts of one that the other does not have. */
function withdrawn(before: Timed, now: Timed): Timed {
  const same = (one: { prefix: string; length: number }, other: { prefix: string; length: number }): boolean =>
    one.prefix === other.prefix && one.length === other.length
  return expired({
    prefixes: before.prefixes.filter((one) => !now.prefixes.some((other) => same(one, other))),
    routes: before.routes.filter((one) => !now.routes.some((other) => same(one, other))),
    dnsServers: before.dnsServers.filter((one) => !now.dnsServers.includes(one)),
    domainSearch: before.domainSearch.filter((one) => !now.domainSearch.includes(one)),
    dnsLifetime: 0,
  })
}

function between(least: number, most: number): number {
  return least + Math.random() * (most - least)
}

/** The advertiser of one device. */
export class Advertiser {
  readonly #packets: Packets
  #station: Station
  /** What was said before, until it was taken back often enough. */
  #before: Timed | undefined
  /** How many of the next ones come soon, as hosts may miss the first ones. */
  #soon: number = initialCount
  #lastToAll = -Infinity
  #next: NodeJS.Timeout | undefined
  #nextAt = Infinity
  #asked = new Map<string, Solicitation>()
  #answering: NodeJS.Timeout | undefined
  #sending: Promise<unknown> = Promise.resolve()
  readonly #ending = new AbortController()

  private constructor(packets: Packets, station: Station) {
    this.#packets = packets
    this.#station = station
  }

  /** Begins: the first advertisement is sent at once. */
  static async start(station: Station): Promise<Advertiser> {
    const { netns, index } = station
    const packets = await netns.packets({
      dev: index,
      protocol: 'ipv6',
      ignoreOutgoing: true,
      filter: solicitations,
      snapLength: 2048,
      // What has no room would be asked for again.
      bufferSize: 64 * 1024,
    })
    const advertiser = new Advertiser(packets.unref(), station)
    void advertiser.#listen()
    advertiser.#toAllIn(0)
    return advertiser
  }

  /** Whether it serves this device, and not one that was there before under its name. */
  serves({ netns, index }: Station): boolean {
    return this.#station.netns === netns && this.#station.index === index
  }

  /** Changes the content of advertisements; sends them soon, and withdraws what was removed. */
  become(station: Station): void {
    const before = this.#station
    this.#station = station
    const changed =
      JSON.stringify([before.mac, before.address, before.said]) !==
      JSON.stringify([station.mac, station.address, station.said])
    if (!changed) return
    this.#before = withdrawn(before.said, station.said)
    this.#soon = initialCount
    this.#toAllIn(Math.max(0, this.#lastToAll + betweenMs - performance.now()))
  }

  /** Ends it, and advertises a router lifetime of 0. Does not withdraw prefixes, which another router may advertise, too. */
  async end(): Promise<void> {
    await this.#stop()
    const { said } = this.#station
    const last = { ...said, ...expired(said), prefixes: [], lifetime: 0 }
    await this.#send(last, [everybody])
    await this.#packets.close()
  }

  /** Ends it without an advertisement: the router stays, and another agent will advertise it. */
  async close(): Promise<void> {
    await this.#stop()
    await this.#packets.close()
  }

  async #stop(): Promise<void> {
    this.#ending.abort()
    clearTimeout(this.#next)
    clearTimeout(this.#answering)
    this.#asked.clear()
    await this.#sending
  }

  get #ended(): boolean {
    return this.#ending.signal.aborted
  }

  /** Advertises to all after a time, unless that is done earlier. */
  #toAllIn(delay: number): void {
    const at = performance.now() + delay
    if (this.#ended || at >= this.#nextAt) return
    clearTimeout(this.#next)
    this.#nextAt = at
    this.#next = setTimeout(() => {
      this.#nextAt = Infinity
      this.#inTurn(() => this.#toAll())
    }, delay)
  }

  async #toAll(): Promise<void> {
    const { minIntervalMs, maxIntervalMs } = this.#station.said
    if (!(await this.#send(this.#station.said, [everybody], this.#before))) {
      this.#toAllIn(retryMs)
      return
    }
    this.#lastToAll = performance.now()
    const delay = between(minIntervalMs, maxIntervalMs)
    this.#soon--
    if (this.#soon <= 0) this.#before = undefined
    this.#toAllIn(this.#soon > 0 ? Math.min(delay, initialIntervalMs) : delay)
  }

  #solicited(solicitation: Solicitation): void {
    const { address, mac } = solicitation
    const wait = between(0, answerDelayMs)
    if (address === undefined || (this.#asked.size >= mostAnswers && !this.#asked.has(address))) {
      // To all nodes, with a minimum interval; the same one answers further solicitations.
      this.#toAllIn(Math.max(wait, this.#lastToAll + betweenMs - performance.now()))
      return
    }
    this.#asked.set(address, { address, mac })
    this.#answering ??= setTimeout(() => {
      this.#answering = undefined
      const asked = [...this.#asked.values()]
      this.#asked.clear()
      this.#inTurn(() =>
        this.#send(
          this.#station.said,
          asked.map(({ mac, address = '' }) => ({ mac, address })),
          this.#before,
        ),
      )
    }, wait)
  }

  /** Serializes work. Ignores errors, which have external causes: it is tried again. */
  #inTurn(work: () => Promise<unknown>): void {
    this.#sending = this.#sending.then(() => (this.#ended ? undefined : work())).catch(() => undefined)
  }

  /** Sends an advertisement; false if the device has no source address, or is down. */
  async #send(
    said: Advertisement,
    to: readonly { readonly mac: string; readonly address: string }[],
    before?: Timed,
  ): Promise<boolean> {
    try {
      const address = await this.#source()
      if (address === undefined) return false
      const { mac } = this.#station
      for (const one of to) {
        for (const frame of advertisementFrames(said, { mac, address, to: one }, before))
          await this.#packets.send(frame)
      }
      return true
    } catch (error) {
      if (error instanceof NetloomError) return false
      throw error
    }
  }

  /** The link-local address of the router. */
  async #source(): Promise<string | undefined> {
    const { netns, device, address: own } = this.#station
    const all = await netns.addresses.list({ dev: device, family: 'ipv6', scope: 'link' })
    const usable = all.filter(({ flags }) => !flags.includes('tentative') && !flags.includes('dadfailed'))
    const addresses = usable.map(({ address }) => address.split('/')[0] ?? '')
    return own !== undefined && addresses.includes(own) ? own : addresses[0]
  }

  async #listen(): Promise<void> {
    while (!this.#ended) {
      try {
        await this.#answer()
        return
      } catch (error) {
        // A device that is down will be set up again, or replaced.
        if (!(error instanceof NetloomError) && !isNotFound(error)) throw error
        await this.#pause(retryMs)
      }
    }
  }

  /** Reads solicitations until the socket is closed. Reads at a limited rate: the kernel drops the rest. */
  async #answer(): Promise<void> {
    let [taken, since] = [0, performance.now()]
    for await (const frame of this.#packets) {
      this.#hear(frame)
      const passed = performance.now() - since
      if (passed >= answerDelayMs) [taken, since] = [0, performance.now()]
      else if (++taken >= 2 * mostAnswers) await this.#pause(answerDelayMs - passed)
    }
  }

  #hear({ data, type, checksum }: Frame): void {
    if (this.#ended || (type !== 'host' && type !== 'multicast')) return
    const solicitation = readSolicitation(data, checksum === 'partial')
    if (solicitation !== undefined && solicitation.mac !== this.#station.mac) this.#solicited(solicitation)
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined)
  }
}
