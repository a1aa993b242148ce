// Values of DHCP options, as they are to reach clients. dnsmasq guesses a value's type from its form (parse_dhcp_opt of its option.c) and
// the option's kind (opttab of dhcp-common.c): this file reads a value by documented rules, and writes it so that dnsmasq need not guess.
import { isIPv4, isIPv6 } from 'node:net'
import { checkDomain } from '../agents/names'
import { wrongValue } from 'netloom/errors'
import type { Family } from 'netloom/values'
import { isCutShort, isPlainText } from './grammar'

/** The kind of an option: a number of 1, 2 or 4 bytes, or as named. */
type Kind = 1 | 2 | 4 | 'addresses' | 'text' | 'strings' | 'domains' | 'addresses or domains' | 'seconds' | 'routes'

type Table = ReadonlyMap<number, Kind>

function table(...rows: readonly (readonly [Kind, readonly number[]])[]): Table {
  return new Map(rows.flatMap(([kind, codes]) => codes.map((code) => [code, kind] as const)))
}

/** The kinds of the options that dnsmasq has by number. */
const kinds: Readonly<Record<Family, Table>> = {
  ipv4: table(
    ['addresses', [1, 3, 6, 7, 9, 16, 21, 28, 32, 33, 41, 42, 44, 45, 48, 49, 65, 68, 69, 70, 71, 74, 150]],
    ['text', [12, 15, 17, 18, 40, 64, 66, 67, 100, 101]],
    [1, [19, 20, 23, 27, 31, 34, 36, 37, 46]],
    [2, [13, 22, 26, 93]],
    [4, [2, 35, 38]],
    ['seconds', [58, 59]],
    ['domains', [119]],
    ['addresses or domains', [120]],
    ['routes', [121, 249]],
  ),
  ipv6: table(
    ['addresses', [22, 23, 27, 28, 31]],
    ['domains', [21, 24, 29, 30]],
    ['addresses or domains', [56]],
    ['seconds', [32]],
    ['text', [59]],
    ['strings', [60]],
  ),
}

/** dnsmasq's names that are not the numbers of `ipv4` and `ipv6` alike. */
const numbers: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  ipv4: {
    ...{ netmask: 1, 'time-offset': 2, router: 3, 'dns-server': 6, 'log-server': 7, 'lpr-server': 9 },
    ...{ 'boot-file-size': 13, 'domain-name': 15, 'swap-server': 16, 'root-path': 17, 'extension-path': 18 },
    ...{ 'ip-forward-enable': 19, 'non-local-source-routing': 20, 'policy-filter': 21 },
    ...{ 'max-datagram-reassembly': 22, 'default-ttl': 23, mtu: 26, 'all-subnets-local': 27 },
    ...{ 'router-discovery': 31, 'router-solicitation': 32, 'static-route': 33, 'trailer-encapsulation': 34 },
    ...{ 'arp-timeout': 35, 'ethernet-encap': 36, 'tcp-ttl': 37, 'tcp-keepalive': 38, 'nis-domain': 40 },
    ...{ 'nis-server': 41, 'ntp-server': 42, 'netbios-ns': 44, 'netbios-dd': 45, 'netbios-nodetype': 46 },
    ...{ 'netbios-scope': 47, 'x-windows-fs': 48, 'x-windows-dm': 49, t1: 58, t2: 59, 'vendor-class': 60 },
    ...{ 'nis+-domain': 64, 'nis+-server': 65, 'tftp-server': 66, 'bootfile-name': 67, 'mobile-ip-home': 68 },
    ...{ 'smtp-server': 69, 'pop3-server': 70, 'nntp-server': 71, 'irc-server': 74, 'user-class': 77 },
    ...{ 'rapid-commit': 80, 'client-arch': 93, 'client-interface-id': 94, 'client-machine-id': 97 },
    ...{ 'posix-timezone': 100, 'tzdb-timezone': 101, 'ipv6-only': 108, 'domain-search': 119, 'sip-server': 120 },
    ...{ 'classless-static-route': 121, 'vendor-id-encap': 125, 'tftp-server-address': 150 },
  },
  ipv6: {
    ...{ 'sip-server-domain': 21, 'sip-server': 22, 'dns-server': 23, 'domain-search': 24, 'nis-server': 27 },
    ...{ 'nis+-server': 28, 'nis-domain': 29, 'nis+-domain': 30, 'sntp-server': 31 },
    ...{ 'information-refresh-time': 32, 'ntp-server': 56, 'bootfile-url': 59, 'bootfile-param': 60 },
  },
}

/** Options of the protocol itself, which the server always sets. */
const protocol: Readonly<Record<Family, ReadonlySet<number>>> = {
  ipv4: new Set([50, 51, 52, 53, 54, 55, 57, 61, 81, 82, 118]),
  ipv6: new Set([1, 2, 3, 4, 5, 6, 8, 9, 11, 12, 13, 14, 18, 19, 20, 25, 26]),
}

/** Lines are read up to 1024 bytes, with tags of up to 150 before the value. */
const longestLine = 860
/** What fits into an option of IPv4. */
export const longestValue = 255

/** The number of an option; undefined for a name that is not in the tables. */
export function optionNumber(code: string, family: Family): number | undefined {
  return /^\d+$/.test(code) ? Number(code) : numbers[family][code]
}

/** Whether the server sets this option itself. */
export function isOfProtocol(code: string, family: Family): boolean {
  return protocol[family].has(optionNumber(code, family) ?? -1)
}

/** How values are written for dnsmasq. `at` names the field of one of them, or of all. */
export function writtenValues(
  code: string,
  family: Family,
  values: readonly string[],
  at: (index?: number) => string,
): readonly string[] {
  if (values.length === 0) return []
  const number = optionNumber(code, family)
  // A name of a newer dnsmasq: passed on as it is.
  if (number === undefined) return values
  const written = write(kinds[family].get(number), family, values, at)
  if (Buffer.byteLength(written.join()) > longestLine)
    throw wrongValue(at(), 'short enough for an option', values.join())
  return written
}

function write(
  kind: Kind | undefined,
  family: Family,
  values: readonly string[],
  at: (index?: number) => string,
): readonly string[] {
  const [value = ''] = values
  // Several in one string, as dnsmasq would have them.
  const list = values.length === 1 ? value.split(',') : values
  const one = (expected: string): string => {
    if (values.length === 1) return value
    throw wrongValue(at(), `${expected}, once`, values.join())
  }
  switch (kind) {
    case 'addresses':
      return list.map((each, i) => address(each, family, at(i)))
    case 'text':
      return [text(one('a text'), at())]
    case 'strings':
      return values.map((each, i) => {
        if (each === '' || each.includes(',')) throw wrongValue(at(i), 'a text without a comma', each)
        return values.length === 1 ? text(each, at(i)) : each
      })
    case 'domains':
      return list.map((each, i) => domain(each, at(i)))
    case 'addresses or domains':
      if (list.every((each) => isAddress(each, family))) return list.map((each, i) => address(each, family, at(i)))
      return list.map((each, i) => domain(each, at(i)))
    case 'seconds':
      return [seconds(one('a time'), at())]
    case 'routes':
      return [bytesOf(routes(list, at), at)]
    case undefined:
      return free(values, family, at)
    default:
      return [bytesOf(sized(one('a number'), kind, at()), at)]
  }
}

/** Writes values by their form: a number, bytes in hexadecimal, addresses; all others are text. */
function free(values: readonly string[], family: Family, at: (index?: number) => string): readonly string[] {
  const [value = ''] = values
  const list = values.length === 1 ? value.split(',') : values
  if (list.every((each) => isAddress(each, family))) return list.map((each, i) => address(each, family, at(i)))
  if (family === 'ipv4' && list.every((each) => isIPv4(each) || isPrefix(each))) {
    return [bytesOf(list.flatMap(compressed), at)]
  }
  if (values.length > 1) throw wrongValue(at(), 'one number or text, or several addresses', values.join())
  if (hexadecimal.test(value))
    return [
      bytesOf(
        value.split(':').map((byte) => parseInt(byte, 16)),
        at,
      ),
    ]
  if (/^\d+$/.test(value)) {
    const length = Number(value) > 0xffff ? 4 : Number(value) > 0xff ? 2 : 1
    return [bytesOf(sized(value, length, at()), at)]
  }
  const [, digits, size] = /^(-?\d+)([bsi])$/.exec(value) ?? []
  if (digits !== undefined) return [bytesOf(sized(digits, size === 'b' ? 1 : size === 's' ? 2 : 4, at()), at)]
  if (/^-\d+$/.test(value)) return [bytesOf(sized(value, 4, at()), at)]
  return [isPlainText(value) && !isCutShort(value) ? value : bytesOf([...Buffer.from(value)], at)]
}

/** Bytes in hexadecimal. */
const hexadecimal = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2})+$/i

/** One byte is a number with its size, more are hexadecimal: dnsmasq takes neither for something else. */
export function bytesOf(bytes: readonly number[], at?: () => string): string {
  if (at !== undefined && bytes.length > longestValue) {
    throw wrongValue(at(), `at most ${longestValue} bytes`, `${bytes.length} bytes`)
  }
  const [first = 0] = bytes
  if (bytes.length === 1) return `${first}b`
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function sized(value: string, length: 1 | 2 | 4, field: string): number[] {
  const expected = `a number of ${length === 1 ? 'one byte' : `${length} bytes`}`
  const bytes = hexadecimal.test(value) ? value.split(':').map((byte) => parseInt(byte, 16)) : undefined
  if (bytes?.length === length) return bytes
  const [, digits] = new RegExp(`^(-?\\d+)${{ 1: 'b', 2: 's', 4: 'i' }[length]}?$`).exec(value) ?? []
  const most = 2 ** (8 * length)
  const number = Number(digits)
  if (digits === undefined || number >= most || number < -most / 2) throw wrongValue(field, expected, value)
  return Array.from({ length }, (_, i) => Math.floor(number / 2 ** (8 * (length - 1 - i))) & 0xff)
}

function text(value: string, field: string): string {
  if (!isCutShort(value)) return value
  throw wrongValue(field, 'no number with "b", "s" or "i" behind it, which dnsmasq takes for its size', value)
}

/** A dot behind it ends a name, and nothing else that a name may look like. */
function domain(value: string, field: string): string {
  return `${checkDomain(value.replace(/\.$/, ''), field)}.`
}

function seconds(value: string, field: string): string {
  const [, digits, unit = 's'] = /^(\d+)([smhdw]?)$/i.exec(value) ?? []
  const factor = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[unit.toLowerCase() as 's'] || 1
  const number = Number(digits) * factor
  if (number <= 0xffff_ffff) return String(number)
  throw wrongValue(field, 'a number of seconds, or of "m", "h", "d" or "w"', value)
}

function isAddress(value: string, family: Family): boolean {
  if (family === 'ipv4') return isIPv4(value)
  return isIPv6(plain(value)) && !value.includes('%') && (value.startsWith('[') || !hexadecimal.test(value))
}

/** Without brackets. */
function plain(value: string): string {
  return value.replace(/^\[(.*)\]$/, '$1')
}

function address(value: string, family: Family, field: string): string {
  if (family === 'ipv4' && isIPv4(value)) return value
  if (family === 'ipv6' && isIPv6(plain(value)) && !value.includes('%')) return `[${plain(value)}]`
  throw wrongValue(field, `an ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address`, value)
}

function isPrefix(value: string): boolean {
  const [, network = '', length] = /^([\d.]+)\/(\d{1,2})$/.exec(value) ?? []
  return isIPv4(network) && Number(length) <= 32
}

/** As RFC 3442 has a destination: its length, and as many bytes as that takes. An address is four bytes. */
export function compressed(value: string): number[] {
  const [network = '', length] = value.split('/')
  const bytes = network.split('.').map(Number)
  return length === undefined ? bytes : [Number(length), ...bytes.slice(0, Math.ceil(Number(length) / 8))]
}

/** Destinations and next routers in turn. */
function routes(values: readonly string[], at: (index?: number) => string): number[] {
  const [first = ''] = values
  if (values.length === 1 && hexadecimal.test(first)) return first.split(':').map((byte) => parseInt(byte, 16))
  if (values.length % 2 !== 0) throw wrongValue(at(), 'pairs of a destination and a router', values.join())
  return values.flatMap((value, i) => {
    const fits = i % 2 === 0 ? isPrefix(value) : isIPv4(value)
    if (fits) return compressed(value)
    throw wrongValue(at(i), i % 2 === 0 ? 'a destination such as 10.8.0.0/16' : 'an IPv4 address', value)
  })
}
