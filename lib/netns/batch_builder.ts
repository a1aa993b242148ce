// What a batch is described with: operations for any namespace, also for such as it creates itself, noted and not carried out.
import { NetloomError } from '../errors'
import { NetnsHandle, handleOf, type NetnsReference, type NetnsTarget } from '../native/netns_handle'
import { endWithProcess } from '../native/netns_jobs'
import type { BatchItem, BatchResult, CreationItem } from '../netlink/batch'
import type { Operation } from '../netlink/operation'
import { scopeOf, type BatchEntry, type BatchScope, type BatchVerbs } from '../netlink/verbs'
import { refusePinned } from '../rootless/options'
import type { addressVerbs, linkVerbs, neighborVerbs, routeVerbs, ruleVerbs } from '../route/verbs'
import { checkKeys, wrongType } from '../wire/invalid'
import { checkPath } from '../wire/text'
import { BatchResources, type BatchEthtool, type BatchNetNs } from './batch_netns'
import { FutureNetns } from './future'
import { checkName, nameOfPath, pathOfName } from './name'

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

/** Where a builder notes operations, and what became of them. */
export interface Notes {
  /** How many are noted. */
  readonly length: number
  /** Undefined until they are carried out. */
  readonly results: readonly BatchResult[] | undefined
  /** Throws if nothing can be noted any more. */
  refuse(operation: string): void
  /** Notes one, and returns its place. */
  add(item: BatchItem): number
}

/** Notes the operations of a batch. */
export class BatchBuilder<Created> implements BatchNetNs {
  /** @internal */
  readonly [scopeOf]: BatchScope
  readonly links: BatchVerbs<typeof linkVerbs>
  readonly addresses: BatchVerbs<typeof addressVerbs>
  readonly routes: BatchVerbs<typeof routeVerbs>
  readonly neighbors: BatchVerbs<typeof neighborVerbs>
  readonly rules: BatchVerbs<typeof ruleVerbs>
  readonly #netns: NetnsReference
  readonly #make: MakeNetNs<Created>
  readonly #notes: Notes
  readonly #places = new Map<NetnsReference, BatchNetNs>()

  /** @internal */
  constructor(netns: NetnsReference, make: MakeNetNs<Created>, notes: Notes) {
    netns.use('NetNs.batch')
    this.#netns = netns
    this.#make = make
    this.#notes = notes
    const own = this.#resourcesOf(netns)
    this[scopeOf] = own[scopeOf]
    this.links = own.links
    this.addresses = own.addresses
    this.routes = own.routes
    this.neighbors = own.neighbors
    this.rules = own.rules
  }

  get qdiscs(): BatchNetNs['qdiscs'] {
    return this.#resourcesOf(this.#netns).qdiscs
  }

  get classes(): BatchNetNs['classes'] {
    return this.#resourcesOf(this.#netns).classes
  }

  get filters(): BatchNetNs['filters'] {
    return this.#resourcesOf(this.#netns).filters
  }

  get ethtool(): BatchEthtool {
    return this.#resourcesOf(this.#netns).ethtool
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
    this.#notes.refuse('createNetNs')
    checkKeys(options, creationKeys)
    const { path: at, ephemeral = false, rootless = false } = options
    if (typeof rootless !== 'boolean') throw wrongType('rootless', 'a boolean', rootless)
    if (rootless) refusePinned({ name, path: at, prefix: undefined })
    if (typeof ephemeral !== 'boolean') throw wrongType('ephemeral', 'a boolean', ephemeral)
    if (name !== undefined && at !== undefined) throw wrongType('path', 'left out where a name is given', at)
    const path = name === undefined ? (at === undefined ? undefined : checkPath(at)) : pathOfName(checkName(name))
    const netns = new FutureNetns(name ?? path ?? `number ${this.#notes.length} of a batch`, this)
    const item: CreationItem<Created> = {
      name: 'Batch.createNetNs',
      creation: { netns, path, ephemeral, rootless },
      result: (created, pin = path) => {
        const called = name === undefined || pin === undefined ? undefined : nameOfPath(pin)
        return this.#make(new NetnsHandle(created, called ?? pin), called, pin, ephemeral || pin === undefined)
      },
    }
    if (path !== undefined) endWithProcess()
    return new Creation(this.#note<Created>(item), this.#resourcesOf(netns)[scopeOf], netns, name)
  }

  #check(netns: NetnsReference): void {
    if (!(netns instanceof FutureNetns) || netns.batch === this) return
    throw new NetloomError(`the namespace ${netns.label} is one of another batch`, 'ERR_NETLOOM_FOREIGN_BATCH', {
      operation: 'Batch.in',
      netns: netns.label,
    })
  }

  #note<Result>(item: BatchItem): BatchEntry<Result> {
    this.#notes.refuse(item.name)
    return new Entry<Result>(this.#notes.add(item), this.#told)
  }

  #resourcesOf(netns: NetnsReference): BatchNetNs {
    let resources = this.#places.get(netns)
    if (resources === undefined) {
      resources = new BatchResources({ netns, refuse: this.#refuse, note: this.#noteVerb })
      this.#places.set(netns, resources)
    }
    return resources
  }

  readonly #told = (): readonly BatchResult[] | undefined => this.#notes.results
  readonly #refuse = (operation: string): void => {
    this.#notes.refuse(operation)
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
