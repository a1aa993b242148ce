// Declares a kind of filter: what packets it matches. Most have a class to sort them into, and actions.
import type { AnyType } from '../../wire/type'
import type { TcKind } from '../kind'

/** A kind of filter. */
export interface FilterKind<Name extends string = string, Options extends AnyType = AnyType> extends TcKind<
  Name,
  Options
> {
  /** The handle of a filter with these options, where the kernel does not choose one. */
  readonly handleOf?: ((options: never) => number) | undefined
}

/** Declares a kind of filter. */
export function filterKind<const Name extends string, Options extends AnyType>(
  kind: Name,
  options: Options,
  module: string = kind,
  handleOf?: (options: never) => number,
): FilterKind<Name, Options> {
  return {
    kind,
    options,
    optional: false,
    handleOf,
    module: `cls_${module}`,
    config: `CONFIG_NET_CLS_${module.toUpperCase()}`,
  }
}
