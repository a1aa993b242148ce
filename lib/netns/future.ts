// A namespace that is not created yet, in a transaction that creates it.
import type { NetnsReference } from '../native/netns_handle'

/** A namespace that a transaction is to create: in that transaction alone. */
export class FutureNetns implements NetnsReference {
  constructor(
    readonly label: string,
    readonly batch: object,
  ) {}

  /** 0: it has no handle yet. The addon finds it by its place among the namespaces of the batch. */
  use(): number {
    return 0
  }
}
