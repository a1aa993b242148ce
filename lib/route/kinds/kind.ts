// What a link kind is: its name, its attributes, and which of them it cannot do without. One small file a kind.
import type { AttributesOf, AttributeSet, AttributeTable } from '../../wire/attributes'

/** A link kind's schema. */
export interface LinkKind<Name extends string, Table extends AttributeTable, Needed extends string> {
  /** IFLA_INFO_KIND. */
  readonly kind: Name
  /** What IFLA_INFO_DATA holds. */
  readonly data: AttributeSet<Table>
  /** Options without which a link of this kind cannot be made: of the kind, or `link`. */
  readonly needs: readonly Needed[]
  /** Pairs of options of which the kernel takes one and drops the other. */
  readonly excludes: readonly (readonly [string, string])[]
  /** Refuses what of the options the kernel would drop without a word. */
  readonly check?: ((options: Readonly<Record<string, unknown>>, making: boolean) => void) | undefined
}

/** Declares a link kind. */
export function linkKind<const Name extends string, Table extends AttributeTable, const Needed extends string = never>(
  kind: Name,
  data: AttributeSet<Table>,
  needs: readonly Needed[] = [],
  excludes: readonly (readonly [keyof Table & string, keyof Table & string])[] = [],
  check?: LinkKind<Name, Table, Needed>['check'],
): LinkKind<Name, Table, Needed> {
  return { kind, data, needs, excludes, check }
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
