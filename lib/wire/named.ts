// Options that are flat for users and nested for the kernel: errors name them as users do.
import type { Siblings, Type } from './type'
import type { Writer } from './writer'

/** The same type, whose values errors call `field` wherever it is nested; the empty name stands for no level at all. */
export function named<T extends Pick<Type<never>, 'encode'>>(field: string, type: T): T {
  const encode = (writer: Writer, value: never, _nested: string, siblings: Siblings): void => {
    type.encode(writer, value, field, siblings)
  }
  return { ...type, encode }
}
