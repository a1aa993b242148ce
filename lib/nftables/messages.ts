// The messages of nftables, as far as tables, chains, rules and sets go (linux/netfilter/nf_tables.h).
import { attributes } from '../wire/attributes'
import { bits, oneOf } from '../wire/choices'
import { be16, be32, be64, bei32, u8, within } from '../wire/integers'
import { list } from '../wire/nesting'
import { readOnly } from '../wire/read_only'
import { struct } from '../wire/struct'
import { binary, text } from '../wire/text'
import { expression, dataAttributes } from './expressions'

/** The header of all messages of netfilter (linux/netfilter/nfnetlink.h). */
export const nfgenmsg = struct('nfgenmsg', {
  family: ['nfgen_family', u8],
  version: ['version', u8],
  resource: ['res_id', be16],
})

/** NFT_NAME_MAXLEN - 1: names of tables, chains and sets. */
const name = text(255, undefined, 1)

const NFNL_SUBSYS_NFTABLES = 10
/** Messages of netfilter that stand around a batch. */
export const NFNL_MSG_BATCH_BEGIN = 16
export const NFNL_MSG_BATCH_END = 17

/** What a batch is for: `res_id` of NFNL_MSG_BATCH_BEGIN. */
export const subsystem = NFNL_SUBSYS_NFTABLES

/** NFT_MSG_ by name. */
export const NFT_MSG = {
  NEWTABLE: 0,
  GETTABLE: 1,
  DELTABLE: 2,
  NEWCHAIN: 3,
  GETCHAIN: 4,
  NEWRULE: 6,
  GETRULE: 7,
  NEWSET: 9,
  GETSET: 10,
  NEWSETELEM: 12,
  GETSETELEM: 13,
  GETGEN: 16,
} as const

/** The type of a message. */
export function typeOf(message: keyof typeof NFT_MSG): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG[message]
}

/** Tables. */
export const tableLayout = {
  header: nfgenmsg,
  attributes: attributes('NFTA_TABLE_', {
    name: ['NAME', 1, name],
    flags: ['FLAGS', 2, be32],
    use: ['USE', 3, readOnly(be32)],
    handle: ['HANDLE', 4, readOnly(be64)],
  }),
}

const hook = attributes('NFTA_HOOK_', { number: ['HOOKNUM', 1, be32], priority: ['PRIORITY', 2, bei32] })

/** Chains. */
export const chainLayout = {
  header: nfgenmsg,
  attributes: attributes('NFTA_CHAIN_', {
    table: ['TABLE', 1, name],
    handle: ['HANDLE', 2, readOnly(be64)],
    name: ['NAME', 3, name],
    hook: ['HOOK', 4, hook],
    policy: ['POLICY', 5, be32],
    use: ['USE', 6, readOnly(be32)],
    type: ['TYPE', 7, text(15)],
    flags: ['FLAGS', 10, be32],
  }),
}

/** Rules. */
export const ruleLayout = {
  header: nfgenmsg,
  attributes: attributes('NFTA_RULE_', {
    table: ['TABLE', 1, name],
    chain: ['CHAIN', 2, name],
    handle: ['HANDLE', 3, readOnly(be64)],
    expressions: ['EXPRESSIONS', 4, list('NFTA_LIST_ELEM', 1, expression)],
    position: ['POSITION', 6, be64],
    userData: ['USERDATA', 7, binary(256)],
  }),
}

const setFlags = bits(be32, 'NFT_SET_', {
  anonymous: ['ANONYMOUS', 0x1],
  constant: ['CONSTANT', 0x2],
  interval: ['INTERVAL', 0x4],
  map: ['MAP', 0x8],
  timeout: ['TIMEOUT', 0x10],
  concat: ['CONCAT', 0x80],
})

/** Sets and maps. */
export const setLayout = {
  header: nfgenmsg,
  attributes: attributes('NFTA_SET_', {
    table: ['TABLE', 1, name],
    name: ['NAME', 2, name],
    flags: ['FLAGS', 3, setFlags],
    keyType: ['KEY_TYPE', 4, be32],
    keyLength: ['KEY_LEN', 5, within(be32, 1, 64)],
    dataType: ['DATA_TYPE', 6, be32],
    dataLength: ['DATA_LEN', 7, within(be32, 1, 64)],
    id: ['ID', 10, be32],
    userData: ['USERDATA', 13, binary(256)],
    handle: ['HANDLE', 16, readOnly(be64)],
  }),
}

const element = attributes('NFTA_SET_ELEM_', {
  key: ['KEY', 1, dataAttributes],
  data: ['DATA', 2, dataAttributes],
  flags: ['FLAGS', 3, be32],
})

/** Elements of sets and maps. */
export const elementsLayout = {
  header: nfgenmsg,
  attributes: attributes('NFTA_SET_ELEM_LIST_', {
    table: ['TABLE', 1, name],
    set: ['SET', 2, name],
    elements: ['ELEMENTS', 3, list('NFTA_LIST_ELEM', 1, element)],
  }),
}

/** The generation of a namespace's nftables. */
export const generationLayout = {
  header: nfgenmsg,
  attributes: attributes('NFTA_GEN_', { id: ['ID', 1, be32] }),
}

/** Where a chain of IPv4 or IPv6 is hooked in (NF_INET_). */
export const hookNumber = oneOf(be32, 'NF_INET_', {
  prerouting: ['PRE_ROUTING', 0],
  input: ['LOCAL_IN', 1],
  forward: ['FORWARD', 2],
  output: ['LOCAL_OUT', 3],
  postrouting: ['POST_ROUTING', 4],
})
