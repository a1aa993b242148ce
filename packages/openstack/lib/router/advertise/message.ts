// Decodes router solicitations and encodes router advertisements (RFC 4861, 4.1, 4.2, 4.6; RFC 4191, RFC 8106).
import { formatIPv6, parseIP, parseMac } from 'netloom/values'
import { icmpv6Frame, isChecksumRight } from '../icmpv6_frame'
import type { Advertisement, Prefix, Route, Timed } from './check'
import type { RouterPreference } from './options'

const Icmpv6 = { routerSolicitation: 133, routerAdvertisement: 134 } as const

/** Options of neighbor discovery. */
const Option = { source: 1, prefix: 3, mtu: 5, route: 24, dnsServers: 25, domainSearch: 31 } as const

/** The offsets of the IPv6 header and of the message in a frame. */
const [ipAt, messageAt] = [14, 54] as const

/** The sender of a solicitation. */
export interface Solicitation {
  /** Its address; undefined: it has none yet. */
  readonly address: string | undefined
  /** Its MAC address, from the frame. */
  readonly mac: string
}

/** The types of options; undefined if they are malformed. */
function typesOf(options: Uint8Array): Set<number> | undefined {
  const types = new Set<number>()
  for (let at = 0; at < options.length;) {
    const length = 8 * (options[at + 1] ?? 0)
    if (length === 0 || at + length > options.length) return undefined
    types.add(options[at] ?? 0)
    at += length
  }
  return types
}

/**
 * Decodes a router solicitation; undefined if it is none, or one that a router must not answer (RFC 4861, 6.1.1). Its bytes are
 * untrusted.
 * @param isUnsummed - Whether its checksum is not computed, as it was sent on this machine.
 */
export function readSolicitation(frame: Uint8Array, isUnsummed: boolean): Solicitation | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < messageAt + 8 || view.getUint16(12) !== 0x86dd || (frame[ipAt] ?? 0) >> 4 !== 6) return undefined
  const end = messageAt + view.getUint16(ipAt + 4)
  const [nextHeader, hopLimit] = [frame[ipAt + 6], frame[ipAt + 7]]
  // A packet with a hop limit of 255 has passed no router.
  if (nextHeader !== 58 || hopLimit !== 255 || end > frame.length || end < messageAt + 8) return undefined
  if (frame[messageAt] !== Icmpv6.routerSolicitation || frame[messageAt + 1] !== 0) return undefined
  if (!isUnsummed && !isChecksumRight(frame.subarray(0, end))) return undefined
  const types = typesOf(frame.subarray(messageAt + 8, end))
  const source = frame.subarray(ipAt + 8, ipAt + 24)
  const isUnspecified = source.every((byte) => byte === 0)
  if (types === undefined || (isUnspecified && types.has(Option.source))) return undefined
  const sender = frame.subarray(6, 12)
  // A sender's address is never a multicast address.
  if (source[0] === 0xff || ((sender[0] ?? 0) & 1) === 1) return undefined
  const mac = Array.from(sender, (byte) => byte.toString(16).padStart(2, '0')).join(':')
  return { address: isUnspecified ? undefined : formatIPv6(source), mac }
}

const preferences: Readonly<Record<RouterPreference, number>> = { high: 0x08, medium: 0x00, low: 0x18 }

function option(type: number, bytes: readonly number[]): number[] {
  const size = Math.ceil((2 + bytes.length) / 8)
  return [type, size, ...bytes, ...new Array<number>(8 * size - 2 - bytes.length).fill(0)]
}

function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff]
}

function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

function prefixOption({ prefix, length, onLink, autonomous, valid, preferred }: Prefix): number[] {
  const flags = (onLink ? 0x80 : 0) | (autonomous ? 0x40 : 0)
  return option(Option.prefix, [
    length,
    flags,
    ...u32(valid),
    ...u32(preferred),
    ...u32(0),
    ...parseIP(prefix, 'prefix'),
  ])
}

function routeOption({ prefix, length, preference, lifetime }: Route): number[] {
  const size = length === 0 ? 0 : length <= 64 ? 8 : 16
  const bytes = parseIP(prefix, 'prefix').subarray(0, size)
  return option(Option.route, [length, preferences[preference], ...u32(lifetime), ...bytes])
}

function nameOf(domain: string): number[] {
  const labels = domain.split('.').map((label) => [label.length, ...Buffer.from(label, 'latin1')])
  return [...labels.flat(), 0]
}

function timedOptions({ prefixes, routes, dnsServers, domainSearch, dnsLifetime }: Timed): number[] {
  const servers = dnsServers.flatMap((one) => [...parseIP(one, 'dnsServers')])
  const names = domainSearch.flatMap(nameOf)
  return [
    ...prefixes.flatMap(prefixOption),
    ...routes.flatMap(routeOption),
    ...(servers.length === 0 ? [] : option(Option.dnsServers, [0, 0, ...u32(dnsLifetime), ...servers])),
    ...(names.length === 0 ? [] : option(Option.domainSearch, [0, 0, ...u32(dnsLifetime), ...names])),
  ]
}

function header(said: Advertisement, mac: string): number[] {
  // Only a default router has a preference (RFC 4191, 2.2).
  const preference = said.lifetime === 0 ? 0 : preferences[said.preference]
  const flags = (said.managed ? 0x80 : 0) | (said.other ? 0x40 : 0) | preference
  return [
    ...[Icmpv6.routerAdvertisement, 0, 0, 0, said.hopLimit, flags, ...u16(said.lifetime)],
    ...u32(said.reachableMs),
    ...u32(said.retransmitMs),
    ...option(Option.source, [...parseMac(mac, 'mac')]),
    ...(said.mtu === undefined ? [] : option(Option.mtu, [0, 0, ...u32(said.mtu)])),
  ]
}

/** The largest message that fits into one packet on every IPv6 link: hosts do not reassemble fragments of it (RFC 6980). */
export const mostBytes = 1280 - 40

/** How many bytes the message has. */
export function advertisementSize(said: Advertisement): number {
  return header(said, '02:00:00:00:00:00').length + timedOptions(said).length
}

/** Source and destination of an advertisement. */
export interface Ends {
  readonly mac: string
  /** The router's link-local address. */
  readonly address: string
  readonly to: { readonly mac: string; readonly address: string }
}

/** All nodes of the link. */
export const everybody = { mac: '33:33:00:00:00:01', address: 'ff02::1' }

/**
 * An advertisement as frames: one, or two if the withdrawals do not fit.
 * @param before - Earlier content to withdraw.
 */
export function advertisementFrames(said: Advertisement, { mac, address, to }: Ends, before?: Timed): Uint8Array[] {
  const [common, now, past] = [header(said, mac), timedOptions(said), before === undefined ? [] : timedOptions(before)]
  const fits = common.length + now.length + past.length <= mostBytes
  const messages = fits
    ? [[...common, ...now, ...past]]
    : [
        [...common, ...past],
        [...common, ...now],
      ]
  return messages.map((bytes) => icmpv6Frame({ mac, address }, to, Uint8Array.from(bytes)))
}
