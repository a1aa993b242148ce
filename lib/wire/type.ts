// What every type of value in a message is: an encoder that checks, a decoder that trusts only the length.
import type { Reader } from './reader'
import type { Writer } from './writer'

/** An object whose attributes are being read or written: a tagged union finds its tag there. */
export type Siblings = Readonly<Record<string, unknown>>

/** A type of value in a netlink message, from TypeScript to bytes and back. */
export interface Type<Value> {
  /** Bytes that the payload has at least; a shorter one is kept as an unknown attribute. */
  readonly size: number
  /** A shorter payload is decoded as far as it goes: structs of older kernels. */
  readonly tolerant?: boolean
  /** Whether the payload is made of attributes. */
  readonly nested?: boolean
  /** Checks and writes a value; `field` names it in errors. */
  encode(writer: Writer, value: Value, field: string, siblings: Siblings): void
  /** Reads the value between `at` and `end`, which are at least `size` bytes apart. */
  decode(reader: Reader, at: number, end: number, siblings: Siblings): Value
  /** For types with attributes inside: the kernel's name of the one at byte `target`, for an error's path. */
  path?(reader: Reader, at: number, end: number, target: number, siblings: Siblings): string[]
}

/** A type of whatever value. */
export interface AnyType {
  /** As in `Type`. */
  readonly size: number
  /** As in `Type`. */
  readonly tolerant?: boolean
  /** As in `Type`. */
  readonly nested?: boolean
  /** As in `Type`. */
  encode(writer: Writer, value: never, field: string, siblings: Siblings): void
  /** As in `Type`. */
  decode(reader: Reader, at: number, end: number, siblings: Siblings): unknown
  /** As in `Type`. */
  path?(reader: Reader, at: number, end: number, target: number, siblings: Siblings): string[]
}

/** The value that a type reads and writes. */
export type ValueOf<T extends AnyType> = ReturnType<T['decode']>

/** A type of fixed size, of whatever value. */
export interface AnyScalar extends AnyType {
  /** It always has `size` bytes. */
  readonly fixed: true
}

/** A type of fixed size, which may stand in a struct. */
export interface Scalar<Value> extends Type<Value> {
  /** It always has `size` bytes. */
  readonly fixed: true
}
