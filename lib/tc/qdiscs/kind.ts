// Declares a kind of qdisc: its options, those of its classes, what it counts.
import type { AnyType } from '../../wire/type'
import type { TcKind } from '../kind'

/** A kind of qdisc. */
export interface QdiscKind<
  Name extends string = string,
  Options extends AnyType = AnyType,
  Class extends AnyType | undefined = AnyType | undefined,
  Counted extends AnyType | undefined = AnyType | undefined,
> extends TcKind<Name, Options> {
  /** TCA_OPTIONS of its classes; none where classes cannot be made. */
  readonly classes: Class
  /** What it counts for itself (TCA_XSTATS). */
  readonly counted: Counted
  /** The same for each class. */
  readonly classCounted: AnyType | undefined
}

/** What else is to be said of a kind of qdisc. */
interface More<Class, Counted> {
  /** The options of its classes. Default: nobody makes classes of it. */
  readonly classes?: Class
  /** What it counts for itself. */
  readonly counted?: Counted
  /** What it counts for each class. */
  readonly classCounted?: AnyType
  /** The kernel takes it without options. Default: false. */
  readonly optional?: boolean
  /** The module's name without `sch_`. Default: that of the kind. */
  readonly module?: string
}

/** Declares a kind of qdisc. */
export function qdiscKind<
  const Name extends string,
  Options extends AnyType,
  Class extends AnyType | undefined = undefined,
  Counted extends AnyType | undefined = undefined,
>(kind: Name, options: Options, more: More<Class, Counted> = {}): QdiscKind<Name, Options, Class, Counted> {
  const { classes, counted, classCounted, optional = false, module = kind } = more
  return {
    kind,
    options,
    optional,
    classes: classes as Class,
    counted: counted as Counted,
    classCounted,
    module: `sch_${module}`,
    config: `CONFIG_NET_SCH_${module.toUpperCase()}`,
  }
}
