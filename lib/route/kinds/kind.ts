// What a link kind is: its name, its attributes, and which of them it cannot do without. One small file a kind.
import type { AttributesOf, AttributeSet, AttributeTable } from '../../wire/attributes'

/**
 * What a kernel has to have, by option. Without it the kernel passes the attribute over, as it does with all that it does not
 * know; with it the kernel always tells the attribute, or, of an option in `quiet`, unless it has the value there.
 */
export interface Demands {
  readonly requires: Readonly<Record<string, string>>
  readonly quiet: Readonly<Record<string, unknown>>
  /** Of an option that no kernel tells: another one, which came with it or before, and is always told. */
  readonly signs?: Readonly<Record<string, string>>
}

/** What is to be known of a kind besides its attributes. */
interface Traits<Options extends string, Needed extends string> {
  /** Options without which a link of this kind cannot be made: of the kind, or `link`. Default: none. */
  readonly needs?: readonly Needed[]
  /** Pairs of options of which the kernel takes one and drops the other. Default: none. */
  readonly excludes?: readonly (readonly [Options, Options])[]
  /** Options that the kernel does not change later, and does not say so by name. Default: none. */
  readonly fixed?: readonly Options[]
  /** See Demands. Default: what every kernel has. */
  readonly requires?: Readonly<Partial<Record<Options, string>>>
  readonly quiet?: Readonly<Partial<Record<Options, unknown>>>
  readonly signs?: Readonly<Partial<Record<Options, Options>>>
  /** What an attribute means that the kernel leaves out. Default: nothing. */
  readonly leftOut?: Readonly<Partial<Record<Options, unknown>>>
  /** Refuses what of the options the kernel would drop without a word. Default: nothing. */
  readonly check?: (options: Readonly<Record<string, unknown>>, making: boolean) => void
}

/** A link kind's schema. */
export interface LinkKind<Name extends string, Table extends AttributeTable, Needed extends string>
  extends Required<Omit<Traits<string, Needed>, 'requires' | 'quiet' | 'signs'>>, Demands {
  /** IFLA_INFO_KIND. */
  readonly kind: Name
  /** What IFLA_INFO_DATA holds. */
  readonly data: AttributeSet<Table>
}

/** Declares a link kind. */
export function linkKind<const Name extends string, Table extends AttributeTable, const Needed extends string = never>(
  kind: Name,
  data: AttributeSet<Table>,
  traits: Traits<keyof Table & string, Needed> = {},
): LinkKind<Name, Table, Needed> {
  const {
    needs = [],
    excludes = [],
    fixed = [],
    requires = {},
    quiet = {},
    signs = {},
    leftOut = {},
    check = () => undefined,
  } = traits
  return {
    kind,
    data,
    needs,
    excludes,
    fixed,
    requires: requires,
    quiet,
    signs: signs,
    leftOut,
    check,
  }
}

/** What a kind's attributes look like in a link. */
export type DataOf<K> = K extends LinkKind<string, infer Table, string> ? Omit<AttributesOf<Table>, 'unknown'> : never

type Reported<Table extends AttributeTable> = {
  [Key in keyof Table]: Table[Key][2] extends { readonly reported: true } ? Key : never
}[keyof Table]

/** The attributes of a table that can be set: without those that the kernel only reports. */
export type Settable<Table extends AttributeTable> = Omit<AttributesOf<Table>, 'unknown' | Reported<Table>>

/** A kind's attributes among the options that make or change a link. */
export type KindOptionsOf<K> = K extends LinkKind<string, infer Table, string> ? Settable<Table> : never
