// Prefixes and ranges of addresses as numbers.
import { wrongValue } from 'netloom/errors'
import { type Family, formatIPv4, formatIPv6, parseIP, parsePrefix } from 'netloom/values'

/** An address as a number, with its family. */
export interface Numbered {
  readonly family: Family
  readonly number: bigint
}

/** A prefix: its first and last address. */
export interface Range {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

/** A prefix with its length. */
export interface Cidr extends Range {
  readonly length: number
}

function addressNumber(bytes: Uint8Array): bigint {
  let number = 0n
  for (const byte of bytes) number = (number << 8n) | BigInt(byte)
  return number
}

/** Parses an address. */
export function parseAddress(value: unknown, field: string, family?: Family): Numbered {
  const bytes = parseIP(value, field, family)
  return { family: bytes.length === 4 ? 'ipv4' : 'ipv6', number: addressNumber(bytes) }
}

/** The text of an address, as RFC 5952 has it. */
export function formatAddress({ family, number }: Numbered): string {
  const size = family === 'ipv4' ? 4 : 16
  const bytes = new Uint8Array(size)
  for (let i = size - 1, rest = number; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 0xffn)
  return size === 4 ? formatIPv4(bytes) : formatIPv6(bytes)
}

/** The text of an address in its one form. */
export function canonical(value: unknown, field: string, family?: Family): string {
  return formatAddress(parseAddress(value, field, family))
}

/** Parses a prefix, which must not have bits of a host. */
export function parseCidr(value: unknown, field: string): Cidr {
  const { family, bytes, length } = parsePrefix(value, field)
  const bits = family === 'ipv4' ? 32 : 128
  const first = addressNumber(bytes)
  const mask = (1n << BigInt(bits - length)) - 1n
  if (!String(value).includes('/') || (first & mask) !== 0n) {
    throw wrongValue(field, 'a prefix with its length and without bits of a host, such as "10.0.0.0/24"', value)
  }
  return { family, first, last: first | mask, length }
}

/** The text of a prefix. */
export function formatCidr({ family, first, length }: Cidr): string {
  return `${formatAddress({ family, number: first })}/${length}`
}

/** The netmask of an IPv4 prefix. */
export function netmask(length: number): string {
  const number = ((1n << BigInt(length)) - 1n) << BigInt(32 - length)
  return formatAddress({ family: 'ipv4', number })
}

/** Whether an address lies in a range. */
export function contains(range: Range, { family, number }: Numbered): boolean {
  return range.family === family && range.first <= number && number <= range.last
}

/** Whether two ranges have an address in common. */
export function overlap(one: Range, other: Range): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last
}

/** The host addresses of a prefix: for IPv4 without the network's and the broadcast address, for IPv6 without the routers' anycast one. */
export function usable({ family, first, last, length }: Cidr): Range {
  if (family === 'ipv6') return { family, first: length >= 127 ? first : first + 1n, last }
  return length >= 31 ? { family, first, last } : { family, first: first + 1n, last: last - 1n }
}
