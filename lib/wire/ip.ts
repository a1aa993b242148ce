// IP and link-layer addresses: text, as people write it, and bytes in network order.
import { isIPv6 } from 'node:net'
import { outOfRange, wrongType, wrongValue } from './invalid'
import type { Reader } from './reader'
import type { Scratch } from './scratch'
import type { Scalar, Type } from './type'

/** An address family of sys/socket.h. */
export type Family = 'ipv4' | 'ipv6'

/** AF_INET, AF_INET6 of sys/socket.h. */
export const AF_INET = 2
export const AF_INET6 = 10

// Text of each half of an IPv4 address, made when first met: two look-ups and a join beat four conversions. The first
// half has its dot, so that one join is enough.
const firstHalves = new Array<string | undefined>(65_536).fill(undefined)
const secondHalves = new Array<string | undefined>(65_536).fill(undefined)

function byte(bytes: Scratch, at: number): number {
  return bytes[at] ?? 0
}

/** The text of the four bytes at `at`. */
export function formatIPv4(bytes: Scratch, at = 0): string {
  const a = byte(bytes, at)
  const b = byte(bytes, at + 1)
  const c = byte(bytes, at + 2)
  const d = byte(bytes, at + 3)
  const first = (firstHalves[(a << 8) | b] ??= `${a}.${b}.`)
  const second = (secondHalves[(c << 8) | d] ??= `${c}.${d}`)
  return first + second
}

/** The text of the sixteen bytes at `at`, as RFC 5952 wants it. */
export function formatIPv6(bytes: Scratch, at = 0): string {
  const groups: number[] = []
  let runStart = -1
  let runLength = 1
  let start = -1
  for (let i = 0; i < 8; i++) {
    const group = (byte(bytes, at + 2 * i) << 8) | byte(bytes, at + 2 * i + 1)
    groups.push(group)
    if (group !== 0) {
      start = -1
      continue
    }
    if (start < 0) start = i
    if (i - start + 1 > runLength) {
      runStart = start
      runLength = i - start + 1
    }
  }
  // ::ffff:a.b.c.d, an IPv4 address in IPv6's clothes
  if (runStart === 0 && runLength === 5 && groups[5] === 0xffff) return `::ffff:${formatIPv4(bytes, at + 12)}`
  let text = ''
  for (let i = 0; i < 8;) {
    if (i === runStart) {
      text += '::'
      i += runLength
      continue
    }
    text += (text === '' || text.endsWith(':') ? '' : ':') + (groups[i] ?? 0).toString(16)
    i++
  }
  return text
}

/** The text of an address by its length: 4 bytes or 16, anything else in hexadecimal. */
export function formatIP(reader: Reader, at: number, end: number): string {
  if (end - at === 4) return formatIPv4(reader.bytes, at)
  if (end - at === 16) return formatIPv6(reader.bytes, at)
  return reader.copy(at, end).toString('hex')
}

/**
 * The 32 bits of an IPv4 address in text, or -1 if it is none: four decimal numbers without leading zeros. By hand,
 * because every route and address of a batch passes here, most of them twice.
 */
function numberOfIPv4(text: string): number {
  let address = 0
  let part = -1
  let parts = 0
  for (let i = 0; i <= text.length; i++) {
    const digit = i === text.length ? dot : text.charCodeAt(i) - 48
    if (digit === dot) {
      if (part < 0 || ++parts > 4) return -1
      address = address * 256 + part
      part = -1
    } else {
      if (digit < 0 || digit > 9 || part === 0) return -1
      part = part < 0 ? digit : part * 10 + digit
      if (part > 255) return -1
    }
  }
  return parts === 4 ? address : -1
}

/** What is left of the code of `.` when that of `0` is taken away. */
const dot = 46 - 48

function bytesOfIPv4(address: number): Uint8Array {
  const bytes = new Uint8Array(4)
  bytes[0] = address >>> 24
  bytes[1] = address >>> 16
  bytes[2] = address >>> 8
  bytes[3] = address
  return bytes
}

function parseIPv6(text: string): Uint8Array {
  const bytes = new Uint8Array(16)
  const tail = text.includes('.') ? bytesOfIPv4(numberOfIPv4(text.slice(text.lastIndexOf(':') + 1))) : undefined
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)))
  const body = tail ? text.slice(0, text.lastIndexOf(':') + 1).replace(/([^:]):$/, '$1') : text
  const [left = '', right] = body.split('::')
  const size = tail ? 6 : 8
  const head = groups(left)
  const rest = right === undefined ? [] : groups(right)
  const all = [...head, ...new Array<number>(size - head.length - rest.length).fill(0), ...rest]
  all.forEach((group, i) => {
    bytes[2 * i] = group >> 8
    bytes[2 * i + 1] = group & 0xff
  })
  if (tail) bytes.set(tail, 12)
  return bytes
}

/** The family of an address in text, or undefined if it is none. A zone (`%eth0`) is not part of an address. */
export function familyOf(text: string): Family | undefined {
  if (numberOfIPv4(text) >= 0) return 'ipv4'
  return isIPv6(text) && !text.includes('%') ? 'ipv6' : undefined
}

function expectedAddress(family: Family | undefined): string {
  if (family === undefined) return 'an IP address'
  return family === 'ipv4' ? 'an IPv4 address' : 'an IPv6 address'
}

/** The bytes of an address in text, of one family or either; throws an error that names the field. */
export function parseIP(value: unknown, field: string, family?: Family): Uint8Array {
  if (typeof value !== 'string') throw wrongType(field, expectedAddress(family), value)
  const address = numberOfIPv4(value)
  if (address >= 0 && family !== 'ipv6') return bytesOfIPv4(address)
  if (familyOf(value) !== 'ipv6' || family === 'ipv4') throw wrongValue(field, expectedAddress(family), value)
  return parseIPv6(value)
}

/** `/0` to `/255`: made once, for they follow every destination. */
export const lengthSuffixes: readonly string[] = Array.from({ length: 256 }, (_, length) => `/${length}`)

/** An address and how many of its leading bits count. */
export class Prefix {
  constructor(
    /** The address's family. */
    readonly family: Family,
    /** The address in text, without the length. */
    readonly address: string,
    /** How many of its leading bits count. */
    readonly length: number,
  ) {}

  /** The bytes of the address: made when they are asked for, as most prefixes are only checked. */
  get bytes(): Uint8Array {
    return parseIP(this.address, 'address')
  }
}

/** One to three digits at the end of a text, or -1. */
function prefixLength(text: string, from: number): number {
  if (from === text.length || text.length - from > 3) return -1
  let length = 0
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    length = length * 10 + digit
  }
  return length
}

/** Parses `10.0.0.0/8`; without a length the address alone is meant (/32, /128). */
export function parsePrefix(value: unknown, field: string, family?: Family): Prefix {
  const expected = (): string => `${expectedAddress(family)}, with or without /length`
  if (typeof value !== 'string') throw wrongType(field, expected(), value)
  const slash = value.indexOf('/')
  const address = slash < 0 ? value : value.slice(0, slash)
  const found = familyOf(address)
  if (found === undefined || (family !== undefined && found !== family)) throw wrongValue(field, expected(), value)
  const most = found === 'ipv4' ? 32 : 128
  if (slash < 0) return new Prefix(found, address, most)
  const length = prefixLength(value, slash + 1)
  if (length < 0) throw wrongValue(field, expected(), value)
  if (length > most) throw outOfRange(field, `a prefix of at most ${most} bits`, value)
  return new Prefix(found, address, length)
}

/** An address as the kernel's answers have it, to compare texts. */
export function canonicalIP(text: string): string {
  const bytes = parseIP(text, 'address')
  return bytes.length === 4 ? formatIPv4(bytes) : formatIPv6(bytes)
}

/** A prefix as the kernel's answers have it: with its length. */
export function canonicalPrefix(text: string, field = 'prefix'): string {
  const { bytes, length } = parsePrefix(text, field)
  return `${bytes.length === 4 ? formatIPv4(bytes) : formatIPv6(bytes)}/${length}`
}

/** An IP address of either family, told apart by its length. */
export const ip: Type<string> = {
  size: 0,
  encode: (writer, value, field) => {
    const address = typeof value === 'string' ? numberOfIPv4(value) : -1
    if (address >= 0) writer.be32(address)
    else writer.bytes(parseIP(value, field))
  },
  decode: formatIP,
}

/** An IPv4 address. */
export const ipv4: Scalar<string> = {
  size: 4,
  fixed: true,
  encode: (writer, value, field) => {
    writer.bytes(parseIP(value, field, 'ipv4'))
  },
  decode: (reader, at) => formatIPv4(reader.bytes, at),
}

/** An IPv6 address. */
export const ipv6: Scalar<string> = {
  size: 16,
  fixed: true,
  encode: (writer, value, field) => {
    writer.bytes(parseIP(value, field, 'ipv6'))
  },
  decode: (reader, at) => formatIPv6(reader.bytes, at),
}

const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** The text of a link-layer address: `02:00:00:00:00:01`; of four and sixteen bytes (tunnels) an IP address. */
export function formatLinkLayer(reader: Reader, at: number, end: number): string {
  const length = end - at
  if (length === 4 || length === 16) return formatIP(reader, at, end)
  let text = ''
  for (let i = at; i < end; i++) text += (i === at ? '' : ':') + (hex[reader.bytes[i] ?? 0] ?? '')
  return text
}

/** The value of a hexadecimal digit. */
function nibble(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x61 + 10
}

/** The six bytes of a MAC address in text, with colons or hyphens. */
export function parseMac(value: unknown, field: string): Uint8Array {
  const expected = 'a MAC address of six bytes such as "02:00:00:00:00:01"'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(value)) throw wrongValue(field, expected, value)
  const bytes = new Uint8Array(6)
  for (let i = 0; i < 6; i++) bytes[i] = (nibble(value, 3 * i) << 4) | nibble(value, 3 * i + 1)
  return bytes
}

/** A MAC address. */
export const mac: Type<string> = {
  size: 0,
  encode: (writer, value, field) => {
    writer.bytes(parseMac(value, field))
  },
  decode: formatLinkLayer,
}
