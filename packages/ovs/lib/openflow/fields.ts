// The fields of packets that flows match and set: OpenFlow's OXM, and the registers of Open vSwitch (NXM).
import { wrongValue } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import { malformed } from './errors'
import type { FlowPort, PortNames } from './ports'
import type { FlowRegisters } from './registers'
import {
  ipv4Address,
  ipv6Address,
  macAddress,
  number,
  port,
  vlan,
  type Masked,
  type MaskedNumber,
  type ValueType,
} from './values'

/**
 * The match of a flow. Prerequisites of a field are added: `tcpDst` adds IPv4 (unless `dlType` is IPv6) and TCP. MAC and IP
 * addresses may have a mask: `fe:00:00:00:00:00/ff:00:00:00:00:00`, `10.0.0.0/8`, `10.0.0.1/255.0.0.255`.
 */
export interface FlowMatch extends FlowRegisters {
  /** The ingress port. */
  readonly inPort?: FlowPort | undefined
  /** The metadata that an earlier table has written (`writeMetadata`). */
  readonly metadata?: bigint | number | MaskedNumber<bigint> | undefined
  /** The number of the tunnel through which it came (VNI, GRE key). */
  readonly tunId?: bigint | number | MaskedNumber<bigint> | undefined
  /** The other end of that tunnel. */
  readonly tunSrc?: string | undefined
  /** This end of that tunnel. */
  readonly tunDst?: string | undefined
  /** The packet mark in the kernel. */
  readonly pktMark?: number | MaskedNumber<number> | undefined
  /** The destination MAC address. */
  readonly dlDst?: string | undefined
  /** The source MAC address. */
  readonly dlSrc?: string | undefined
  /** Its EtherType. */
  readonly dlType?: 'ip' | 'arp' | 'ipv6' | number | undefined
  /** Its VLAN; `none` for no tag, `any` for some tag. */
  readonly dlVlan?: number | 'none' | 'any' | MaskedNumber<number> | undefined
  /** The priority in its tag, 0 to 7. */
  readonly dlVlanPcp?: number | undefined
  /** Its DSCP, 0 to 63. */
  readonly ipDscp?: number | undefined
  /** Its ECN, 0 to 3. */
  readonly ipEcn?: number | undefined
  /** The protocol inside IP. */
  readonly nwProto?: 'icmp' | 'tcp' | 'udp' | 'icmp6' | 'sctp' | number | undefined
  /** The source IPv4 address. */
  readonly nwSrc?: string | undefined
  /** The destination IPv4 address. */
  readonly nwDst?: string | undefined
  /** The TCP source port. */
  readonly tcpSrc?: number | MaskedNumber<number> | undefined
  /** The TCP destination port. */
  readonly tcpDst?: number | MaskedNumber<number> | undefined
  /** The UDP source port. */
  readonly udpSrc?: number | MaskedNumber<number> | undefined
  /** The UDP destination port. */
  readonly udpDst?: number | MaskedNumber<number> | undefined
  /** The SCTP source port. */
  readonly sctpSrc?: number | MaskedNumber<number> | undefined
  /** The SCTP destination port. */
  readonly sctpDst?: number | MaskedNumber<number> | undefined
  /** The type of ICMP. */
  readonly icmpType?: number | undefined
  /** The code of ICMP. */
  readonly icmpCode?: number | undefined
  /** The operation of ARP: 1 request, 2 reply. */
  readonly arpOp?: number | undefined
  /** The sender's IPv4 address in ARP. */
  readonly arpSpa?: string | undefined
  /** The target's IPv4 address in ARP. */
  readonly arpTpa?: string | undefined
  /** The sender's MAC address in ARP. */
  readonly arpSha?: string | undefined
  /** The target's MAC address in ARP. */
  readonly arpTha?: string | undefined
  /** The source IPv6 address. */
  readonly ipv6Src?: string | undefined
  /** The destination IPv6 address. */
  readonly ipv6Dst?: string | undefined
  /** The flow label of IPv6. */
  readonly ipv6Label?: number | MaskedNumber<number> | undefined
  /** The type of ICMPv6. */
  readonly icmpv6Type?: number | undefined
  /** The code of ICMPv6. */
  readonly icmpv6Code?: number | undefined
  /** The target address of neighbor discovery. */
  readonly ndTarget?: string | undefined
  /** The source link-layer address of a solicitation. */
  readonly ndSll?: string | undefined
  /** The target link-layer address of an advertisement. */
  readonly ndTll?: string | undefined
}

/** A field of a packet, as `setField` sets it: one of those of a match, without a mask. */
export type FlowFields = {
  readonly [Name in Exclude<keyof FlowMatch, 'dlType' | 'nwProto'>]?: Exclude<
    FlowMatch[Name],
    MaskedNumber<number> | MaskedNumber<bigint> | 'none' | 'any'
  >
}

interface Field {
  readonly oxmClass: number
  readonly number: number
  readonly type: ValueType
  /** Its prerequisites. */
  readonly needs?: { readonly dlType?: number | 'ip'; readonly nwProto?: number }
}

const basic = 0x8000
const nicira = 0x0001
const ip = 0x0800
const arp = 0x0806
const ipv6 = 0x86dd

const protocols = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, sctp: 132 } as const

function field(number: number, type: ValueType, needs: Field['needs'] = {}, oxmClass = basic): Field {
  return { oxmClass, number, type, needs }
}

const tpPort = number(2, { maskable: true })
const byte = number(1)
const register = number(4, { maskable: true })
const wide = number(8, { maskable: true })

// In the order that the switch requires: the prerequisites of a field come before it.
const fields: Readonly<Record<keyof FlowMatch, Field>> = {
  inPort: field(0, port),
  metadata: field(2, wide),
  tunId: field(38, wide),
  tunSrc: field(31, ipv4Address, {}, nicira),
  tunDst: field(32, ipv4Address, {}, nicira),
  pktMark: field(33, register, {}, nicira),
  ...(Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`reg${i}`, field(i, register, {}, nicira)])) as Record<
    keyof FlowRegisters,
    Field
  >),
  dlDst: field(3, macAddress),
  dlSrc: field(4, macAddress),
  dlType: field(5, number(2, { words: { ip, arp, ipv6 } })),
  dlVlan: field(6, vlan),
  dlVlanPcp: field(7, number(1, { bits: 3 })),
  ipDscp: field(8, number(1, { bits: 6 }), { dlType: 'ip' }),
  ipEcn: field(9, number(1, { bits: 2 }), { dlType: 'ip' }),
  nwProto: field(10, number(1, { words: protocols }), { dlType: 'ip' }),
  nwSrc: field(11, ipv4Address, { dlType: ip }),
  nwDst: field(12, ipv4Address, { dlType: ip }),
  tcpSrc: field(13, tpPort, { dlType: 'ip', nwProto: protocols.tcp }),
  tcpDst: field(14, tpPort, { dlType: 'ip', nwProto: protocols.tcp }),
  udpSrc: field(15, tpPort, { dlType: 'ip', nwProto: protocols.udp }),
  udpDst: field(16, tpPort, { dlType: 'ip', nwProto: protocols.udp }),
  sctpSrc: field(17, tpPort, { dlType: 'ip', nwProto: protocols.sctp }),
  sctpDst: field(18, tpPort, { dlType: 'ip', nwProto: protocols.sctp }),
  icmpType: field(19, byte, { dlType: ip, nwProto: protocols.icmp }),
  icmpCode: field(20, byte, { dlType: ip, nwProto: protocols.icmp }),
  arpOp: field(21, number(2), { dlType: arp }),
  arpSpa: field(22, ipv4Address, { dlType: arp }),
  arpTpa: field(23, ipv4Address, { dlType: arp }),
  arpSha: field(24, macAddress, { dlType: arp }),
  arpTha: field(25, macAddress, { dlType: arp }),
  ipv6Src: field(26, ipv6Address, { dlType: ipv6 }),
  ipv6Dst: field(27, ipv6Address, { dlType: ipv6 }),
  ipv6Label: field(28, number(4, { bits: 20, maskable: true }), { dlType: ipv6 }),
  icmpv6Type: field(29, byte, { dlType: ipv6, nwProto: protocols.icmp6 }),
  icmpv6Code: field(30, byte, { dlType: ipv6, nwProto: protocols.icmp6 }),
  ndTarget: field(31, ipv6Address, { dlType: ipv6, nwProto: protocols.icmp6 }),
  ndSll: field(32, macAddress, { dlType: ipv6, nwProto: protocols.icmp6 }),
  ndTll: field(33, macAddress, { dlType: ipv6, nwProto: protocols.icmp6 }),
}

const names = Object.keys(fields) as (keyof FlowMatch)[]
const nameSet: ReadonlySet<string> = new Set(names)
const byNumber = new Map(names.map((name) => [(fields[name].oxmClass << 8) | fields[name].number, name]))

/** An undecoded field. */
export interface UnknownField {
  /** Its class (OFPXMC_). */
  readonly oxmClass: number
  /** Its number in the class. */
  readonly field: number
  /** Its value, hexadecimal. */
  readonly value: string
  /** Its mask, hexadecimal, if it has one. */
  readonly mask?: string
}

/** Writes a field: its header, its value, its mask. */
function encode({ oxmClass, number }: Field, { value, mask }: Masked): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt16BE(oxmClass, 0)
  header.writeUInt8((number << 1) | (mask === undefined ? 0 : 1), 2)
  header.writeUInt8(value.length + (mask?.length ?? 0), 3)
  return Buffer.concat([header, value, ...(mask === undefined ? [] : [mask])])
}

type Given = Partial<Record<keyof FlowMatch, unknown>>

function checkGiven(given: unknown, prefix: string): Given {
  checkKeys(given, nameSet, prefix)
  return given as Given
}

/** The EtherType or protocol that a match names. */
function numberIn(given: Given, name: 'dlType' | 'nwProto', prefix: string, ports: PortNames): number | undefined {
  const value = given[name]
  if (value === undefined) return undefined
  const bytes = fields[name].type.write(value, `${prefix}.${name}`, ports).value
  return bytes.readUIntBE(0, bytes.length)
}

/** Adds the prerequisites of fields, and refuses fields that contradict them. */
function complete(given: Given, prefix: string, ports: PortNames): Given {
  let dlType = numberIn(given, 'dlType', prefix, ports)
  let nwProto = numberIn(given, 'nwProto', prefix, ports)
  const used = names.filter((name) => given[name] !== undefined)
  // Fields of one EtherType decide before those of both versions of IP.
  const exact = (name: keyof FlowMatch): number => (typeof fields[name].needs?.dlType === 'number' ? 0 : 1)
  for (const name of used.toSorted((a, b) => exact(a) - exact(b))) {
    const { needs } = fields[name]
    if (needs?.dlType !== undefined) {
      dlType ??= needs.dlType === 'ip' ? ip : needs.dlType
      const fits = needs.dlType === 'ip' ? dlType === ip || dlType === ipv6 : dlType === needs.dlType
      if (!fits) throw wrongValue(`${prefix}.${name}`, 'a field of packets of that dlType', given[name])
    }
    if (needs?.nwProto !== undefined) {
      nwProto ??= needs.nwProto
      if (nwProto !== needs.nwProto) throw wrongValue(`${prefix}.${name}`, 'a field of that nwProto', given[name])
    }
  }
  return { ...given, dlType, nwProto }
}

/** The fields of a match, one after another. */
export function encodeFields(match: unknown, prefix: string, ports: PortNames): Buffer {
  const given = complete(checkGiven(match, prefix), prefix, ports)
  const used = names.filter((name) => given[name] !== undefined)
  return Buffer.concat(
    used.map((name) => encode(fields[name], fields[name].type.write(given[name], `${prefix}.${name}`, ports))),
  )
}

/** One field that an action sets. */
export function encodeSetField(given: unknown, prefix: string, ports: PortNames): Buffer[] {
  const used = Object.entries(checkGiven(given, prefix)).filter(([, value]) => value !== undefined)
  if (used.length === 0) throw wrongValue(prefix, 'an object with a field', given)
  return used.map(([name, value]) => {
    const described = fields[name as keyof FlowMatch]
    const masked = described.type.write(value, `${prefix}.${name}`, ports)
    const none = name === 'dlVlan' && value === 'none'
    if (masked.mask !== undefined || none) throw wrongValue(`${prefix}.${name}`, 'a value without a mask', value)
    return encode(described, masked)
  })
}

/** Reads fields until the end. */
export function decodeFields(
  bytes: Buffer,
  ports: PortNames,
): { readonly match: FlowMatch; readonly unknown: UnknownField[] } {
  const match: Record<string, unknown> = {}
  const unknown: UnknownField[] = []
  for (let at = 0; at < bytes.length;) {
    if (at + 4 > bytes.length) throw malformed(`${bytes.length - at} bytes for a field`)
    const oxmClass = bytes.readUInt16BE(at)
    const number = bytes.readUInt8(at + 2) >> 1
    const hasMask = (bytes.readUInt8(at + 2) & 1) !== 0
    const length = bytes.readUInt8(at + 3)
    if (at + 4 + length > bytes.length || (hasMask && length % 2 !== 0)) {
      throw malformed(`a field ${number} of class ${oxmClass} with ${length} bytes`)
    }
    const payload = bytes.subarray(at + 4, at + 4 + length)
    const half = hasMask ? length / 2 : length
    const value = Buffer.from(payload.subarray(0, half))
    const mask = hasMask ? Buffer.from(payload.subarray(half)) : undefined
    const name = byNumber.get((oxmClass << 8) | number)
    const described = name === undefined ? undefined : fields[name]
    if (name !== undefined && described?.type.size === value.length) {
      match[name] = described.type.read({ value, mask }, ports)
    } else {
      const rest = mask === undefined ? {} : { mask: mask.toString('hex') }
      unknown.push({ oxmClass, field: number, value: value.toString('hex'), ...rest })
    }
    at += 4 + length
  }
  return { match, unknown }
}
