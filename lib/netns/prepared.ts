// One namespace of a pool: created and prepared in one job, which leaves nothing behind if it fails.
import { types } from 'node:util'
import { BatchError, isAlreadyExists } from '../errors'
import { Lane } from '../native/addon'
import { checkCallOptions } from '../native/jobs'
import type { NetnsReference, NetnsTarget } from '../native/netns_handle'
import { refusePinned } from '../rootless/options'
import { checkKeys, wrongType } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { Batch } from './batch'
import type { MakeNetNs, NewNetNs } from './batch_builder'
import type { BatchNetNs } from './batch_netns'
import { checkPrefix, nameBehind, nameTries } from './many'

/** The batch that makes a namespace of a pool. */
export interface PoolBatch {
  /** The resources of another namespace, in this batch, as `Batch.in`. */
  in(netns: NetnsTarget): BatchNetNs
}

/** Options of `NetNs.pool`. */
export interface PoolOptions {
  /** How many namespaces are kept ready, 1 to 65536. */
  size: number
  /** Begins their names under `/run/netns`; what follows is chosen so that it is free. Default: anonymous. */
  prefix?: string | undefined
  /** Creates them without privilege, as `NetNs.create` with `rootless: true`: anonymous. Default: false. */
  rootless?: boolean | undefined
  /**
   * Notes what a namespace has to have before it is ready: operations for `pod`, and by `batch.in(ns)` for others. They are
   * carried out in the job that creates it, all of them or, if one fails, none. `number` is another one for each: for names
   * and addresses that have to differ. Must be synchronous: what takes longer is for whoever has taken the namespace.
   */
  prepare?: ((pod: NewNetNs<unknown>, batch: PoolBatch, number: number) => void) | undefined
  /** Closes the pool; calls that wait for a namespace reject with an `AbortError`. */
  signal?: AbortSignal | undefined
}

const poolKeys = new Set(['size', 'prefix', 'rootless', 'prepare', 'signal'])

/** Checks the options of a pool, and copies them. */
export function checkPoolOptions(options: PoolOptions): PoolOptions {
  checkKeys(options, poolKeys)
  const { size, prefix, rootless = false, prepare, signal } = options
  checkInteger(size, 1, 65_536, 'size')
  if (prefix !== undefined) checkPrefix(prefix)
  if (typeof rootless !== 'boolean') throw wrongType('rootless', 'a boolean', rootless)
  if (rootless) refusePinned({ name: undefined, path: undefined, prefix })
  if (prepare !== undefined && typeof prepare !== 'function') throw wrongType('prepare', 'a function', prepare)
  if (types.isAsyncFunction(prepare) || types.isGeneratorFunction(prepare)) throw notSynchronous(prepare)
  checkCallOptions({ signal })
  return { size, prefix, rootless, prepare, signal }
}

function notSynchronous(prepare: unknown): TypeError {
  return wrongType('prepare', 'a synchronous function, for the batch is committed as soon as it returns', prepare)
}

// Where the batch begins: in no namespace, so each operation is for one that `prepare` names.
const nowhere: NetnsReference = { label: 'of a pool', use: () => 0 }

/** Creates and prepares a namespace, behind the calls that somebody waits for. */
export async function createPrepared<Created>(
  { prefix, rootless, prepare }: PoolOptions,
  make: MakeNetNs<Created>,
  number: number,
  signal: AbortSignal,
): Promise<Created> {
  for (let tries = 1; ; tries++) {
    const batch = new Batch(nowhere, make, { rollback: true }, Lane.supply)
    const pod = batch.createNetNs(prefix === undefined ? undefined : nameBehind(prefix), { ephemeral: true, rootless })
    const result: unknown = prepare?.(pod, { in: (netns) => batch.in(netns) }, number)
    if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') {
      // It is refused, so nobody else will handle its failure.
      void Promise.resolve(result).catch(() => undefined)
      throw notSynchronous(prepare)
    }
    try {
      await batch.commit({ signal })
      return pod.value
    } catch (error) {
      if (!(error instanceof BatchError) || error.index > 0) throw error
      // The namespace itself could not be created.
      if (!isAlreadyExists(error) || tries === nameTries) throw error.cause
    }
  }
}
