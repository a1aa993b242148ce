// Results with values that JSON has no word for: 64-bit counters, which are bigints, times without end, maps. They have
// a method `toJSON`, which JSON.stringify calls. It is not enumerable: such a result is still a plain object, which can
// be compared, copied and given back as it is.

/** What the kernel keeps for a time without end (INFINITY_LIFE_TIME), and what `ip -j` prints. */
export const forever = 0xffffffff

/** A value as JSON can have it. */
function printed(value: unknown): unknown {
  if (typeof value === 'bigint') {
    // What a number cannot hold exactly: in decimal, as JSON's readers would round it.
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value)
  }
  if (value === Infinity) return forever
  if (Array.isArray(value)) return value.map(printed)
  if (!(value instanceof Map)) return value
  const pairs = [...(value as ReadonlyMap<unknown, unknown>)].map(([key, one]) => [printed(key), printed(one)] as const)
  return pairs.every(([key]) => typeof key === 'string') ? Object.fromEntries(pairs) : pairs
}

function toJSON(this: object): unknown {
  return Object.fromEntries(Object.entries(this).map(([key, value]) => [key, printed(value)]))
}

const method = { value: toJSON, enumerable: false, configurable: true, writable: true }

/**
 * Lets an object of ours be printed by JSON.stringify: safe integers as numbers, larger ones as strings of their digits,
 * times without end as 4294967295, maps as objects. Objects in it see to themselves.
 */
export function printable<T extends object>(value: T): T {
  // A column of a database may have that name.
  return Object.hasOwn(value, 'toJSON') ? value : Object.defineProperty(value, 'toJSON', method)
}

/** The same for all objects in one that may need it: those that hold bigints. */
export function printableThroughout<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  const parts: unknown[] = Object.values(value)
  for (const part of parts) printableThroughout(part)
  const needed = !Array.isArray(value) && parts.some((part) => typeof part === 'bigint')
  return needed ? printable(value) : value
}
