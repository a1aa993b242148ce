// The expressions that rules of nftables are made of (NFTA_EXPR_, linux/netfilter/nf_tables.h): those that this library uses.
import { attributes } from '../wire/attributes'
import { oneOf } from '../wire/choices'
import { be32, bei32, u8 } from '../wire/integers'
import { taggedBy } from '../wire/nesting'
import { binary, text } from '../wire/text'

const verdict = attributes('NFTA_VERDICT_', { code: ['CODE', 1, bei32], chain: ['CHAIN', 2, text(255)] })

/** A value or a verdict: what registers hold, and elements of sets. */
export const dataAttributes = attributes('NFTA_DATA_', {
  value: ['VALUE', 1, binary(64)],
  verdict: ['VERDICT', 2, verdict],
})

const compare = attributes('NFTA_CMP_', {
  source: ['SREG', 1, be32],
  operation: ['OP', 2, oneOf(be32, 'NFT_CMP_', { equal: ['EQ', 0], notEqual: ['NEQ', 1] })],
  data: ['DATA', 3, dataAttributes],
})

const meta = attributes('NFTA_META_', {
  destination: ['DREG', 1, be32],
  key: ['KEY', 2, oneOf(be32, 'NFT_META_', { iifname: ['IIFNAME', 6], oifname: ['OIFNAME', 7] })],
})

const payload = attributes('NFTA_PAYLOAD_', {
  destination: ['DREG', 1, be32],
  base: ['BASE', 2, oneOf(be32, 'NFT_PAYLOAD_', { network: ['NETWORK_HEADER', 1] })],
  offset: ['OFFSET', 3, be32],
  length: ['LEN', 4, be32],
})

const lookup = attributes('NFTA_LOOKUP_', {
  set: ['SET', 1, text(255)],
  source: ['SREG', 2, be32],
  destination: ['DREG', 3, be32],
  flags: ['FLAGS', 5, be32],
})

/** Of a look-up: it fails where the key is in the set. */
export const NFT_LOOKUP_F_INV = 1

const immediate = attributes('NFTA_IMMEDIATE_', { destination: ['DREG', 1, be32], data: ['DATA', 2, dataAttributes] })

const nat = attributes('NFTA_NAT_', {
  type: ['TYPE', 1, oneOf(be32, 'NFT_NAT_', { snat: ['SNAT', 0], dnat: ['DNAT', 1] })],
  family: ['FAMILY', 2, be32],
  addressFrom: ['REG_ADDR_MIN', 3, be32],
  addressTo: ['REG_ADDR_MAX', 4, be32],
  flags: ['FLAGS', 7, be32],
})

const ct = attributes('NFTA_CT_', {
  destination: ['DREG', 1, be32],
  key: [
    'KEY',
    2,
    oneOf(be32, 'NFT_CT_', { status: ['STATUS', 2], source: ['SRC_IP', 19], destination: ['DST_IP', 20] }),
  ],
  direction: ['DIRECTION', 3, oneOf(u8, 'IP_CT_DIR_', { original: ['ORIGINAL', 0], reply: ['REPLY', 1] })],
})

const bitwise = attributes('NFTA_BITWISE_', {
  source: ['SREG', 1, be32],
  destination: ['DREG', 2, be32],
  length: ['LEN', 3, be32],
  mask: ['MASK', 4, dataAttributes],
  xor: ['XOR', 5, dataAttributes],
})

/** One expression: its name, and data that are its own. */
export const expression = attributes('NFTA_EXPR_', {
  name: ['NAME', 1, text(31)],
  data: ['DATA', 2, taggedBy('name', { cmp: compare, meta, payload, lookup, immediate, nat, ct, bitwise })],
})

/** Registers: the verdict; 16 bytes; four bytes, from NFT_REG32_00 on. */
export const NFT_REG_VERDICT = 0
export const NFT_REG_1 = 1
export const NFT_REG32_00 = 8
