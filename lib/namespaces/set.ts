// Namespaces that were created at once.
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { createSet, type NamespaceKind, type OfKind } from '../native/kind_jobs'
import { wrapHandle } from '../native/netns_handle'
import { NetNs } from '../netns/netns'
import { checkMembers, type NamespaceMembers } from './create'
import { Namespace } from './namespace'

/** What stands for a namespace of a kind: a network namespace is a `NetNs`. */
export type NamespaceOf<Kind extends NamespaceKind> = Kind extends 'net' ? NetNs : Namespace<Kind>

/** A member that may not have been asked for, depending on the options. */
type MemberOf<Kind extends NamespaceKind, Asked> = [Asked] extends [undefined | false]
  ? undefined
  : Asked extends undefined | false
    ? NamespaceOf<Kind> | undefined
    : boolean extends Asked
      ? NamespaceOf<Kind> | undefined
      : NamespaceOf<Kind>

/** Namespaces that were created at once, by their kinds. */
export type NamespaceSet<Members extends NamespaceMembers = NamespaceMembers> = {
  readonly [Kind in keyof Members & NamespaceKind]: MemberOf<Kind, Members[Kind]>
} & NamespaceSetCommon

/** What every set has. */
export interface NamespaceSetCommon extends AsyncDisposable, Disposable {
  /** The first process of the pid namespace, as this process sees it; undefined if there is none. It ends with the set. */
  readonly pid1: number | undefined
  /** Closes all handles. */
  close(): void
}

/** Namespace.create */
export async function createNamespaceSet<Members extends NamespaceMembers>(
  members: Members,
  options?: CallOptions,
): Promise<NamespaceSet<Members>> {
  const request = checkMembers(members)
  checkCallOptions(options)
  const { members: made, first } = await createSet(request, options)
  const all = made.map((one) => (one.kind === 'net' ? NetNs[wrapHandle](one.handle) : Namespace[wrapHandle](one)))
  const close = (): void => {
    for (const one of all) one.close()
  }
  const common: NamespaceSetCommon = {
    pid1: first,
    close,
    [Symbol.dispose]: close,
    async [Symbol.asyncDispose]() {
      try {
        for (const one of all) await one[Symbol.asyncDispose]()
      } finally {
        close()
      }
    },
  }
  const byKind = Object.fromEntries(made.map(({ kind }: OfKind, i) => [kind, all[i]]))
  return { ...byKind, ...common } as unknown as NamespaceSet<Members>
}
