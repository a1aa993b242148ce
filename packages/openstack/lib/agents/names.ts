// Checks texts that become parts of file names, of lines for dnsmasq, or of tags: more strictly than dnsmasq.
import { createHash } from 'node:crypto'
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'

/** An id: of a network, a subnet, a port. It becomes the name of a directory, and a tag. */
export function checkId(value: unknown, field: string): string {
  const expected = 'letters, digits, "-", "_" and single ".", beginning with a letter or digit'
  if (typeof value !== 'string') throw wrongType(field, `a string of ${expected}`, value)
  if (value.length === 0 || value.length > 64) throw outOfRange(field, 'a string of 1 to 64 characters', value)
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(value) || value.includes('..')) throw wrongValue(field, expected, value)
  return value
}

const label = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/

/** A name of DNS: labels with dots between them, the last of which is no number. In lower case, as names are compared. */
export function checkDomain(value: unknown, field: string): string {
  const name = checkLabels(value, field)
  // With a host's name before it, it might be an IPv4 address (RFC 3696, section 2).
  if (/(^|\.)\d+$/.test(name)) throw wrongValue(field, 'a name that does not end in a number', value)
  return name
}

function checkLabels(value: unknown, field: string): string {
  const expected = 'a name of labels (letters, digits, "-", at most 63 each) with a dot between them'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (value.length === 0 || value.length > 253) throw outOfRange(field, 'a name of 1 to 253 characters', value)
  if (!value.split('.').every((part) => label.test(part))) throw wrongValue(field, expected, value)
  return value.toLowerCase()
}

/** A host name that dnsmasq accepts for a client. */
export function checkHostname(value: unknown, field: string): string {
  const name = checkLabels(value, field)
  if (!/^[a-z0-9]/.test(name)) throw wrongValue(field, 'a name that begins with a letter or digit', value)
  return name
}

/** The name of a network device. */
export function checkDeviceName(value: unknown, field: string): string {
  const expected = '1 to 15 letters, digits, "-", "_" or "."'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!/^[A-Za-z0-9_.-]{1,15}$/.test(value) || /^\.\.?$/.test(value)) throw wrongValue(field, expected, value)
  return value
}

/** A client identifier: bytes in hexadecimal with colons, or plain text. */
export function checkClientId(value: unknown, field: string): string {
  const expected = 'bytes such as "01:aa:bb", or text without spaces, commas, quotes and colons'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  // RFC 2132 has none of a single byte.
  if (value.length < 2 || value.length > 255) throw outOfRange(field, 'a string of 2 to 255 characters', value)
  if (/^[0-9a-f]{2}(:[0-9a-f]{2})+$/i.test(value)) return value.toLowerCase()
  if (!/^[\x21-\x7e]+$/.test(value) || /[,:"'#\\]/.test(value) || value === '*')
    throw wrongValue(field, expected, value)
  return value
}

/** Text that becomes the value of an option: without commas, which separate values, and line ends, which end the option. */
export function checkOptionText(value: unknown, field: string): string {
  const expected = 'text without control characters, quotes and backslashes'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (Buffer.byteLength(value) > 255) throw outOfRange(field, 'text of at most 255 bytes', value)
  if (/\p{Surrogate}/u.test(value)) throw wrongValue(field, 'text of Unicode', value)
  // eslint-disable-next-line no-control-regex -- that is what is refused
  if (/[\x00-\x1f\x7f"\\]/.test(value)) throw wrongValue(field, expected, value)
  return value
}

/** A tag of dnsmasq, perhaps with a `!` before it. */
export function checkTag(value: unknown, field: string): string {
  const expected = 'letters, digits, "-" and "_", perhaps after a "!"'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!/^!?[A-Za-z0-9_-]{1,64}$/.test(value)) throw wrongValue(field, expected, value)
  return value
}

/**
 * Eleven characters of an id for the name of a device: those of a short id, Neutron's for a UUID, and a hash of others. Where two ids
 * give the same, the second is refused, as it finds the mark of the first.
 */
export function cut(id: string): string {
  const short = id.length <= 11 || /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(id)
  return short ? id.slice(0, 11) : createHash('sha256').update(id).digest('hex').slice(0, 11)
}

/** The bridge of a network, for all agents. */
export function bridgeNameOf(network: string): string {
  return `brq${cut(network)}`
}
