// What a link kind is: its name, its attributes, and what is to be known of them besides. One file a kind, and nothing
// elsewhere knows one by its name.
import type { Message } from '../../netlink/message'
import type { AttributesOf, AttributeSet, AttributeTable } from '../../wire/attributes'
import type { FarEnd } from './far_end'

/** Options by name, checked for their keys. */
export type Options = Readonly<Record<string, unknown>>

/** A message with options that the kernel refused. */
export interface RefusedOptions {
  /** The errno's name, such as `EOPNOTSUPP`. */
  readonly code: string
  /** The kernel's own words; undefined: none. */
  readonly kernelMessage: string | undefined
  /** Those of its options that the message carried. */
  readonly options: Options
  /** Whether the message was to make the link. */
  readonly creating: boolean
}

/** A request that only succeeds where the kernel has something that options need and that it does not tell otherwise. */
export interface Probe {
  /** Any link of the namespace does. */
  readonly request: () => Message
  /** The request's name, by which a refusal is recognized. */
  readonly name: string
  /** Errnos of its answer that say that the kernel has it. */
  readonly tolerate: ReadonlySet<number>
  /** Whether the kernel is new enough to be asked. */
  readonly available: boolean
  /** What a kernel lacks that refuses it. */
  readonly lack: string
}

/** What is to be known of some options besides their attributes. */
export interface Traits<Name extends string = string> {
  /** Pairs of options of which the kernel takes one and drops the other. Default: none. */
  readonly excludes?: readonly (readonly [Name, Name])[]
  /** Options that the kernel does not change later, and does not say so by name. Default: none. */
  readonly fixed?: readonly Name[]
  /** Options that the kernel changes later; of the others it refuses another value. Default: all. */
  readonly changeable?: readonly Name[]
  /**
   * What a kernel has to have, by option. Without it the kernel passes the attribute over, as it does with all that it does
   * not know; with it the kernel always tells the attribute, or, of an option in `quiet`, unless it has the value there.
   * Default: what every kernel has.
   */
  readonly requires?: Readonly<Partial<Record<Name, string>>>
  readonly quiet?: Readonly<Partial<Record<Name, unknown>>>
  /** Of an option that no kernel tells: another one, which came with it or before, and is always told. Default: none. */
  readonly signs?: Readonly<Partial<Record<Name, Name>>>
  /** What a kernel has to have for an option that is true, where only a request of its own tells. Default: nothing. */
  readonly probes?: Readonly<Partial<Record<Name, Probe>>>
  /** Options that the kernel may take and not keep, and when it does not: they are read again. Default: none. */
  readonly kept?: Readonly<Partial<Record<Name, string>>>
  /** Options without effect on a link that has another one set, which cannot be unset, and what to do. Default: none. */
  readonly overruled?: Readonly<Partial<Record<Name, { readonly by: Name; readonly lack: string }>>>
  /** Options that only a link takes that is up: they follow it. Default: none. */
  readonly afterUp?: readonly Name[]
  /** What an attribute means that the kernel leaves out. Default: nothing. */
  readonly leftOut?: Readonly<Partial<Record<Name, unknown>>>
  /** Options that the kernel never tells. Default: none. */
  readonly untold?: readonly Name[]
  /** Options that say only a part of what they are about: the rest stays as it is. Default: none. */
  readonly partial?: readonly Name[]
  /** Refuses what of the options the kernel would drop, or refuse without saying what. Default: nothing. */
  readonly check?: (options: Options, creating: boolean, prefix: string) => void
  /** What a refusal means that the kernel does not explain. Default: nothing. */
  readonly cause?: (refused: RefusedOptions) => string | undefined
}

/** Options of one attribute set, and what is to be known of them. */
export interface Schema<Table extends AttributeTable = AttributeTable> {
  readonly data: Pick<AttributeSet<Table>, 'table' | 'prefix'>
  readonly traits: Traits
}

/** A link kind. */
export interface LinkKind<
  Name extends string,
  Table extends AttributeTable,
  Needed extends string,
> extends Schema<Table> {
  /** IFLA_INFO_KIND. */
  readonly kind: Name
  /** What IFLA_INFO_DATA holds. */
  readonly data: AttributeSet<Table>
  /** Options without which a link of this kind cannot be made: of the kind, or `link`. */
  readonly needs: readonly Needed[]
  /** Whether links of this kind come in pairs: the attribute `peer` is a far end. */
  readonly paired: boolean
  /** Whether the kernel tells anything of the kind's own (IFLA_INFO_DATA). */
  readonly tells: boolean
}

/** A link kind that has a far end declares it under this name. */
const peer = 'peer'

/**
 * Declares a link kind.
 * @param traits - `needs`: options without which a link of this kind cannot be made, of the kind or `link`; and Traits.
 */
export function linkKind<const Name extends string, Table extends AttributeTable, const Needed extends string = never>(
  kind: Name,
  data: AttributeSet<Table>,
  { needs = [], ...traits }: Traits<keyof Table & string> & { readonly needs?: readonly Needed[] } = {},
): LinkKind<Name, Table, Needed> {
  const own = Object.keys(data.table)
  const paired = own.includes(peer)
  return { kind, data, needs, paired, tells: own.some((option) => option !== peer), traits: traits }
}

/** What a link is as a port of a master of one kind. */
export interface PortKind<Name extends string, Table extends AttributeTable> extends Schema<Table> {
  /** IFLA_INFO_SLAVE_KIND. */
  readonly kind: Name
  /** What IFLA_INFO_SLAVE_DATA holds. */
  readonly data: AttributeSet<Table>
}

/** Declares what ports of one kind of master are. */
export function portKind<const Name extends string, Table extends AttributeTable>(
  kind: Name,
  data: AttributeSet<Table>,
  traits: Traits<keyof Table & string> = {},
): PortKind<Name, Table> {
  return { kind, data, traits: traits }
}

/** Kinds by their names. */
export type ByKind<Kinds extends readonly { readonly kind: string }[]> = {
  readonly [Kind in Kinds[number] as Kind['kind']]: Kind
}

/** Makes a table of a list of kinds. */
export function byKind<const Kinds extends readonly { readonly kind: string }[]>(kinds: Kinds): ByKind<Kinds> {
  return Object.fromEntries(kinds.map((kind) => [kind.kind, kind])) as ByKind<Kinds>
}

/** What the data of each kind is made of, by its name. */
export type DataByKind<Kinds extends Readonly<Record<string, Schema>>> = {
  readonly [Name in keyof Kinds]: Kinds[Name]['data']
}

/** Makes the table of what the data of each kind is made of. */
export function dataByKind<Kinds extends Readonly<Record<string, Schema>>>(kinds: Kinds): DataByKind<Kinds> {
  return Object.fromEntries(Object.entries(kinds).map(([name, { data }]) => [name, data])) as DataByKind<Kinds>
}

type FarEnds<Table extends AttributeTable> = {
  [Key in keyof Table]: Table[Key][2] extends FarEnd ? Key : never
}[keyof Table]

/** Whether links of a kind come in pairs. */
export type IsPaired<K> =
  K extends LinkKind<string, infer Table, string> ? ([FarEnds<Table>] extends [never] ? false : true) : false

/** What a kind's attributes look like in a link. */
export type DataOf<K> =
  K extends LinkKind<string, infer Table, string> ? Omit<AttributesOf<Table>, 'unknown' | FarEnds<Table>> : never

type Reported<Table extends AttributeTable> = {
  [Key in keyof Table]: Table[Key][2] extends { readonly reported: true } ? Key : never
}[keyof Table]

/** The attributes of a table that can be set: without those that the kernel only reports. */
export type Settable<Table extends AttributeTable> = Omit<
  AttributesOf<Table>,
  'unknown' | Reported<Table> | FarEnds<Table>
>

/** A kind's attributes among the options that make or change a link. */
export type KindOptionsOf<K> = K extends LinkKind<string, infer Table, string> ? Settable<Table> : never
