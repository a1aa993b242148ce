// Fixed structs of the kernel's headers. A longer one from a newer kernel and a shorter one from an older kernel decode.
import { checkKeys } from './invalid'
import { printable } from './printable'
import type { Reader } from './reader'
import type { AnyScalar, Scalar, ValueOf } from './type'
import type { Writer } from './writer'

/** Field → [its name in C, type], in the order of the header. Padding is a field whose name begins with `_`. */
export type Fields = Readonly<Record<string, readonly [symbol: string, type: AnyScalar]>>

type Named<F extends Fields> = Exclude<keyof F, `_${string}`>
/** The object that a struct decodes to. */
export type StructValue<F extends Fields> = { -readonly [K in Named<F>]: ValueOf<F[K][1]> }

/** A struct: encodes with zeros for what is left out, decodes what is there. */
export interface Struct<F extends Fields> extends Scalar<Partial<StructValue<F>>> {
  /** `struct` name in C. */
  readonly name: string
  /** As they were declared. */
  readonly fields: F
  /** Where each of them begins. */
  readonly offsets: ReadonlyMap<string, number>
  encode(writer: Writer, value: Partial<StructValue<F>>, field: string): void
  /** As `encode`, of an object that is ours and not a caller's: nobody looks for keys that do not belong there. */
  write(writer: Writer, value: Partial<StructValue<F>>, field: string): void
  /** Reads one field of a struct that is whole and begins at `at`: a hot path has no use for the object around it. */
  readonly read: { readonly [K in Named<F>]: (reader: Reader, at: number) => ValueOf<F[K][1]> }
  /** Reads a struct that is known to be whole, such as a message's header. */
  whole(reader: Reader, at: number): StructValue<F>
}

const none = {}

/** Declares a struct of the kernel. Fields stand at the offsets that C gives them: naturally aligned ones need no padding. */
export function struct<const F extends Fields>(name: string, fields: F): Struct<F> {
  type Placed = { key: string; at: number; type: Scalar<unknown>; padding: boolean }
  const placed: Placed[] = []
  const offsets = new Map<string, number>()
  let size = 0
  for (const [key, [, type]] of Object.entries(fields)) {
    offsets.set(key, size)
    placed.push({ key, at: size, type: type, padding: key.startsWith('_') })
    size += type.size
  }
  const wide = placed.some(({ type }) => 'wide' in type)
  const known = new Set(placed.filter(({ padding }) => !padding).map(({ key }) => key))

  function decode(reader: Reader, at: number, end: number): Record<string, unknown> {
    const out: Record<string, unknown> = {}
    for (const { key, at: offset, type, padding } of placed) {
      const from = at + offset
      if (from + type.size > end) break
      if (!padding) out[key] = type.decode(reader, from, from + type.size, none)
    }
    return wide ? printable(out) : out
  }

  function write(writer: Writer, value: object, field: string): void {
    for (const { key, type } of placed) {
      const part = (value as Record<string, unknown>)[key]
      if (part === undefined) writer.zeros(type.size)
      else type.encode(writer, part, field === '' ? key : `${field}.${key}`, none)
    }
  }

  const read: Record<string, (reader: Reader, at: number) => unknown> = {}
  for (const { key, at: offset, type, padding } of placed) {
    if (!padding) read[key] = (reader, at) => type.decode(reader, at + offset, at + offset + type.size, none)
  }

  return {
    name,
    fields,
    offsets,
    read: read as Struct<F>['read'],
    size,
    fixed: true,
    tolerant: true,
    encode(writer, value, field) {
      checkKeys(value, known, field)
      write(writer, value, field)
    },
    write,
    decode: decode as Struct<F>['decode'],
    whole: (reader, at) => decode(reader, at, at + size) as StructValue<F>,
  }
}
