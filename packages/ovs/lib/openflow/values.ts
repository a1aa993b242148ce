// Values in matches and actions: bytes of a fixed length, with a mask where some of the bits count.
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { formatIPv4, formatIPv6, parseIP, parseMac } from 'netloom/values'
import { portNumber, portOf, type PortNames } from './ports'

/** Bytes, and which of their bits count; without a mask all. */
export interface Masked {
  readonly value: Buffer
  readonly mask?: Buffer | undefined
}

/** How values of a field are written and read. */
export interface ValueType {
  readonly size: number
  readonly write: (value: unknown, field: string, names: PortNames) => Masked
  readonly read: (masked: Masked, names: PortNames) => unknown
}

/** A number whose bits count where the mask has ones. */
export interface MaskedNumber<N extends number | bigint> {
  /** The value. */
  readonly value: N
  /** Which bits of it count. */
  readonly mask: N
}

function bytesOf(value: bigint, size: number): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
}

function numberIn(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

function checkNumber(value: unknown, bits: number, field: string): bigint {
  if (typeof value !== 'bigint' && typeof value !== 'number') throw wrongType(field, 'a number', value)
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw outOfRange(field, 'an integer', value)
  const wide = BigInt(value)
  const most = (1n << BigInt(bits)) - 1n
  if (wide < 0n || wide > most) throw outOfRange(field, `from 0 to ${String(most)}`, value)
  return wide
}

function isMasked(value: unknown): value is { value: unknown; mask: unknown } {
  return typeof value === 'object' && value !== null && 'value' in value && 'mask' in value
}

/** Only bits that count are set: the switch compares so, and others do not matter. */
function masked(value: Buffer, mask: Buffer): Masked {
  if (mask.every((byte) => byte === 0xff)) return { value }
  return { value: Buffer.from(value.map((byte, i) => byte & (mask[i] ?? 0))), mask }
}

interface NumberOptions {
  readonly bits?: number
  readonly words?: Readonly<Record<string, number>>
  readonly maskable?: boolean
}

/** A number of some bytes; with more than four of them a bigint when it is read. */
export function number(size: number, { bits = 8 * size, words = {}, maskable = false }: NumberOptions = {}): ValueType {
  const names = new Map(Object.entries(words).map(([word, value]) => [value, word]))
  const shown = (bytes: Buffer): number | bigint => (size > 4 ? numberIn(bytes) : Number(numberIn(bytes)))
  return {
    size,
    write(value, field) {
      if (maskable && isMasked(value)) {
        const mask = bytesOf(checkNumber(value.mask, bits, `${field}.mask`), size)
        return masked(bytesOf(checkNumber(value.value, bits, `${field}.value`), size), mask)
      }
      if (typeof value === 'string') {
        const known = Object.hasOwn(words, value) ? words[value] : undefined
        if (known !== undefined) return { value: bytesOf(BigInt(known), size) }
        throw wrongValue(field, ['a number', ...Object.keys(words).map((word) => `"${word}"`)].join(' or '), value)
      }
      return { value: bytesOf(checkNumber(value, bits, field), size) }
    },
    read({ value, mask }) {
      const read = shown(value)
      if (mask !== undefined) return { value: read, mask: shown(mask) }
      return names.get(Number(read)) ?? read
    },
  }
}

/** A MAC address; `MAC/MAC` with a mask. */
export const macAddress: ValueType = {
  size: 6,
  write(value, field) {
    if (typeof value !== 'string') throw wrongType(field, 'a MAC address', value)
    const [address, mask, ...rest] = value.split('/')
    if (rest.length > 0) throw wrongValue(field, 'a MAC address, or two with "/" between them', value)
    const bytes = Buffer.from(parseMac(address, field))
    return mask === undefined ? { value: bytes } : masked(bytes, Buffer.from(parseMac(mask, field)))
  },
  read({ value, mask }) {
    const text = (bytes: Buffer): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
    return mask === undefined ? text(value) : `${text(value)}/${text(mask)}`
  },
}

function prefixMask(length: number, size: number): Buffer {
  const bytes = Array.from({ length: size }, (_, i) => (0xff00 >> Math.max(0, Math.min(8, length - 8 * i))) & 0xff)
  return Buffer.from(bytes)
}

function prefixLength(mask: Buffer): number | undefined {
  let length = 0
  while (length < 8 * mask.length && ((mask[length >> 3] ?? 0) & (0x80 >> (length & 7))) !== 0) length++
  return prefixMask(length, mask.length).equals(mask) ? length : undefined
}

function ipAddress(size: number, family: 'ipv4' | 'ipv6', format: (bytes: Uint8Array) => string): ValueType {
  return {
    size,
    write(value, field) {
      if (typeof value !== 'string') throw wrongType(field, 'an IP address', value)
      const [address, mask, ...rest] = value.split('/')
      if (rest.length > 0) throw wrongValue(field, 'an IP address, with "/" and a prefix length or mask', value)
      const bytes = Buffer.from(parseIP(address, field, family))
      if (mask === undefined) return { value: bytes }
      if (!/^\d+$/.test(mask)) return masked(bytes, Buffer.from(parseIP(mask, field, family)))
      if (Number(mask) > 8 * size) throw outOfRange(field, `a prefix of at most ${8 * size} bits`, value)
      return masked(bytes, prefixMask(Number(mask), size))
    },
    read({ value, mask }) {
      if (mask === undefined) return format(value)
      return `${format(value)}/${prefixLength(mask) ?? format(mask)}`
    },
  }
}

/** An IPv4 address; `ADDRESS/LENGTH` or `ADDRESS/MASK`. */
export const ipv4Address = ipAddress(4, 'ipv4', formatIPv4)
/** An IPv6 address; `ADDRESS/LENGTH` or `ADDRESS/MASK`. */
export const ipv6Address = ipAddress(16, 'ipv6', formatIPv6)

/** A port. */
export const port: ValueType = {
  size: 4,
  write: (value, field, names) => ({ value: bytesOf(BigInt(portNumber(value, field, names)), 4) }),
  read: ({ value }, names) => portOf(value.readUInt32BE(), names),
}

/** OFPVID_PRESENT: there is a tag. */
const present = 0x1000

/** A VLAN: its number, `none` for frames without a tag, `any` for frames with one. */
export const vlan: ValueType = {
  size: 2,
  write(value, field) {
    const bytes = Buffer.alloc(2)
    if (value === 'none') return { value: bytes }
    bytes.writeUInt16BE(present)
    if (value === 'any') return { value: bytes, mask: bytes }
    if (typeof value === 'string') throw wrongValue(field, 'a number, "none" or "any"', value)
    bytes.writeUInt16BE(present | Number(checkNumber(value, 12, field)))
    return { value: bytes }
  },
  read({ value, mask }) {
    const number = value.readUInt16BE()
    if (mask === undefined) return number === 0 ? 'none' : number & 0xfff
    const bits = mask.readUInt16BE()
    return bits === present && number === present ? 'any' : { value: number & 0xfff, mask: bits & 0xfff }
  },
}
