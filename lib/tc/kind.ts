// What a kind of qdisc, filter or action is to the rest: a name, what its options are in messages, and what the kernel needs for it.
import type { AttributeSet, AttributesOf, AttributeTable } from '../wire/attributes'
import { checkKeys } from '../wire/invalid'
import type { AnyType, Siblings, Type, ValueOf } from '../wire/type'
import type { Reader } from '../wire/reader'
import type { Writer } from '../wire/writer'

/** A kind that has options. */
export interface TcKind<Name extends string = string, Options extends AnyType = AnyType> {
  /** TCA_KIND, TCA_ACT_KIND */
  readonly kind: Name
  /** TCA_OPTIONS, TCA_ACT_OPTIONS */
  readonly options: Options
  /** Whether the kernel takes it without options: then they are left out where none is given. */
  readonly optional: boolean
  /** The kernel's module, and the setting by which a kernel is built with it. */
  readonly module: string
  readonly config: string
}

/** Kinds by name. */
export type TcKinds = Readonly<Record<string, TcKind>>

/** A type that takes one form and gives a more complete one. */
export interface Mapped<Taken, Given> extends AnyType {
  /** What it gives and does not take. */
  readonly reports: ReadonlySet<string>
  encode(writer: Writer, value: Taken, field: string, siblings: Siblings): void
  decode(reader: Reader, at: number, end: number, siblings: Siblings): Given
}

/** The options that there are, and what is told besides them. */
export interface Known<Taken> {
  readonly takes: readonly (keyof Taken & string)[]
  readonly reports?: readonly string[]
}

/** What one gives and gets, made of what the kernel's message has. */
export function mapped<Wire, Taken, Given = Taken>(
  inner: Type<Wire>,
  { takes, reports = [] }: Known<Taken>,
  toWire: (given: Taken) => Wire,
  fromWire: (wire: Wire) => Given,
): Mapped<Taken, Given> {
  const known = new Set<string>(takes)
  return {
    size: inner.size,
    nested: true,
    reports: new Set(reports),
    ...(inner.tolerant === true ? { tolerant: true } : {}),
    encode(writer, value, field, siblings) {
      checkKeys(value, known, field)
      inner.encode(writer, toWire(value), field, siblings)
    },
    decode: (reader, at, end, siblings) => fromWire(inner.decode(reader, at, end, siblings)),
    path: (reader, at, end, target, siblings) => inner.path?.(reader, at, end, target, siblings) ?? [],
  }
}

/** What a type tells and does not take: it is left out where something that was read is written. */
export function reportedOf(type: AnyType): ReadonlySet<string> {
  if ('reports' in type) return type.reports as ReadonlySet<string>
  const table = 'table' in type ? (type.table as AttributeTable) : {}
  return new Set(Object.keys(table).filter((key) => 'reported' in (table[key]?.[2] ?? {})))
}

type Reported<Table extends AttributeTable> = {
  [Key in keyof Table]: Table[Key][2] extends { readonly reported: true } | { readonly ignored: true } ? Key : never
}[keyof Table]

/** What one may give for a type. */
export type TakenBy<T extends AnyType> =
  T extends AttributeSet<infer Table>
    ? Omit<AttributesOf<Table>, 'unknown' | Reported<Table>>
    : T extends Mapped<infer Taken, unknown>
      ? Taken
      : T extends Type<infer Value>
        ? Value
        : never

/** What comes back of a type. */
export type GivenBy<T extends AnyType> = T extends AttributeSet<infer Table> ? AttributesOf<Table> : ValueOf<T>

/** Kinds in a list, by name. */
export type KindsOf<List extends readonly TcKind[]> = {
  readonly [K in List[number] as K['kind']]: K
}

/** Makes a table of a list of kinds. */
export function kindsOf<const List extends readonly TcKind[]>(list: List): KindsOf<List> {
  return Object.fromEntries(list.map((one) => [one.kind, one])) as unknown as KindsOf<List>
}

/** What TCA_OPTIONS is, by TCA_KIND. */
export function optionsByKind(kinds: TcKinds): Readonly<Record<string, AnyType>> {
  return Object.fromEntries(Object.entries(kinds).map(([name, { options }]) => [name, options]))
}

/** The message for a kind that the kernel lacks. */
export function lacking({ kind, module, config }: TcKind): string {
  return `this kernel lacks the kind "${kind}": the module ${module} (${config})`
}

/** The same type, whose errors name what is in it as if it stood by itself: options are flat, however the kernel nests them. */
export function unnamed<T extends AnyType>(type: T): T {
  return {
    ...type,
    encode: (writer: Writer, value: never, field: string, siblings: Siblings) => {
      type.encode(writer, value, field.replace(/\.?[^.]*$/, ''), siblings)
    },
  }
}
