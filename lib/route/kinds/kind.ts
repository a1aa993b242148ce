// Declares a link kind: its name, its attributes, and their traits. Each kind has one file, and no other file has code for a kind
// by its name.
import type { Message } from '../../netlink/message'
import type { AttributesOf, AttributeSet, AttributeTable } from '../../wire/attributes'
import type { FarEnd } from './far_end'

/** Options by name, checked for their keys. */
export type Options = Readonly<Record<string, unknown>>

/** A message with options that the kernel refused. */
export interface RefusedOptions {
  /** The errno's name, such as `EOPNOTSUPP`. */
  readonly code: string
  /** The kernel's message, if it gave one. */
  readonly kernelMessage: string | undefined
  /** Those of its options that the message carried. */
  readonly options: Options
  /** Whether the message was to make the link. */
  readonly creating: boolean
}

/** A request that succeeds only if the kernel has a feature that options need, where no other check is possible. */
export interface Probe {
  /** Does not depend on the link. */
  readonly request: () => Message
  /** The request's name, by which a refusal is recognized. */
  readonly name: string
  /** Errnos of its answer that show that the kernel has the feature. */
  readonly tolerate: ReadonlySet<number>
  /** Whether the kernel is new enough for the request. */
  readonly available: boolean
  /** The missing feature, if the kernel refuses the request. */
  readonly lack: string
}

/** Properties of options besides their attributes. */
export interface Traits<Name extends string = string> {
  /** Pairs of options of which the kernel ignores one. Default: none. */
  readonly excludes?: readonly (readonly [Name, Name])[]
  /** Options that the kernel does not change later, where its error does not name them. Default: none. */
  readonly fixed?: readonly Name[]
  /** Options that the kernel changes later; it refuses other values of the rest. Default: all. */
  readonly changeable?: readonly Name[]
  /**
   * The feature of a kernel that an option needs. Without it the kernel ignores the attribute, as it does with all unknown
   * ones; with it the kernel always reports the attribute, except for an option in `quiet` that has the value there. Default:
   * none.
   */
  readonly requires?: Readonly<Partial<Record<Name, string>>>
  readonly quiet?: Readonly<Partial<Record<Name, unknown>>>
  /**
   * For an option that no kernel reports: another one, which is as old or older, and which the kernel always reports. Default:
   * none.
   */
  readonly signs?: Readonly<Partial<Record<Name, Name>>>
  /** The probe for the feature that an option needs if it is true. Default: none. */
  readonly probes?: Readonly<Partial<Record<Name, Probe>>>
  /** Options that the kernel may accept and not keep, with the reason: they are read again. Default: none. */
  readonly kept?: Readonly<Partial<Record<Name, string>>>
  /** Options without effect on a link that has another one set, which cannot be unset, with a remedy. Default: none. */
  readonly overruled?: Readonly<Partial<Record<Name, { readonly by: Name; readonly lack: string }>>>
  /** Options that need a link that is up: they are set after that. Default: none. */
  readonly afterUp?: readonly Name[]
  /** The value of an attribute that the kernel leaves out. Default: none. */
  readonly leftOut?: Readonly<Partial<Record<Name, unknown>>>
  /** Options that the kernel never reports. Default: none. */
  readonly untold?: readonly Name[]
  /** Options that change only a part of their value: the rest stays as it is. Default: none. */
  readonly partial?: readonly Name[]
  /** Refuses options that the kernel would ignore, or refuse without naming them. Default: nothing. */
  readonly check?: (options: Options, creating: boolean, prefix: string) => void
  /** The cause of a refusal that the kernel does not explain. Default: none. */
  readonly cause?: (refused: RefusedOptions) => string | undefined
}

/** Options of one attribute set, with their traits. */
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
  /** The attributes of IFLA_INFO_DATA. */
  readonly data: AttributeSet<Table>
  /** Options that the creation of a link of this kind needs: of the kind, or `link`. */
  readonly needs: readonly Needed[]
  /** Whether links of this kind come in pairs: the attribute `peer` is a far end. */
  readonly paired: boolean
  /** Whether the kernel reports attributes of the kind's own (IFLA_INFO_DATA). */
  readonly tells: boolean
}

/** A link kind that has a far end declares it under this name. */
const peer = 'peer'

/**
 * Declares a link kind.
 * @param traits - `needs`: options that the creation of a link of this kind needs, of the kind or `link`; and Traits.
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

/** The settings of a link as a port of a master of one kind. */
export interface PortKind<Name extends string, Table extends AttributeTable> extends Schema<Table> {
  /** IFLA_INFO_SLAVE_KIND. */
  readonly kind: Name
  /** The attributes of IFLA_INFO_SLAVE_DATA. */
  readonly data: AttributeSet<Table>
}

/** Declares the settings of ports of one kind of master. */
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

/** The attributes of each kind, by its name. */
export type DataByKind<Kinds extends Readonly<Record<string, Schema>>> = {
  readonly [Name in keyof Kinds]: Kinds[Name]['data']
}

/** Makes a table of the attributes of each kind. */
export function dataByKind<Kinds extends Readonly<Record<string, Schema>>>(kinds: Kinds): DataByKind<Kinds> {
  return Object.fromEntries(Object.entries(kinds).map(([name, { data }]) => [name, data])) as DataByKind<Kinds>
}

type FarEnds<Table extends AttributeTable> = {
  [Key in keyof Table]: Table[Key][2] extends FarEnd ? Key : never
}[keyof Table]

/** Whether links of a kind come in pairs. */
export type IsPaired<K> =
  K extends LinkKind<string, infer Table, string> ? ([FarEnds<Table>] extends [never] ? false : true) : false

/** A kind's attributes in a link. */
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
