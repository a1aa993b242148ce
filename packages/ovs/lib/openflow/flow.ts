// Flows as messages: the one that adds, changes or deletes them (ofp_flow_mod), and the answer that lists them (ofp_flow_stats).
import { outOfRange, wrongType } from 'netloom/errors'
import { checkKeys, printableThroughout } from 'netloom/values'
import { checkWhole } from '../codecs'
import { decodeActions, encodeActions, type FlowAction } from './actions'
import { malformed } from './errors'
import { decodeFields, encodeFields, type FlowMatch, type UnknownField } from './fields'
import { portNumber, type FlowPort, type PortNames } from './ports'

/** The key of a flow: match and priority are unique in a table. */
export interface FlowKey {
  /** The bridge. Default: the one that the switch has, if it has just one. */
  readonly bridge?: string | undefined
  /** The table, 0 to 254. Packets begin in table 0. Default: 0. */
  readonly table?: number | undefined
  /** Of several flows that match, the one with the highest priority applies; 0 to 65535. Default: 32768. */
  readonly priority?: number | undefined
  /** The match. Default: all packets. */
  readonly match?: FlowMatch | undefined
}

/** A flow to add. */
export interface FlowOptions extends FlowKey {
  /** The actions; none, or `drop`, drops packets. */
  readonly actions: readonly FlowAction[] | 'drop'
  /** A number by which its owner recognizes it. Default: 0. */
  readonly cookie?: bigint | number | undefined
  /** Seconds without a packet after which it is deleted, up to 65535. Default: never. */
  readonly idleTimeoutSeconds?: number | undefined
  /** Seconds after which it is deleted, up to 65535. Default: never. */
  readonly hardTimeoutSeconds?: number | undefined
}

/** Some bits of a cookie. */
export interface FlowCookie {
  /** The value. */
  readonly value: bigint
  /** The bits that are compared. */
  readonly mask: bigint
}

/** A filter for flows. */
export interface FlowFilter {
  /** The bridge. Default: the one that the switch has, if it has just one. */
  readonly bridge?: string | undefined
  /** The table, 0 to 254. Default: all. */
  readonly table?: number | undefined
  /** Flows whose match is this one or narrower. Default: all. */
  readonly match?: FlowMatch | undefined
  /** Flows with this cookie, or with these bits of a cookie. Default: all. */
  readonly cookie?: bigint | number | FlowCookie | undefined
  /** Flows that send packets through this port. Default: all. */
  readonly outPort?: FlowPort | undefined
}

/** A flow as the bridge has it. */
export interface Flow {
  /** The bridge. */
  readonly bridge: string
  /** The table. */
  readonly table: number
  /** Its priority. */
  readonly priority: number
  /** The match. */
  readonly match: FlowMatch
  /** Undecoded fields of the match. */
  readonly unknownFields?: readonly UnknownField[]
  /** The actions; empty if packets are dropped. */
  readonly actions: readonly FlowAction[]
  /** Its cookie. */
  readonly cookie: bigint
  /** Seconds without a packet after which it is deleted; 0: never. */
  readonly idleTimeoutSeconds: number
  /** Seconds after which it is deleted; 0: never. */
  readonly hardTimeoutSeconds: number
  /** Its age. */
  readonly durationSeconds: number
  /** Packets that it has matched. */
  readonly packets: bigint
  /** Their bytes. */
  readonly bytes: bigint
}

/** ofp_flow_mod_command. */
export const commands = { add: 0, modify: 1, modifyStrict: 2, delete: 3, deleteStrict: 4 } as const
/** OFPMP_FLOW. */
export const flowStats = 1

const any = 0xffffffff
/** OFPMT_OXM. */
const matchOxm = 1
const allTables = 0xff
const defaultPriority = 0x8000
const cookieKeys = new Set(['value', 'mask'])
const most64 = 2n ** 64n - 1n

function checkCookieNumber(value: unknown, field: string): bigint {
  if (typeof value !== 'bigint' && typeof value !== 'number') throw wrongType(field, 'a bigint', value)
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw outOfRange(field, 'an integer', value)
  const wide = BigInt(value)
  if (wide < 0n || wide > most64) throw outOfRange(field, `from 0 to ${String(most64)}`, value)
  return wide
}

function checkCookie(value: unknown): FlowCookie {
  if (value === undefined) return { value: 0n, mask: 0n }
  if (typeof value !== 'object' || value === null) return { value: checkCookieNumber(value, 'cookie'), mask: most64 }
  checkKeys(value, cookieKeys, 'cookie')
  const { value: number, mask } = value as { value?: unknown; mask?: unknown }
  return { value: checkCookieNumber(number, 'cookie.value'), mask: checkCookieNumber(mask, 'cookie.mask') }
}

function matchBlock(match: unknown, field: string, ports: PortNames): Buffer {
  const fields = encodeFields(match ?? {}, field, ports)
  const bytes = Buffer.alloc((4 + fields.length + 7) & ~7)
  bytes.writeUInt16BE(matchOxm, 0)
  bytes.writeUInt16BE(4 + fields.length, 2)
  fields.copy(bytes, 4)
  return bytes
}

interface FlowMod {
  readonly command: number
  readonly table: number
  readonly priority?: number
  readonly cookie: FlowCookie
  readonly idle?: number
  readonly hard?: number
  readonly outPort?: number
  readonly match: Buffer
  readonly instructions?: Buffer
}

function flowMod(mod: FlowMod): Buffer {
  const { command, table, cookie, match, instructions = Buffer.alloc(0) } = mod
  const head = Buffer.alloc(40)
  head.writeBigUInt64BE(cookie.value, 0)
  head.writeBigUInt64BE(cookie.mask, 8)
  head.writeUInt8(table, 16)
  head.writeUInt8(command, 17)
  head.writeUInt16BE(mod.idle ?? 0, 18)
  head.writeUInt16BE(mod.hard ?? 0, 20)
  head.writeUInt16BE(mod.priority ?? 0, 22)
  head.writeUInt32BE(any, 24) // OFP_NO_BUFFER
  head.writeUInt32BE(mod.outPort ?? any, 28)
  head.writeUInt32BE(any, 32) // OFPG_ANY
  return Buffer.concat([head, match, instructions])
}

/** The name of a field in an error. */
function at(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`
}

function checkTable(value: unknown, prefix: string): number {
  return checkWhole(value ?? 0, 0, 254, at(prefix, 'table'))
}

/** The message that adds a flow. */
export function addition(flow: FlowOptions, prefix: string, ports: PortNames): Buffer {
  const { table, priority = defaultPriority, match, actions, cookie = 0n } = flow
  const { idleTimeoutSeconds: idle = 0, hardTimeoutSeconds: hard = 0 } = flow
  return flowMod({
    command: commands.add,
    table: checkTable(table, prefix),
    priority: checkWhole(priority, 0, 0xffff, at(prefix, 'priority')),
    cookie: { value: checkCookieNumber(cookie, at(prefix, 'cookie')), mask: 0n },
    idle: checkWhole(idle, 0, 0xffff, at(prefix, 'idleTimeoutSeconds')),
    hard: checkWhole(hard, 0, 0xffff, at(prefix, 'hardTimeoutSeconds')),
    match: matchBlock(match, at(prefix, 'match'), ports),
    instructions: encodeActions(actions, at(prefix, 'actions'), ports),
  })
}

/** The message that changes or deletes just one flow. */
export function exactly(command: number, key: FlowKey, ports: PortNames, instructions?: Buffer): Buffer {
  const { table, priority = defaultPriority, match } = key
  return flowMod({
    command,
    table: checkTable(table, ''),
    priority: checkWhole(priority, 0, 0xffff, 'priority'),
    cookie: { value: 0n, mask: 0n },
    match: matchBlock(match, 'match', ports),
    ...(instructions !== undefined && { instructions }),
  })
}

function filterParts(filter: FlowFilter, ports: PortNames): Pick<FlowMod, 'table' | 'cookie' | 'match' | 'outPort'> {
  const { table, match, cookie, outPort } = filter
  return {
    table: table === undefined ? allTables : checkTable(table, ''),
    cookie: checkCookie(cookie),
    match: matchBlock(match, 'match', ports),
    outPort: outPort === undefined ? any : portNumber(outPort, 'outPort', ports),
  }
}

/** The message that changes or deletes all flows that match a filter. */
export function matching(command: number, filter: FlowFilter, ports: PortNames, instructions?: Buffer): Buffer {
  const parts = filterParts(filter, ports)
  return flowMod({
    command,
    ...parts,
    ...(instructions !== undefined && { instructions }),
  })
}

/** The request that lists flows (ofp_flow_stats_request). */
export function listing(filter: FlowFilter, ports: PortNames): Buffer {
  const { table, cookie, match, outPort = any } = filterParts(filter, ports)
  const head = Buffer.alloc(32)
  head.writeUInt8(table, 0)
  head.writeUInt32BE(outPort, 4)
  head.writeUInt32BE(any, 8) // OFPG_ANY
  head.writeBigUInt64BE(cookie.value, 16)
  head.writeBigUInt64BE(cookie.mask, 24)
  return Buffer.concat([head, match])
}

/** An encoded match as text, to compare: with the fields in this library's order. */
export function matchText(match: FlowMatch | undefined, ports: PortNames): string {
  return encodeFields(match ?? {}, 'match', ports).toString('hex')
}

/** Decodes a part of the answer to that request. */
export function readFlows(part: Buffer, ports: PortNames): Flow[] {
  const flows: Flow[] = []
  for (let at = 0; at < part.length;) {
    if (at + 56 > part.length) throw malformed(`${part.length - at} bytes for a flow`)
    const length = part.readUInt16BE(at)
    if (length < 56 || at + length > part.length) throw malformed(`a flow of ${length} bytes`)
    flows.push(readFlow(part.subarray(at, at + length), ports))
    at += length
  }
  return flows
}

function readFlow(bytes: Buffer, ports: PortNames): Flow {
  const matchLength = bytes.readUInt16BE(50)
  const end = 48 + ((matchLength + 7) & ~7)
  if (bytes.readUInt16BE(48) !== matchOxm || matchLength < 4 || end > bytes.length) {
    throw malformed(`a match of ${matchLength} bytes`)
  }
  const { match, unknown } = decodeFields(bytes.subarray(52, 48 + matchLength), ports)
  const instructions = bytes.subarray(end)
  return printableThroughout({
    bridge: ports.bridge,
    table: bytes.readUInt8(2),
    priority: bytes.readUInt16BE(12),
    match,
    ...(unknown.length > 0 && { unknownFields: unknown }),
    actions: decodeActions(instructions, ports),
    cookie: bytes.readBigUInt64BE(24),
    idleTimeoutSeconds: bytes.readUInt16BE(14),
    hardTimeoutSeconds: bytes.readUInt16BE(16),
    durationSeconds: bytes.readUInt32BE(4) + bytes.readUInt32BE(8) / 1e9,
    packets: bytes.readBigUInt64BE(32),
    bytes: bytes.readBigUInt64BE(40),
  })
}
