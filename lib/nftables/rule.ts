// Parts of rules, in the words of nft(8): what is loaded into a register, compared, looked up, and done.
import { word } from '../netlink/rollback/pattern'
import type { AttributesOf } from '../wire/attributes'
import { AF_INET, parseIP } from '../wire/ip'
import { NFT_LOOKUP_F_INV, NFT_REG32_00, NFT_REG_1, NFT_REG_VERDICT, type expression } from './expressions'

/** One expression of a rule. */
export type Expression = AttributesOf<typeof expression.table>

/** A comparison's sense. */
export type Sense = 'equal' | 'notEqual'

const IFNAMSIZ = 16
const NF_DROP = 0
/** Offsets in the header of IPv4. */
const offsets = { saddr: 12, daddr: 16 } as const
/** IPS_SRC_NAT and IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h. */
const statusBits = { snat: 0x10, dnat: 0x20 } as const

/** The bytes of an IPv4 address. */
export function address(text: string): Uint8Array {
  return parseIP(text, 'address', 'ipv4')
}

function compare(operation: Sense, value: Uint8Array): Expression {
  return { name: 'cmp', data: { source: NFT_REG_1, operation, data: { value } } }
}

/** `oifname "eth0"`, `iifname != "eth0"`. */
export function device(key: 'iifname' | 'oifname', operation: Sense, name: string): Expression[] {
  const padded = Buffer.alloc(IFNAMSIZ)
  padded.write(name)
  return [{ name: 'meta', data: { destination: NFT_REG_1, key } }, compare(operation, padded)]
}

/** `ct status snat`: the connection is translated so. */
export function translated(how: keyof typeof statusBits): Expression[] {
  const mask = { value: word(statusBits[how]) }
  return [
    { name: 'ct', data: { destination: NFT_REG_1, key: 'status' } },
    { name: 'bitwise', data: { source: NFT_REG_1, destination: NFT_REG_1, length: 4, mask, xor: { value: word(0) } } },
    compare('notEqual', word(0)),
  ]
}

/** An address of the packet that a connection began with, or of the answers to it. */
export interface ConnectionAddress {
  /** Which address of the packet. */
  readonly key: 'source' | 'destination'
  /** Of the packets that the connection began with, or of the answers. */
  readonly direction: 'original' | 'reply'
}

/** `ct original ip daddr != 10.0.0.1`. */
export function connection(which: ConnectionAddress, operation: Sense, text: string): Expression[] {
  return [{ name: 'ct', data: { destination: NFT_REG_1, ...which } }, compare(operation, address(text))]
}

/** `ct original ip daddr . ct reply ip saddr != @set`. */
export function connectionNotIn(set: string, pair: readonly ConnectionAddress[]): Expression[] {
  const loads = pair.map((which, i) => ({ name: 'ct', data: { destination: NFT_REG32_00 + i, ...which } }))
  return [...loads, { name: 'lookup', data: { set, source: NFT_REG_1, flags: NFT_LOOKUP_F_INV } }]
}

/** What a packet is translated to: an address, or what a map has for one of the packet's own. */
export type Translation =
  | string
  | {
      /** The map's name. */
      readonly map: string
      /** The packet's address that is its key. */
      readonly by: keyof typeof offsets
    }

/** `snat to 192.0.2.1`, `dnat to ip daddr map @map`. */
export function translate(type: 'snat' | 'dnat', to: Translation): Expression[] {
  const nat = { name: 'nat', data: { type, family: AF_INET, addressFrom: NFT_REG_1 } } as const
  if (typeof to === 'string') {
    return [{ name: 'immediate', data: { destination: NFT_REG_1, data: { value: address(to) } } }, nat]
  }
  const { map, by } = to
  return [
    { name: 'payload', data: { destination: NFT_REG_1, base: 'network', offset: offsets[by], length: 4 } },
    { name: 'lookup', data: { set: map, source: NFT_REG_1, destination: NFT_REG_1 } },
    nat,
  ]
}

/** `drop`. */
export const drop: Expression = {
  name: 'immediate',
  data: { destination: NFT_REG_VERDICT, data: { verdict: { code: NF_DROP } } },
}
