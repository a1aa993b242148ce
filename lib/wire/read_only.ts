// Attributes that the kernel reports and never takes: decoded as they are, refused when somebody wants to set them.
import { wrongValue } from './invalid'
import type { AnyType, Type } from './type'
import type { Writer } from './writer'

/** What a type needs to be read. */
type Readable = Omit<AnyType, 'encode'>

/** A type whose values only come from the kernel. */
export type ReadOnly<T extends Readable> = Omit<T, 'encode'> & {
  /** The kernel only reports it: it is no option. */
  readonly reported: true
  /** Refuses the value. */
  encode(writer: Writer, value: never, field: string): never
}

/** The same type for reading; a value that is given to be set is refused. */
export function readOnly<T extends Readable>(type: T): ReadOnly<T> {
  return {
    ...type,
    reported: true,
    encode(_writer, value, field) {
      throw wrongValue(field, 'left out: the kernel only reports it', value)
    },
  }
}

/** Of a type that is not decoded. */
export interface Ignored {
  /** It is passed over. */
  readonly ignored: true
}

/** An attribute that nobody wants to read: padding, or what another one tells better. It is no option either. */
export const ignored: Type<undefined> & Ignored = {
  size: 0,
  ignored: true,
  encode: (_writer, value, field) => {
    throw wrongValue(field, 'left out', value)
  },
  decode: () => undefined,
}
