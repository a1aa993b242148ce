// The types of rows: as they are read, and what may be written for them. Generated types are made of these.
import type { NewRow } from './rows'

declare const referredTable: unique symbol

/**
 * A row's UUID, 36 characters. `Table` is the table that it is of. To write, any string of that form will do.
 */
export type Uuid<Table extends string = string> = string & OfTable<Table>

/** What tells UUIDs of different tables apart, for the compiler only. */
interface OfTable<Table> {
  /** The table; at run time there is no such property. */
  readonly [referredTable]: Table
}

/** One value: an integer or real as `number`, an integer that may be beyond 2^53 as `bigint`. */
export type Atom = string | number | bigint | boolean

/** What a column holds, as it is read: one value, one or none (`null`), a set, or a map. */
export type ColumnValue = Atom | null | readonly Atom[] | ReadonlyMap<Atom, Atom>

/** What all rows have. */
export interface Row<Table extends string = string> {
  /** The row's UUID. */
  readonly _uuid: Uuid<Table>
}

/** A row of a table whose types are not known. */
export type UntypedRow = Row & Readonly<Record<string, ColumnValue>>

/** The types of a table. */
export interface TableTypes<R extends Row = Row, Immutable extends string = string> {
  /** A row, as it is read. */
  readonly row: R
  /** The names of the columns that cannot be changed. */
  readonly immutable: Immutable
}

/** The types of the tables of a database. */
export type DatabaseTables = Readonly<Record<string, TableTypes>>

/** The tables of a database whose types are not known. */
export type UntypedTables = Readonly<Record<string, TableTypes<UntypedRow, never>>>

/** The names of the tables. */
export type TableName<Tables extends DatabaseTables> = keyof Tables & string

/** A row of a table, as it is read. */
export type RowOf<Tables extends DatabaseTables, Table extends TableName<Tables>> = Tables[Table]['row']

/** The names of the columns of a row. */
export type ColumnName<R> = keyof R & string

/** What may be written for one value: a row for its UUID, a number for a bigint. */
export type WritableAtom<T> =
  T extends Uuid<infer Table> ? string | NewRow<Table> | Row<Table> : T extends bigint ? bigint | number : T

/** What may be written for a column: for a set any array, for a map also a plain object. */
export type Writable<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? | ReadonlyMap<WritableAtom<K>, WritableAtom<V>>
      | (Extract<K, string> extends never ? never : Readonly<Record<string, WritableAtom<V>>>)
    : T extends readonly (infer E)[]
      ? readonly WritableAtom<E>[]
      : WritableAtom<T>

/** The columns of a row that is inserted; a column left out, or undefined, gets its type's default. */
export type InsertValues<R> = { readonly [C in Exclude<keyof R, '_uuid' | '_version'>]?: Writable<R[C]> | undefined }

/** The columns of a row that are changed; one that is left out, or undefined, stays as it is. `null` empties it. */
export type UpdateValues<R, Immutable extends string = never> = {
  readonly [C in Exclude<keyof R, '_uuid' | '_version' | Immutable>]?: Writable<R[C]> | undefined
}

/** How a column is compared: a set or map `includes` others, and `excludes` those that it has nothing in common with. */
export type ConditionFunction = '<' | '<=' | '==' | '!=' | '>=' | '>' | 'includes' | 'excludes'

/** One condition that a row must meet. */
export type Condition<R> = {
  [C in ColumnName<R>]: readonly [column: C, compare: ConditionFunction, value: Writable<R[C]>]
}[ColumnName<R>]

/** Which rows: those whose columns equal all of these, or meet all of these conditions. An empty one means all rows. */
export type Where<R> = { readonly [C in keyof R]?: Writable<R[C]> } | readonly Condition<R>[]

/** The changes of a number. */
export interface NumberMutation {
  /** Adds. */
  readonly '+='?: number | bigint
  /** Subtracts. */
  readonly '-='?: number | bigint
  /** Multiplies. */
  readonly '*='?: number | bigint
  /** Divides; integers are cut off. */
  readonly '/='?: number | bigint
  /** The remainder; of integers only. */
  readonly '%='?: number | bigint
}

/** The changes of a set: first what is deleted goes, then what is inserted comes. */
export interface SetMutation<E> {
  /** Elements to insert; those that are there stay. */
  readonly insert?: readonly WritableAtom<E>[]
  /** Elements to delete; those that are not there do no harm. */
  readonly delete?: readonly WritableAtom<E>[]
}

/** The changes of a map: first what is deleted goes, then what is inserted comes. */
export interface MapMutation<K, V> {
  /** Keys to insert with their values. A key that is there keeps its value: delete it as well to replace it. */
  readonly insert?: Writable<ReadonlyMap<K, V>>
  /** Keys to delete, or keys with the values that they must have to be deleted. */
  readonly delete?: readonly WritableAtom<K>[] | Writable<ReadonlyMap<K, V>>
}

/** The changes that are possible for a column. */
export type Mutation<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? MapMutation<K, V>
    : T extends readonly (infer E)[]
      ? SetMutation<E>
      : T extends number | bigint
        ? NumberMutation
        : never

/** The columns of a row that are changed relative to what they are. */
export type Mutations<R, Immutable extends string = never> = {
  readonly [C in Exclude<keyof R, '_uuid' | '_version' | Immutable>]?: Mutation<NonNullable<R[C]>> | undefined
}
