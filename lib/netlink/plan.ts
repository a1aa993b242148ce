// Encodes operations for the addon: the bytes of all their messages in one piece, and the words of the plan, which
// native/transactions/plan_reader.h reads.
import { NetloomError } from '../errors'
import { Ending } from '../native/addon'
import {
  creationMark,
  creationTrait,
  planHead,
  planSize,
  relocation as relocationKind,
  stepTrait,
} from '../native/layout'
import type { NetnsReference } from '../native/netns_handle'
import type { Device } from '../wire/device'
import type { Scratch } from '../wire/scratch'
import { littleEndian } from '../wire/writer'
import type { Message, NumberedFamily } from './message'
import type { SideEffect, Operation, Step } from './operation'
import { growBytes, growWords, noMemory, returnMemory, takeMemory } from './plan_memory'
import { patternWords } from './rollback/pattern'
import { recipeWords, type UndoRecipe } from './rollback/recipe'

/** A namespace that is created before what follows it. */
export interface Creation {
  readonly netns: NetnsReference
  /** Where it is pinned; undefined for an anonymous one. */
  readonly path: string | undefined
  readonly ephemeral: boolean
  /** In a user namespace of this process, which needs no privilege. */
  readonly rootless?: boolean
}

/** What a transaction is made of. */
export type Item = Operation<unknown> | { readonly creation: Creation; readonly name: string }

/** How a transaction goes on when an operation fails. */
export interface OnFailure {
  readonly rollback: boolean
  readonly stop: boolean
}

/** A plan as `addon.transact` takes it, in memory that the next plan overwrites. */
export interface EncodedPlan {
  /** Its head has the lengths of both, as to make a view of memory takes longer than to fill it. */
  readonly words: Scratch
  readonly bytes: Scratch
  /** Device names and paths, each with a NUL at its end; undefined if there are none. */
  readonly names: string | undefined
  /** The namespaces, in the order of their handles. */
  readonly namespaces: readonly PlanNamespace[]
}

/** A namespace of a plan. */
export interface PlanNamespace {
  readonly netns: NetnsReference
  /** Whether this plan creates it. */
  readonly created: boolean
}

function foreign(operation: string, netns: string): NetloomError {
  const message = `${operation}: the namespace ${netns} is created by another batch, or later in this one`
  return new NetloomError(message, 'ERR_NETLOOM_FOREIGN_BATCH', { operation, netns })
}

const { head: headSize } = planSize
const noFamilies: readonly NumberedFamily[] = []
/** nlmsg_type in struct nlmsghdr. */
const typeAt = 4

type Relocated = Pick<Message, 'relocations' | 'devicesOf'>

/** An encoded side effect of a step: its messages with their offsets, for relocations, and its words. */
interface StoredSideEffect {
  readonly its: readonly { readonly message: Relocated; readonly at: number }[]
  readonly words: readonly number[]
}

const alone: OnFailure = { rollback: false, stop: true }

/** A namespace that a plan names, and the operation that named it first. */
interface Named extends PlanNamespace {
  readonly operation: string
}

/**
 * Operations, each encoded when it is added: its data are in the processor's caches then, which those of a large batch no
 * longer are when the batch is handed over.
 */
export class Plan<Its extends Item = Item> {
  readonly items: Its[] = []
  readonly onFailure: OnFailure
  #memory = takeMemory()
  #wordCount = headSize
  #size = 0
  readonly #namespaces: Named[] = []
  // Made on first use: the plan of a query names one namespace and nothing else.
  #positions: Map<NetnsReference, number> | undefined
  #names: Map<string, number> | undefined
  #recipes: Map<UndoRecipe, number> | undefined
  // The offsets of messages whose type is the number of a family.
  #numbered: Map<NumberedFamily, number[]> | undefined
  // Messages that were written one behind the other, and are sent so, are copied together.
  #source: Uint8Array | undefined
  #begin = 0
  #end = 0
  #target = 0

  constructor(onFailure: OnFailure = alone) {
    this.onFailure = onFailure
  }

  /** A plan of these operations. */
  static of<Its extends Item>(items: readonly Its[], onFailure?: OnFailure): Plan<Its> {
    const plan = new Plan<Its>(onFailure)
    for (const item of items) plan.add(item)
    return plan
  }

  /** Adds an operation, and returns its index. */
  add(item: Its): number {
    const its: Item = item
    this.#reserve(planSize.creation)
    if ('creation' in its) this.#addCreation(its)
    else this.#addOperation(its)
    return this.items.push(item) - 1
  }

  /** How many operations it has. */
  get length(): number {
    return this.items.length
  }

  /** The families whose numbers have to be known before `hand`. */
  get families(): readonly NumberedFamily[] {
    return this.#numbered === undefined ? noFamilies : [...this.#numbered.keys()]
  }

  /**
   * Calls `send` with the plan; throws if a namespace that it uses is closed. To be called once: no other method may be
   * called afterwards.
   */
  hand<Result>(send: (encoded: EncodedPlan) => Result): Result {
    try {
      return send(this.#encode())
    } finally {
      this.#release()
    }
  }

  #encode(): EncodedPlan {
    this.#copy()
    this.#writeFamilyNumbers()
    const recipes = this.#recipes
    if (recipes !== undefined) {
      const more = [...recipes.keys()].flatMap(recipeWords)
      this.#reserve(more.length)
      this.#memory.words.copyWithin(headSize + more.length, headSize, this.#wordCount)
      this.#memory.words.set(more, headSize)
      this.#wordCount += more.length
    }
    this.#reserve(2 * this.#namespaces.length)
    for (const { netns, operation, created } of this.#namespaces) {
      const handle = created ? 0 : netns.use(operation)
      if (handle === 0 && !created) throw foreign(operation, netns.label)
      this.#word(handle | 0)
      this.#word(Math.floor(handle / 2 ** 32))
    }
    const { words, bytes } = this.#memory
    words[planHead.words] = this.#wordCount
    words[planHead.bytes] = this.#size
    words[planHead.namespaces] = this.#namespaces.length
    words[planHead.rollback] = this.onFailure.rollback ? 1 : 0
    words[planHead.stopAtFailure] = this.onFailure.stop ? 1 : 0
    words[planHead.recipes] = recipes?.size ?? 0
    words[planHead.operations] = this.length
    words[planHead.names] = this.#names?.size ?? 0
    words[planHead.sections] = 1
    const names = this.#names === undefined ? undefined : [...this.#names.keys()].map((name) => `${name}\0`).join('')
    return { words, bytes, names, namespaces: this.#namespaces }
  }

  #release(): void {
    const memory = this.#memory
    this.#memory = noMemory
    this.#source = undefined
    returnMemory(memory)
  }

  #reserve(count: number): void {
    const least = this.#wordCount + count
    if (least > this.#memory.words.length) growWords(this.#memory, least)
  }

  #word(value: number): void {
    this.#memory.words[this.#wordCount++] = value
  }

  #addWords(values: readonly number[]): void {
    this.#reserve(values.length)
    this.#memory.words.set(values, this.#wordCount)
    this.#wordCount += values.length
  }

  // Messages are aligned, and follow one another without a gap.
  #align(): number {
    return (this.#size = (this.#size + 3) & ~3)
  }

  #room(length: number): number {
    const at = this.#align()
    this.#size += length
    if (this.#size > this.#memory.bytes.length) growBytes(this.#memory, this.#size)
    return at
  }

  readonly #addBytes = (bytes: Uint8Array): number => {
    const at = this.#room(bytes.length)
    this.#memory.bytes.set(bytes, at)
    return at
  }

  #addMessage({ memory, begin, end, length, family }: Message): number {
    const at = this.#room(length)
    if (family !== undefined) this.#addFamily(family, at)
    if (memory !== this.#source || begin !== this.#end || at !== this.#target + (this.#end - this.#begin)) {
      this.#copy()
      this.#source = memory
      this.#begin = begin
      this.#target = at
    }
    this.#end = end
    return at
  }

  #addFamily(family: NumberedFamily, at: number): void {
    const places = (this.#numbered ??= new Map<NumberedFamily, number[]>()).get(family)
    if (places === undefined) this.#numbered.set(family, [at])
    else places.push(at)
  }

  #writeFamilyNumbers(): void {
    if (this.#numbered === undefined) return
    const { buffer, byteOffset } = this.#memory.bytes
    const view = new DataView(buffer, byteOffset)
    for (const [{ name, number }, places] of this.#numbered) {
      // The kernel acknowledges a message of type 0, and does nothing.
      if (number === undefined) throw new Error(`the number of the family ${name} was not asked for`)
      for (const at of places) view.setUint16(at + typeAt, number, littleEndian)
    }
  }

  #copy(): void {
    const source = this.#source
    if (source !== undefined) this.#memory.bytes.set(source.subarray(this.#begin, this.#end), this.#target)
  }

  #position(netns: NetnsReference, operation: string): number {
    if (netns === this.#namespaces[0]?.netns) return 0
    return this.#positions?.get(netns) ?? this.#addNamespace({ netns, operation, created: false })
  }

  #addNamespace(named: Named): number {
    const position = this.#namespaces.push(named) - 1
    if (position > 0) (this.#positions ??= new Map<NetnsReference, number>()).set(named.netns, position)
    return position
  }

  #indexOfName(name: string): number {
    return indexIn((this.#names ??= new Map<string, number>()), name)
  }

  #indexOfRecipe(recipe: UndoRecipe): number {
    return indexIn((this.#recipes ??= new Map<UndoRecipe, number>()), recipe)
  }

  #addCreation({ creation }: Item & { readonly creation: Creation }): void {
    const { netns, path, ephemeral, rootless = false } = creation
    this.#word(creationMark.creation)
    this.#word(this.#addNamespace({ netns, operation: '', created: true }))
    this.#word(path === undefined ? -1 : this.#indexOfName(path))
    this.#word((ephemeral ? creationTrait.ephemeral : 0) | (rootless ? creationTrait.rootless : 0))
  }

  #addOperation({ steps, protocol, name, forgives }: Operation<unknown>): void {
    let count = steps.length
    for (const { undo } of steps) if (undo !== undefined) count++
    this.#reserve(2 + (forgives?.size ?? 0))
    this.#word(count)
    this.#word(forgives?.size ?? 0)
    for (const errno of forgives ?? []) this.#word(errno)
    for (const step of steps) {
      this.#addStep(step, protocol, name, false)
      if (step.undo === undefined) continue
      const { netns, message } = step.undo
      this.#addStep({ netns, messages: [message], ending: Ending.ack }, protocol, name, true)
    }
  }

  #relocate(message: Relocated, at: number, netns: NetnsReference, operation: string): void {
    for (const relocation of message.relocations) {
      this.#reserve(planSize.relocation)
      if (relocation.device === undefined) {
        this.#word(relocationKind.netnsDescriptor)
        this.#word(at + relocation.at)
        this.#word(this.#position(relocation.netns as NetnsReference, operation))
        this.#word(0)
      } else {
        this.#word(relocationKind.deviceIndex)
        this.#word(at + relocation.at)
        this.#word(this.#position(message.devicesOf ?? netns, operation))
        this.#word(this.#indexOfName(relocation.device))
      }
    }
  }

  #addStep(step: Step, protocol: number, operation: string, isUndo: boolean): void {
    const { netns, messages, ending, tolerate, inverse, undivided, lasting, flush, ensures, expects } = step
    const { rollback } = this.onFailure
    const before = rollback ? step.before?.() : undefined
    const sideEffects = rollback ? step.sideEffects?.().map((part) => this.#storeSideEffect(part)) : undefined
    const recipe = flush?.recipe ?? before?.recipe
    const begin = this.#align()
    const lookup = before?.lookup ?? (rollback ? flush?.among?.() : undefined)
    let relocations = lookup?.relocations.length ?? 0
    for (const { its } of sideEffects ?? []) for (const { message } of its) relocations += message.relocations.length
    for (const message of messages) {
      this.#addMessage(message)
      relocations += message.relocations.length
    }
    const length = this.#size - begin
    const lookupAt = lookup === undefined ? 0 : this.#addMessage(lookup)
    this.#reserve(planSize.step + (tolerate?.size ?? 0))
    this.#word(this.#position(netns, operation))
    this.#word(protocol)
    this.#word(ending)
    this.#word(
      (isUndo ? stepTrait.undo : 0) |
        (undivided === true ? stepTrait.undivided : 0) |
        (lasting === true ? stepTrait.lasting : 0) |
        (flush === undefined ? 0 : stepTrait.flush) |
        (flush?.backwards === true ? stepTrait.backwards : 0) |
        (sideEffects === undefined ? 0 : stepTrait.sideEffects) |
        (flush?.firstOnly === true ? stepTrait.firstOnly : 0) |
        (ensures === true ? stepTrait.ensures : 0) |
        (expects === undefined ? 0 : stepTrait.expects),
    )
    this.#word(inverse ?? 0)
    this.#word(recipe === undefined ? -1 : this.#indexOfRecipe(recipe))
    this.#word(begin)
    this.#word(length)
    this.#word(lookupAt)
    this.#word(lookup?.length ?? 0)
    this.#word(tolerate?.size ?? 0)
    this.#word(relocations)
    for (const errno of tolerate ?? []) this.#word(errno)
    let at = begin
    for (const message of messages) {
      this.#relocate(message, at, netns, operation)
      at += message.length
    }
    if (lookup !== undefined) this.#relocate(lookup, lookupAt, netns, operation)
    for (const { its } of sideEffects ?? [])
      for (const { message, at } of its) this.#relocate(message, at, netns, operation)
    if (flush !== undefined) this.#addWords(patternWords(flush.pattern, this.#addBytes))
    if (sideEffects === undefined) return
    this.#addWords([sideEffects.length])
    for (const { words: its } of sideEffects) this.#addWords(its)
  }

  #storeSideEffect({ lookup, model, recipe, removeFirst, pattern }: SideEffect): StoredSideEffect {
    const its: { message: Relocated; at: number }[] = []
    const part = (message: Message): number[] => {
      const at = this.#addMessage(message)
      its.push({ message, at })
      return [at, message.length]
    }
    const storeValue = (value: Uint8Array, device?: Device): number => {
      const at = this.#addBytes(value)
      if (typeof device === 'string')
        its.push({ message: { relocations: [{ at: 0, device }], devicesOf: undefined }, at })
      return at
    }
    const head = [this.#indexOfRecipe(recipe), removeFirst === true ? 1 : 0]
    const messages = [...part(lookup), ...(model === undefined ? [0, 0] : part(model))]
    return { its, words: [...head, ...messages, ...patternWords(pattern, storeValue)] }
  }
}

function indexIn<Key>(table: Map<Key, number>, key: Key): number {
  const known = table.get(key)
  if (known !== undefined) return known
  table.set(key, table.size)
  return table.size - 1
}
