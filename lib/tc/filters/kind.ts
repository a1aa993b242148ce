// Declares a kind of filter: what packets it matches. Most have a class to sort them into, and actions.
import type { AnyType } from '../../wire/type'
import type { TcKind } from '../kind'

/** A kind of filter. */
export type FilterKind<Name extends string = string, Options extends AnyType = AnyType> = TcKind<Name, Options>

/** Declares a kind of filter. */
export function filterKind<const Name extends string, Options extends AnyType>(
  kind: Name,
  options: Options,
  module: string = kind,
): FilterKind<Name, Options> {
  return {
    kind,
    options,
    optional: false,
    module: `cls_${module}`,
    config: `CONFIG_NET_CLS_${module.toUpperCase()}`,
  }
}
