// Announces addresses to the neighbors: by gratuitous ARP (RFC 5227), as a request and as a reply, as some neighbors accept only one of
// them; for IPv6 by unsolicited neighbor advertisements (RFC 4861, 7.2.6). Sends them at once, and twice more: a switch may not forward
// yet, and a frame may be lost.
import type { NetNs, Packets } from 'netloom'
import { isNotFound, NetloomError } from 'netloom/errors'
import { parseIP, parseMac } from 'netloom/values'
import { icmpv6Frame } from './icmpv6_frame'

const againMs = [500, 2000]
const broadcast = 'ff:ff:ff:ff:ff:ff'

/** An ARP frame that announces an address. */
export function gratuitousArp(mac: string, address: string, operation: 'request' | 'reply'): Uint8Array {
  const from = parseMac(mac, 'mac')
  const own = parseIP(address, 'address', 'ipv4')
  const frame = new Uint8Array(42)
  frame.set(parseMac(broadcast, 'mac'), 0)
  frame.set(from, 6)
  // EtherType ARP; Ethernet and IPv4, of 6 and 4 bytes; the operation.
  frame.set([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation === 'request' ? 1 : 2], 12)
  frame.set(from, 22)
  frame.set(own, 28)
  frame.set(operation === 'request' ? new Uint8Array(6) : from, 32)
  frame.set(own, 38)
  return frame
}

/** A frame that advertises an IPv6 address of a router to all nodes on the link, and overrides their cache entries. */
export function neighborAdvertisement(mac: string, address: string): Uint8Array {
  const message = new Uint8Array(32)
  // Type, code, checksum, and the flags router and override.
  message.set([136, 0, 0, 0, 0xa0])
  message.set(parseIP(address, 'address', 'ipv6'), 8)
  // Option: target link-layer address, 8 bytes.
  message.set([2, 1, ...parseMac(mac, 'mac')], 24)
  return icmpv6Frame({ mac, address }, { mac: '33:33:00:00:00:01', address: 'ff02::1' }, message)
}

function framesOf({ mac, address }: Announcement): Uint8Array[] {
  if (address.includes(':')) return [neighborAdvertisement(mac, address)]
  return [gratuitousArp(mac, address, 'request'), gratuitousArp(mac, address, 'reply')]
}

/** An address to announce. */
export interface Announcement {
  readonly device: string
  /** The device's index. */
  readonly index: number
  readonly mac: string
  readonly address: string
}

/** Announces addresses of one namespace. */
export class Announcer {
  readonly #timers = new Set<NodeJS.Timeout>()
  /** One socket for all devices and all three times, as the kernel takes long to close one. */
  #socket: { readonly netns: NetNs; readonly packets: Packets } | undefined
  #sending: Promise<void> = Promise.resolve()

  /** Sends announcements, and later again those that are still wanted. */
  async announce(netns: NetNs, all: readonly Announcement[], wanted: (one: Announcement) => boolean): Promise<void> {
    if (all.length === 0) return
    await this.#inTurn(() => this.#send(netns, all))
    for (const delay of againMs) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        // It may have gone meanwhile, which nobody waits for.
        void this.#inTurn(async () => {
          await this.#send(netns, all.filter(wanted))
          if (this.#timers.size === 0) await this.#closeSocket()
        }).catch(() => undefined)
      }, delay)
      timer.unref()
      this.#timers.add(timer)
    }
  }

  /** Ends it: sends nothing afterwards. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    await this.#inTurn(() => this.#closeSocket())
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#sending.then(work)
    this.#sending = turn.catch(() => undefined)
    return turn
  }

  async #closeSocket(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    await socket?.packets.close()
  }

  async #send(netns: NetNs, all: readonly Announcement[]): Promise<void> {
    if (all.length === 0) return
    if (this.#socket?.netns !== netns) {
      await this.#closeSocket()
      // It receives nothing.
      this.#socket = { netns, packets: await netns.packets({ protocol: 0 }) }
    }
    const { packets } = this.#socket
    for (const one of all) {
      try {
        for (const frame of framesOf(one)) await packets.send(frame, { dev: one.index })
      } catch (error) {
        // If another program removes a device or sets it down, the next check repairs it.
        const gone = error instanceof NetloomError && ['ENETDOWN', 'ENXIO', 'ENODEV'].includes(error.code)
        if (!gone && !isNotFound(error)) throw error
      }
    }
  }
}
