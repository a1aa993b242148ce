// Batch: the public face of many operations that are carried out as one job.
import { NetloomError } from '../errors'
import { Lane } from '../native/addon'
import { handleOf, NetnsHandle, type NetnsReference, type NetnsTarget } from '../native/netns_handle'
import { endWithProcess } from '../native/netns_jobs'
import { commit, type BatchItem, type BatchResult, type CreationItem } from '../netlink/batch'
import type { Operation } from '../netlink/operation'
import { Plan } from '../netlink/plan'
import { scopeOf, type BatchEntry, type BatchVerbs, type BatchScope } from '../netlink/verbs'
import type { addressVerbs, linkVerbs, neighborVerbs, routeVerbs, ruleVerbs } from '../route/verbs'
import { refusePinned } from '../rootless/options'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { FutureNetns } from './future'
import { checkProgress, type ProgressOptions } from './many'
import { checkName, pathOfName } from './name'
import { checkPath } from '../wire/text'
import { BatchResources, type BatchEthtool, type BatchNetNs } from './batch_netns'

/** Options of `NetNs.batch`. */
export interface BatchOptions {
  /**
   * If one operation fails, what succeeded is taken back, the last first: what was made is removed; changed settings and
   * replaced, deleted or flushed addresses, routes, neighbors and rules are put back to what they were; and so is what the
   * kernel dropped along with a change, such as the routes of a device that was set down. Deleted links cannot be brought
   * back, and the error says so. The kernel is asked what there was as part of the same job. Default: false.
   */
  rollback?: boolean | undefined
  /**
   * What an operation that fails means for those behind it: `stop`: they are not tried, and `commit` rejects; `continue`:
   * they are tried all the same, and `commit` resolves. With `rollback` only `stop`. Default: `stop`.
   */
  onError?: 'stop' | 'continue' | undefined
}

const batchKeys = new Set(['rollback', 'onError'])
const creationKeys = new Set(['path', 'ephemeral', 'rootless'])

/** A namespace that a batch creates: later operations of the same batch may use it. */
export interface NewNetNs<Created> extends BatchNetNs, NetnsTarget, BatchEntry<Created> {
  /** Its name under `/run/netns`, if it has one. */
  readonly name: string | undefined
}

/** Options of `Batch.createNetNs`. */
export interface BatchCreateOptions {
  /** Pins the namespace at this absolute path instead of under a name. */
  path?: string | undefined
  /** Unpins it when its handle is disposed or closed. Default: false. */
  ephemeral?: boolean | undefined
  /** Creates it without privilege, as `NetNs.create` with `rootless: true`: anonymous. Default: false. */
  rootless?: boolean | undefined
}

/** What makes the public handle of a namespace that a batch created. */
export type MakeNetNs<Created> = (handle: NetnsHandle, name?: string, path?: string, ephemeral?: boolean) => Created

/**
 * Operations that are noted first and then carried out as one job: one hop to the addon's thread, few system calls, results
 * in the order of the operations. What is wrong with an operation's options is thrown where it is noted.
 * @example
 * const batch = host.batch({ rollback: true })
 * const pod = batch.createNetNs('pod1')
 * batch.links.add({ kind: 'veth', name: 'veth1', up: true, peer: { netns: pod, name: 'eth0', up: true } })
 * pod.links.set('lo', { up: true })
 * pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
 * pod.routes.add({ dst: 'default', via: '10.0.0.1' })
 * await batch.commit()
 * const ns = pod.value // a NetNs
 */
export class Batch<Created> implements BatchNetNs {
  /** @internal */
  readonly [scopeOf]: BatchScope
  readonly links: BatchVerbs<typeof linkVerbs>
  readonly addresses: BatchVerbs<typeof addressVerbs>
  readonly routes: BatchVerbs<typeof routeVerbs>
  readonly neighbors: BatchVerbs<typeof neighborVerbs>
  readonly rules: BatchVerbs<typeof ruleVerbs>
  readonly #netns: NetnsReference
  readonly #make: MakeNetNs<Created>
  readonly #lane: Lane
  readonly #plan: Plan<BatchItem>
  readonly #places = new Map<NetnsReference, BatchNetNs>()
  #results: readonly BatchResult[] | undefined
  #committed = false

  /** @internal NetNs.batch */
  constructor(netns: NetnsReference, make: MakeNetNs<Created>, options: BatchOptions = {}, lane: Lane = Lane.mutation) {
    checkKeys(options, batchKeys)
    const { rollback = false, onError = 'stop' } = options
    if (typeof rollback !== 'boolean') throw wrongType('rollback', 'a boolean', rollback)
    if ((onError as unknown) !== 'stop' && (onError as unknown) !== 'continue') {
      throw wrongValue('onError', '"stop" or "continue"', onError)
    }
    if (rollback && onError === 'continue') throw wrongValue('onError', '"stop" where "rollback" is true', onError)
    netns.use('NetNs.batch')
    this.#netns = netns
    this.#make = make
    this.#lane = lane
    this.#plan = new Plan({ rollback, stop: onError === 'stop' })
    const own = this.#resourcesOf(netns)
    this[scopeOf] = own[scopeOf]
    this.links = own.links
    this.addresses = own.addresses
    this.routes = own.routes
    this.neighbors = own.neighbors
    this.rules = own.rules
  }

  get ethtool(): BatchEthtool {
    return this.#resourcesOf(this.#netns).ethtool
  }

  /** How many operations are noted. */
  get length(): number {
    return this.#plan.items.length
  }

  /** The resources of another namespace, in this batch. */
  in(netns: NetnsTarget): BatchNetNs {
    const reference = (netns as Partial<NetnsTarget> | null | undefined)?.[handleOf]
    if (reference === undefined) throw wrongType('netns', 'a NetNs', netns)
    this.#check(reference)
    return this.#resourcesOf(reference)
  }

  /**
   * Creates a namespace, as `NetNs.create`. What this gives may be used by later operations of this batch, as a namespace
   * among their options too; when the batch is committed, its `value` is the NetNs.
   */
  createNetNs(name?: string, options: BatchCreateOptions = {}): NewNetNs<Created> {
    this.#refuseCommitted('createNetNs')
    checkKeys(options, creationKeys)
    const { path: at, ephemeral = false, rootless = false } = options
    if (typeof rootless !== 'boolean') throw wrongType('rootless', 'a boolean', rootless)
    if (rootless) refusePinned({ name, path: at, prefix: undefined })
    if (typeof ephemeral !== 'boolean') throw wrongType('ephemeral', 'a boolean', ephemeral)
    if (name !== undefined && at !== undefined) throw wrongType('path', 'left out where a name is given', at)
    const path = name === undefined ? (at === undefined ? undefined : checkPath(at)) : pathOfName(checkName(name))
    const netns = new FutureNetns(name ?? path ?? `number ${this.length} of a batch`, this)
    const item: CreationItem<Created> = {
      name: 'Batch.createNetNs',
      creation: { netns, path, ephemeral, rootless },
      result: (created) =>
        this.#make(new NetnsHandle(created, name ?? path), name, path, ephemeral || path === undefined),
    }
    if (path !== undefined) endWithProcess()
    return new Creation(this.#note<Created>(item), this.#resourcesOf(netns)[scopeOf], netns, name)
  }

  /**
   * Carries out what was noted, once. An empty batch resolves to an empty list.
   * @param options - `signal` and `timeout` end it between two operations: with `rollback`, what was done is taken back
   *   first, and the AbortError has the outcome `'none'`. `onProgress` is told up to twenty times a second how many
   *   operations are done, and at the end, unless that is an error; never after that or an abort. What it throws ends
   *   the batch as an abort does, unless all is done by then, and `commit` rejects with it: entries tell what was done.
   * @returns What became of each operation, in their order, as `Promise.allSettled` gives it.
   * @throws BatchError if an operation failed and the batch stopped there, or was rolled back: `cause` is its error.
   */
  async commit(options: ProgressOptions = {}): Promise<BatchResult[]> {
    checkProgress(options)
    this.#refuseCommitted('commit')
    this.#committed = true
    if (this.length === 0) return (this.#results = [])
    const subject = { operation: 'Batch.commit', netns: this.#netns.label }
    const { onProgress, ...call } = options
    const total = this.length
    const listener = {
      lane: this.#lane,
      netns: this.#netns,
      onProgress:
        onProgress === undefined
          ? undefined
          : (done: number): void => {
              onProgress({ done, total })
            },
      onResults: (results: readonly BatchResult[]): void => {
        this.#results = results
      },
    }
    try {
      return (this.#results = await commit(this.#plan, subject, call, listener))
    } catch (error) {
      this.#results ??= this.#plan.items.map(() => ({ status: 'rejected', reason: error }))
      throw error
    }
  }

  #refuseCommitted(operation: string): void {
    if (!this.#committed) return
    throw new NetloomError(`Batch.${operation}: the batch was committed already`, 'ERR_NETLOOM_COMMITTED', {
      operation: `Batch.${operation}`,
      netns: this.#netns.label,
    })
  }

  #check(netns: NetnsReference): void {
    if (!(netns instanceof FutureNetns) || netns.batch === this) return
    throw new NetloomError(`the namespace ${netns.label} is one of another batch`, 'ERR_NETLOOM_FOREIGN_BATCH', {
      operation: 'Batch.in',
      netns: netns.label,
    })
  }

  #note<Result>(item: BatchItem): BatchEntry<Result> {
    this.#refuseCommitted(item.name)
    return new Entry<Result>(this.#plan.add(item), this.#told)
  }

  #resourcesOf(netns: NetnsReference): BatchNetNs {
    let resources = this.#places.get(netns)
    if (resources === undefined) {
      resources = new BatchResources({ netns, refuse: this.#refuse, note: this.#noteVerb })
      this.#places.set(netns, resources)
    }
    return resources
  }

  readonly #told = (): readonly BatchResult[] | undefined => this.#results
  readonly #refuse = (operation: string): void => {
    this.#refuseCommitted(operation)
  }
  readonly #noteVerb = (operation: Operation<unknown>): BatchEntry<unknown> => this.#note(operation)
}

class Creation<Created> extends BatchResources implements NewNetNs<Created> {
  readonly index: number
  readonly [handleOf]: FutureNetns
  readonly #entry: BatchEntry<Created>

  constructor(
    entry: BatchEntry<Created>,
    place: BatchScope,
    netns: FutureNetns,
    readonly name: string | undefined,
  ) {
    super(place)
    this.index = entry.index
    this[handleOf] = netns
    this.#entry = entry
  }

  get value(): Created {
    return this.#entry.value
  }
}

class Entry<Result> implements BatchEntry<Result> {
  readonly #results: () => readonly BatchResult[] | undefined

  constructor(
    readonly index: number,
    results: () => readonly BatchResult[] | undefined,
  ) {
    this.#results = results
  }

  get value(): Result {
    const result = this.#results()?.[this.index]
    if (result === undefined) {
      throw new NetloomError('the batch is not committed yet', 'ERR_NETLOOM_NOT_COMMITTED', {
        operation: 'BatchEntry.value',
      })
    }
    if (result.status === 'rejected') throw result.reason
    return result.value as Result
  }
}
