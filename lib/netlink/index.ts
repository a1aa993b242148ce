/**
 * Netlink without any family: what messages are encoded and decoded with, families declared as tables, generic netlink.
 * Sockets are `NetNs.netlink`.
 * @module netloom/netlink
 */
export { Netlink, type NetlinkOptions, type NetlinkProtocol } from './netlink'
export { NetlinkMessage, type NetlinkRequest } from './requests'
export { NETLINK, NLM_F, NLMSG } from './constants'
export type { AnyLayout, Decoded, Layout } from './message'
export {
  defineFamily,
  operation,
  type DeclaredOperation,
  type Family,
  type FamilyDeclaration,
  type FamilyVerbs,
  type OperationDeclaration,
  type OperationTable,
  type Related,
  type Restore,
} from './family'
export {
  objects,
  type CommandDeclaration,
  type DeclaredObjects,
  type ModeDeclaration,
  type ObjectsDeclaration,
} from './family_objects'
export type { ObjectVerbs } from './objects'
export type { Ensured } from './ensure'
export type { Force } from './deletion'
export type { BitSetNumbers } from './rollback/recipe'
export type { AnyVerb, BatchEntry, BatchTarget, Methods, BatchVerbs, Verbs } from './verbs'
export { genericFamilies, genericFamily, genericPolicy, type GenericPolicyOptions } from './generic_families'
export {
  genlmsghdr,
  type AttributePolicyEntry,
  type GenericCommandPolicy,
  type GenericFamily,
  type GenericOperation,
  type GenericPolicy,
} from './generic'

export {
  attributes,
  type AttributesOf,
  type AttributeSet,
  type AttributeTable,
  type UnknownAttribute,
} from '../wire/attributes'
export { struct, type Fields, type Struct, type StructValue } from '../wire/struct'
export {
  be16,
  be32,
  be64,
  bei16,
  bei32,
  bei64,
  boolean,
  i16,
  i32,
  i64,
  i8,
  milliseconds,
  seconds,
  sint,
  u16,
  u32,
  u64,
  u8,
  uint,
  within,
  type Wide,
} from '../wire/integers'
export { bareText, binary, bytes, chars, flag, text, type Presence } from '../wire/text'
export { bits, oneOf, type Audited, type Bits, type Names, type OneOf } from '../wire/choices'
export { bitfield32, switches, type Switches } from '../wire/switches'
export { ip, ipv4, ipv6, mac, type Family as AddressFamily } from '../wire/ip'
export { device, type Device } from '../wire/device'
export {
  headed,
  indexedArray,
  keyed,
  lazy,
  list,
  packed,
  repeated,
  taggedBy,
  type HeadedValue,
  type ListOf,
  type Repeated,
  type Tagged,
  type TagPlace,
  type VariantData,
  type Variants,
} from '../wire/nesting'
export { ignored, readOnly, type Ignored, type ReadOnly } from '../wire/read_only'
export type { AnyScalar, AnyType, Scalar, Siblings, Type, ValueOf } from '../wire/type'
export type { Reader } from '../wire/reader'
export type { Writer } from '../wire/writer'
