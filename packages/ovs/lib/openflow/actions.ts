// Encodes and decodes the actions of a flow: OpenFlow's instructions, and the actions in them.
import { outOfRange, unknownOption, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkKeys, checkObject } from 'netloom/values'
import { checkWhole } from '../codecs'
import { malformed } from './errors'
import { decodeFields, encodeSetField, type FlowFields } from './fields'
import { portNumber, portOf, type FlowPort, type PortNames } from './ports'

/** Sends the packet through a port. */
export interface OutputAction {
  /** The port; `NORMAL` switches by learned addresses, `FLOOD` sends to all other ports. */
  readonly output: FlowPort
  /** For `CONTROLLER`, how many bytes of it. Default: 65535, all. */
  readonly maxLength?: number | undefined
}
/** Sets fields of the packet, one after another. */
export interface SetFieldAction {
  /** The fields with their new values. */
  readonly setField: FlowFields
}
/** Adds an outermost VLAN tag. */
export interface PushVlanAction {
  /** Its EtherType: 0x8100, or 0x88a8 for an outer one. */
  readonly pushVlan: 0x8100 | 0x88a8
}
/** Removes the outermost VLAN tag. */
export interface PopVlanAction {
  /** Says so. */
  readonly popVlan: true
}
/** Lowers the TTL of IP by one. */
export interface DecTtlAction {
  /** Says so. */
  readonly decTtl: true
}
/** Sets the queue through which ports send the packet. */
export interface SetQueueAction {
  /** The queue's number in the port's `qos`. */
  readonly setQueue: number
}
/** Passes the packet to a group. */
export interface GroupAction {
  /** The group's number. */
  readonly group: number
}
/** The target of `resubmit`. */
export interface Resubmission {
  /** The table. Default: this one. */
  readonly table?: number | undefined
  /** The ingress port for the look-up. Default: the packet's. */
  readonly port?: FlowPort | undefined
}
/** Looks the packet up in another table, performs the actions found there, and continues (an extension of Open vSwitch). */
export interface ResubmitAction {
  /** The table and the ingress port. Default: this table, the packet's ingress port. */
  readonly resubmit: Resubmission
}
/** Goes on in a later table. */
export interface GotoTableAction {
  /** The table's number. */
  readonly gotoTable: number
}
/** Metadata to write. */
export interface MetadataToWrite {
  /** The value. */
  readonly value: bigint
  /** Which bits of it. Default: all. */
  readonly mask?: bigint | undefined
}
/** Writes metadata, which later tables can match. */
export interface WriteMetadataAction {
  /** The value, and which bits of it. Default: all. */
  readonly writeMetadata: MetadataToWrite
}
/** Clears the action set. */
export interface ClearActionsAction {
  /** Says so. */
  readonly clearActions: true
}
/** Adds to the action set, which is performed after the last table. */
export interface WriteActionsAction {
  /** The actions. */
  readonly writeActions: readonly FlowAction[]
}
/** An undecoded action. */
export interface UnknownAction {
  /** All its bytes, hexadecimal. */
  readonly unknown: string
}

/** An action. A packet without actions is dropped. */
export type FlowAction =
  | OutputAction
  | SetFieldAction
  | PushVlanAction
  | PopVlanAction
  | DecTtlAction
  | SetQueueAction
  | GroupAction
  | ResubmitAction
  | GotoTableAction
  | WriteMetadataAction
  | ClearActionsAction
  | WriteActionsAction
  | UnknownAction

// ofp_action_type, ofp_instruction_type.
const actionTypes = {
  output: 0,
  pushVlan: 17,
  popVlan: 18,
  setQueue: 21,
  group: 22,
  decTtl: 24,
  setField: 25,
  vendor: 0xffff,
}
const instructionTypes = { gotoTable: 1, writeMetadata: 2, writeActions: 3, applyActions: 4, clearActions: 5 }
const niciraVendor = 0x2320
const resubmitTable = 14
const wholePacket = 0xffff
const resubmitKeys = new Set(['table', 'port'])
const metadataKeys = new Set(['value', 'mask'])
const noTable = 0xff
const most64 = 2n ** 64n - 1n

/** A header of type and length, and what follows, filled up to a multiple of eight. */
function block(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const bytes = Buffer.alloc(4 + content.length + ((4 - content.length) & 7))
  bytes.writeUInt16BE(type, 0)
  bytes.writeUInt16BE(bytes.length, 2)
  content.copy(bytes, 4)
  return bytes
}

function u8(value: number): Buffer {
  return Buffer.of(value)
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** The numbers of ports in Open vSwitch's own actions have 16 bits. */
function narrowPort(number: number, field: string, value: unknown): number {
  if (number >= 0xffffff00) return number & 0xffff
  if (number >= 0xff00) throw outOfRange(field, 'a port below 65280', value)
  return number
}

type Encoder = (action: Readonly<Record<string, unknown>>, field: string, ports: PortNames) => Buffer[]

function checkTrue(value: unknown, field: string): void {
  if (value !== true) throw wrongValue(field, 'true', value)
}

const encoders: Readonly<Record<string, Encoder>> = {
  output: ({ output, maxLength = wholePacket }, field, ports) => {
    const number = portNumber(output, `${field}.output`, ports)
    const length = checkWhole(maxLength, 0, wholePacket, `${field}.maxLength`)
    return [block(actionTypes.output, u32(number), u16(length), Buffer.alloc(6))]
  },
  setField: ({ setField }, field, ports) =>
    encodeSetField(setField, `${field}.setField`, ports).map((each) => block(actionTypes.setField, each)),
  pushVlan: ({ pushVlan }, field) => {
    if (pushVlan !== 0x8100 && pushVlan !== 0x88a8) throw wrongValue(`${field}.pushVlan`, '0x8100 or 0x88a8', pushVlan)
    return [block(actionTypes.pushVlan, u16(pushVlan), Buffer.alloc(2))]
  },
  popVlan: ({ popVlan }, field) => {
    checkTrue(popVlan, `${field}.popVlan`)
    return [block(actionTypes.popVlan, Buffer.alloc(4))]
  },
  decTtl: ({ decTtl }, field) => {
    checkTrue(decTtl, `${field}.decTtl`)
    return [block(actionTypes.decTtl, Buffer.alloc(4))]
  },
  setQueue: ({ setQueue }, field) => [
    block(actionTypes.setQueue, u32(checkWhole(setQueue, 0, 2 ** 32 - 2, `${field}.setQueue`))),
  ],
  group: ({ group }, field) => [block(actionTypes.group, u32(checkWhole(group, 0, 0xffffff00, `${field}.group`)))],
  resubmit: ({ resubmit }, field, ports) => {
    const at = `${field}.resubmit`
    checkKeys(resubmit, resubmitKeys, at)
    const { table, port = 'IN_PORT' } = resubmit as { table?: unknown; port?: unknown }
    const number = narrowPort(portNumber(port, `${at}.port`, ports), `${at}.port`, port)
    const tableNumber = table === undefined ? noTable : checkWhole(table, 0, 254, `${at}.table`)
    return [
      block(actionTypes.vendor, u32(niciraVendor), u16(resubmitTable), u16(number), u8(tableNumber), Buffer.alloc(3)),
    ]
  },
  unknown: ({ unknown }, field) => {
    const at = `${field}.unknown`
    if (typeof unknown !== 'string') throw wrongType(at, 'hexadecimal bytes', unknown)
    if (!/^([0-9a-f]{16})+$/i.test(unknown)) throw wrongValue(at, 'hexadecimal bytes, a multiple of eight', unknown)
    const bytes = Buffer.from(unknown, 'hex')
    if (bytes.readUInt16BE(2) !== bytes.length) throw wrongValue(at, 'one action with its own length', unknown)
    return [bytes]
  },
}

type Instructions = Partial<Record<'writeMetadata' | 'clearActions' | 'writeActions' | 'gotoTable', Buffer>>

const instructionEncoders: Readonly<
  Record<keyof Instructions, (action: Readonly<Record<string, unknown>>, field: string, ports: PortNames) => Buffer>
> = {
  gotoTable: ({ gotoTable }, field) =>
    block(instructionTypes.gotoTable, u8(checkWhole(gotoTable, 0, 254, `${field}.gotoTable`)), Buffer.alloc(3)),
  clearActions: ({ clearActions }, field) => {
    checkTrue(clearActions, `${field}.clearActions`)
    return block(instructionTypes.clearActions, Buffer.alloc(4))
  },
  writeActions: ({ writeActions }, field, ports) => {
    const at = `${field}.writeActions`
    const list = checkArray(writeActions, at).flatMap((each, i) => encodeOne(each, `${at}[${i}]`, ports))
    return block(instructionTypes.writeActions, Buffer.alloc(4), ...list)
  },
  writeMetadata: ({ writeMetadata }, field) => {
    const at = `${field}.writeMetadata`
    checkKeys(writeMetadata, metadataKeys, at)
    const { value, mask = most64 } = writeMetadata as { value?: unknown; mask?: unknown }
    return block(
      instructionTypes.writeMetadata,
      Buffer.alloc(4),
      u64(checkBig(value, `${at}.value`)),
      u64(checkBig(mask, `${at}.mask`)),
    )
  },
}

function isInstruction(name: string): name is keyof Instructions {
  return Object.hasOwn(instructionEncoders, name)
}

function checkBig(value: unknown, field: string): bigint {
  if (typeof value !== 'bigint') throw wrongType(field, 'a bigint', value)
  if (value < 0n || value > most64) throw outOfRange(field, `from 0 to ${String(most64)}`, value)
  return value
}

/** The name of an action: its first key that is one. */
function nameOf(action: unknown, field: string): string {
  const given = checkObject(action, field)
  const known = [...Object.keys(encoders), ...Object.keys(instructionEncoders)]
  const keys = Object.keys(given).filter((key) => given[key] !== undefined)
  const wrong = keys.find((key) => !known.includes(key) && key !== 'maxLength')
  if (wrong !== undefined) throw unknownOption(`${field}.${wrong}`, wrong, known)
  const [name, ...more] = keys.filter((key) => key !== 'maxLength')
  if (name === undefined || more.length > 0) throw wrongValue(field, 'an object with the name of one action', action)
  if (keys.includes('maxLength') && name !== 'output')
    throw wrongValue(field, 'an output, if it has a maxLength', action)
  return name
}

function encodeOne(action: unknown, field: string, ports: PortNames): Buffer[] {
  const encoder = encoders[nameOf(action, field)]
  if (encoder === undefined) throw wrongValue(field, 'an action that changes or sends the packet', action)
  return encoder(action as Readonly<Record<string, unknown>>, field, ports)
}

/** Encodes the instructions of a flow in the order in which the switch performs them: `gotoTable` last. */
export function encodeActions(actions: unknown, field: string, ports: PortNames): Buffer {
  if (actions === 'drop') return Buffer.alloc(0)
  const applied: Buffer[] = []
  const instructions: Instructions = {}
  checkArray(actions, field, 'an array of actions, or "drop"').forEach((action, i) => {
    const at = `${field}[${i}]`
    const name = nameOf(action, at)
    if (!isInstruction(name)) {
      if (instructions.gotoTable !== undefined) throw wrongValue(at, 'before gotoTable, which is the last', action)
      applied.push(...encodeOne(action, at, ports))
      return
    }
    if (instructions[name] !== undefined) throw wrongValue(at, `the only ${name}`, action)
    instructions[name] = instructionEncoders[name](action as Readonly<Record<string, unknown>>, at, ports)
  })
  const { clearActions, writeActions, writeMetadata, gotoTable } = instructions
  const apply = applied.length === 0 ? undefined : block(instructionTypes.applyActions, Buffer.alloc(4), ...applied)
  const all = [apply, clearActions, writeActions, writeMetadata, gotoTable]
  return Buffer.concat(all.filter((each) => each !== undefined))
}

/** Parts with a type and a length, one after another; their lengths are multiples of eight. */
function* blocks(bytes: Buffer, what: string): Generator<readonly [type: number, part: Buffer]> {
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) throw malformed(`${bytes.length - at} bytes for ${what}`)
    const type = bytes.readUInt16BE(at)
    const length = bytes.readUInt16BE(at + 2)
    if (length < 8 || length % 8 !== 0 || at + length > bytes.length) {
      throw malformed(`${what} of type ${type} with ${length} bytes`)
    }
    yield [type, bytes.subarray(at, at + length)]
    at += length
  }
}

/** The lengths of actions of fixed length, by type. */
const actionLengths = new Map([
  [actionTypes.output, 16],
  [actionTypes.pushVlan, 8],
  [actionTypes.popVlan, 8],
  [actionTypes.decTtl, 8],
  [actionTypes.setQueue, 8],
  [actionTypes.group, 8],
])

const instructionLengths = new Map([
  [instructionTypes.gotoTable, 8],
  [instructionTypes.writeMetadata, 24],
  [instructionTypes.clearActions, 8],
])

function checkLength(type: number, part: Buffer, lengths: ReadonlyMap<number, number>, what: string): void {
  const length = lengths.get(type) ?? part.length
  if (part.length !== length) throw malformed(`${what} of type ${type} with ${part.length} bytes, not ${length}`)
}

function decodeOne(type: number, part: Buffer, ports: PortNames): FlowAction {
  checkLength(type, part, actionLengths, 'an action')
  switch (type) {
    case actionTypes.output: {
      const output = portOf(part.readUInt32BE(4), ports)
      return output === 'CONTROLLER' ? { output, maxLength: part.readUInt16BE(8) } : { output }
    }
    case actionTypes.pushVlan:
      return { pushVlan: part.readUInt16BE(4) as 0x8100 }
    case actionTypes.popVlan:
      return { popVlan: true }
    case actionTypes.decTtl:
      return { decTtl: true }
    case actionTypes.setQueue:
      return { setQueue: part.readUInt32BE(4) }
    case actionTypes.group:
      return { group: part.readUInt32BE(4) }
    case actionTypes.setField: {
      const end = 8 + part.readUInt8(7)
      if (end > part.length) throw malformed(`an action of type ${type} whose field goes on behind its end`)
      const { match, unknown } = decodeFields(part.subarray(4, end), ports)
      return unknown.length === 0 ? { setField: match as FlowFields } : { unknown: part.toString('hex') }
    }
    case actionTypes.vendor: {
      const own = part.length === 16 && part.readUInt32BE(4) === niciraVendor
      if (!own || part.readUInt16BE(8) !== resubmitTable) return { unknown: part.toString('hex') }
      const narrow = part.readUInt16BE(10)
      const port = portOf(narrow >= 0xff00 ? narrow + 0xffff0000 : narrow, ports)
      const table = part.readUInt8(12)
      return {
        resubmit: { ...(table === noTable ? {} : { table }), ...(port === 'IN_PORT' ? {} : { port }) },
      }
    }
    default:
      return { unknown: part.toString('hex') }
  }
}

/** Decodes the instructions of a flow, in the order in which they are performed. */
export function decodeActions(bytes: Buffer, ports: PortNames): FlowAction[] {
  const actions: FlowAction[] = []
  for (const [type, part] of blocks(bytes, 'an instruction')) {
    checkLength(type, part, instructionLengths, 'an instruction')
    const inside = (): FlowAction[] =>
      [...blocks(part.subarray(8), 'an action')].map(([kind, each]) => decodeOne(kind, each, ports))
    if (type === instructionTypes.applyActions) actions.push(...inside())
    else if (type === instructionTypes.writeActions) actions.push({ writeActions: inside() })
    else if (type === instructionTypes.clearActions) actions.push({ clearActions: true })
    else if (type === instructionTypes.gotoTable) actions.push({ gotoTable: part.readUInt8(4) })
    else if (type === instructionTypes.writeMetadata) {
      const [value, mask] = [part.readBigUInt64BE(8), part.readBigUInt64BE(16)]
      actions.push({ writeMetadata: mask === most64 ? { value } : { value, mask } })
    } else actions.push({ unknown: part.toString('hex') })
  }
  return actions
}
