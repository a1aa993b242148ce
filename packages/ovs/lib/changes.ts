// What changes of settings look like, for every resource alike.

/** Strings by keys, such as `{ 'iface-id': '…' }`. */
export type Strings = Readonly<Record<string, string>>

/** Keys of a map that are set; those with `null` are removed, and the others stay. */
export type StringChanges = Readonly<Record<string, string | null | undefined>>

/** Changes of settings: what is left out stays as it is, and `null` unsets a setting. */
export type ChangesOf<Settings> = {
  readonly [Name in keyof Settings]?: (Strings extends Settings[Name] ? StringChanges : Settings[Name]) | null
}
