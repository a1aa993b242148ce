// Attributes that are no part of the object that a message becomes, but of how it is made.
import type { AnyType } from './type'

/** The same type; AttributeSet.decodeInto puts its value into a second object. */
export function separate<T extends AnyType>(type: T): T & { readonly separate: true } {
  return { ...type, separate: true }
}
