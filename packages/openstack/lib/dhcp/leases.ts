// Parses dnsmasq's lease file.
import { isIPv4, isIPv6 } from 'node:net'
import { canonicalIP, type Family } from 'netloom/values'

/** A lease of a client. */
export interface Lease {
  /** Its family. */
  readonly family: Family
  /** The address. */
  readonly address: string
  /** The client's MAC address. Of IPv6 undefined: there clients are known by their DUID. */
  readonly mac: string | undefined
  /** The client identifier, of IPv6 the DUID; bytes in hexadecimal with colons, undefined if it sent none. */
  readonly clientId: string | undefined
  /** Of IPv6, the identity association. */
  readonly iaid: number | undefined
  /** The name that it has, if it has one. */
  readonly hostname: string | undefined
  /** When it ends; undefined: never. */
  readonly expires: Date | undefined
}

/** A parsed lease file. */
export interface LeaseFile {
  /** The leases, in the file's order. */
  readonly leases: readonly Lease[]
  /** The server's own DUID, once it has one. */
  readonly duid: string | undefined
  /** Lines that mean nothing, at most a thousand, of long ones the first 2048 characters: the file is being written at this moment, or somebody else wrote to it. */
  readonly malformed: readonly string[]
}

const hex = /^[0-9a-f]{2}(:[0-9a-f]{2})*$/i
/** With the type of hardware before it, where that is not Ethernet. */
const hardware = /^([0-9a-f]{2}-)?[0-9a-f]{2}(:[0-9a-f]{2})*$/i

function optional(word: string): string | undefined {
  return word === '*' ? undefined : word
}

function parseLine(line: string): Lease | undefined {
  const words = line.split(' ')
  const [expiry = '', second = '', address = '', name = '', id = ''] = words
  if (words.length !== 5 || !/^\d{1,15}$/.test(expiry) || name === '' || !(id === '*' || hex.test(id))) return undefined
  const expires = Number(expiry) === 0 ? undefined : new Date(Number(expiry) * 1000)
  const common = { hostname: optional(name), clientId: optional(id)?.toLowerCase(), expires }
  if (isIPv4(address) && hardware.test(second)) {
    return { family: 'ipv4', address, mac: second.toLowerCase(), iaid: undefined, ...common }
  }
  // A temporary address has a T before its association.
  const iaid = /^T?(\d{1,10})$/.exec(second)?.[1]
  if (!isIPv6(address) || address.includes('%') || iaid === undefined || Number(iaid) > 0xffffffff) return undefined
  return { family: 'ipv6', address: canonicalIP(address), mac: undefined, iaid: Number(iaid), ...common }
}

/** A line of dnsmasq's has at most a name of 253 bytes and an identifier of 255, in hexadecimal. */
const longestLine = 2048
/** At most this many malformed lines are returned. */
const mostMalformed = 1000

function* linesOf(text: string): Generator<[line: string, isWhole: boolean]> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\n', at)
    yield end < 0 ? [text.slice(at), false] : [text.slice(at, end), true]
    at = end < 0 ? text.length : end + 1
  }
}

/** Parses a lease file; returns malformed lines instead of throwing. */
export function parseLeases(text: string): LeaseFile {
  const leases: Lease[] = []
  const malformed: string[] = []
  let duid: string | undefined
  for (const [line, isWhole] of linesOf(text)) {
    // A line without a line feed is incomplete.
    const isReadable = isWhole && line.length <= longestLine
    const own = isReadable ? /^duid ([0-9a-f:]+)$/i.exec(line)?.[1] : undefined
    const lease = isReadable ? parseLine(line) : undefined
    if (own !== undefined && hex.test(own)) duid = own.toLowerCase()
    else if (lease !== undefined) leases.push(lease)
    else if (malformed.length < mostMalformed) malformed.push(line.slice(0, longestLine))
  }
  return { leases, duid, malformed }
}

/** Whether the content may be that of a file which its writer has truncated and not yet written again. */
export function maybeHalfWritten(text: string): boolean {
  return text === '' || parseLeases(text).malformed.length > 0
}

/**
 * Completes a lease file that is missing, or was not written to its end, with the leases that were reported before.
 */
export function completedLeases(text: string | undefined, told: string): string {
  if (text === undefined) return told
  if (!maybeHalfWritten(text)) return text
  const lines = new Map<string, string>()
  for (const line of `${told}\n${text.slice(0, text.lastIndexOf('\n') + 1)}`.split('\n')) {
    const { leases, duid } = parseLeases(`${line}\n`)
    const key = duid === undefined ? leases[0]?.address : 'duid'
    if (key !== undefined) lines.set(key, line)
  }
  return [...lines.values()].map((line) => `${line}\n`).join('')
}

/** New, renewed and ended leases between two readings. */
export interface LeaseChanges {
  readonly added: readonly Lease[]
  readonly renewed: readonly Lease[]
  readonly released: readonly Lease[]
}

function holder({ mac, clientId, iaid }: Lease): string {
  return `${mac ?? ''} ${clientId ?? ''} ${iaid ?? ''}`
}

/** Compares two readings. An address that another client has now counts as ended and new. */
export function compareLeases(before: readonly Lease[], after: readonly Lease[]): LeaseChanges {
  const old = new Map(before.map((lease) => [lease.address, lease]))
  const added: Lease[] = []
  const renewed: Lease[] = []
  const released: Lease[] = []
  for (const lease of after) {
    const known = old.get(lease.address)
    old.delete(lease.address)
    if (known === undefined) added.push(lease)
    else if (holder(known) !== holder(lease)) {
      released.push(known)
      added.push(lease)
    } else if (known.expires?.getTime() !== lease.expires?.getTime()) renewed.push(lease)
  }
  released.push(...old.values())
  return { added, renewed, released }
}
