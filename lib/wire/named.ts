// Options that are flat for users and nested for the kernel: errors name them as users do.
import type { Siblings, Type } from './type'
import type { Writer } from './writer'

/** The same type, whose values errors call `name` instead of their attribute; the empty name stands for no level at all. */
export function named<T extends Pick<Type<never>, 'encode'>>(name: string, type: T): T {
  const encode = (writer: Writer, value: never, field: string, siblings: Siblings): void => {
    const around = field.slice(0, field.lastIndexOf('.') + 1)
    type.encode(writer, value, name === '' ? around.slice(0, -1) : around + name, siblings)
  }
  return { ...type, encode }
}
