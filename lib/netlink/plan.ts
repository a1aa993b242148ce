// Lays operations out for the addon: the bytes of all their messages in one piece, and the plan of native/plan.h.
import { NetloomError } from '../errors'
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { Device } from '../wire/device'
import type { Message } from './message'
import type { Along, Operation, Step } from './operation'
import { patternWords } from './pattern'
import { recipeWords, type UndoRecipe } from './undo_recipe'

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
export interface Manner {
  readonly rollback: boolean
  readonly stop: boolean
}

/** A transaction as `addon.transact` takes it; the memory is used again for the next one. */
export interface LaidOut {
  /** Says itself how much of it and of the bytes is meant: to make a view of memory takes longer than to fill it. */
  readonly plan: Int32Array
  readonly bytes: Uint8Array
  /** Device names and paths, each with a NUL at its end; undefined if there are none. */
  readonly names: string | undefined
}

function foreign(operation: string, netns: string): NetloomError {
  const message = `${operation}: the namespace ${netns} is created by another batch, or later in this one`
  return new NetloomError(message, 'ERR_NETLOOM_FOREIGN_BATCH', { operation, netns })
}

/** How many numbers stand before the recipes and operations. */
const headSize = 7

type Relocated = Pick<Message, 'relocations' | 'devicesOf'>

/** What goes along with a step, laid out: what is filled in where, and the numbers that tell of it. */
interface PlacedAlong {
  readonly its: readonly { readonly message: Relocated; readonly at: number }[]
  readonly words: readonly number[]
}

const alone: Manner = { rollback: false, stop: true }

// Laid out, handed over and copied before anybody else gets a turn.
let words = new Int32Array(1024)
let memory = new Uint8Array(16 * 1024)

/** Lays out operations; throws if a namespace that they use is closed. */
export function layOut(items: readonly Item[], { rollback, stop }: Manner = alone): LaidOut {
  let wordCount = headSize
  let size = 0
  const handles: number[] = []
  // A look-up names one namespace and nothing else: tables are made when there is something for them.
  let lone: NetnsReference | undefined
  let positions: Map<NetnsReference, number> | undefined
  let names: Map<string, number> | undefined
  let recipes: Map<UndoRecipe, number> | undefined

  function reserve(count: number): void {
    if (wordCount + count <= words.length) return
    const grown = new Int32Array(Math.max(wordCount + count, 2 * words.length))
    grown.set(words)
    words = grown
  }
  function word(value: number): void {
    words[wordCount++] = value
  }
  function addWords(values: readonly number[]): void {
    reserve(values.length)
    words.set(values, wordCount)
    wordCount += values.length
  }
  // Messages are aligned, and follow one another without a gap.
  function align(): number {
    return (size = (size + 3) & ~3)
  }
  function room(length: number): number {
    const at = align()
    size += length
    if (size > memory.length) {
      const grown = new Uint8Array(Math.max(size, 2 * memory.length))
      grown.set(memory)
      memory = grown
    }
    return at
  }
  function place(bytes: Uint8Array): number {
    const at = room(bytes.length)
    memory.set(bytes, at)
    return at
  }
  // Messages that were written one behind the other, and are sent so, are copied in one go.
  let source: Uint8Array | undefined
  let begin = 0
  let end = 0
  let target = 0
  function placeMessage({ written }: Message): number {
    const at = room(written.length)
    if (written.memory !== source || written.begin !== end || at !== target + (end - begin)) {
      copy()
      source = written.memory
      begin = written.begin
      target = at
    }
    end = written.end
    return at
  }
  function copy(): void {
    if (source !== undefined) memory.set(source.subarray(begin, end), target)
  }
  function position(netns: NetnsReference, operation: string): number {
    if (netns === lone) return 0
    const known = positions?.get(netns)
    if (known !== undefined) return known
    const handle = netns.use(operation)
    if (handle === 0) throw foreign(operation, netns.label)
    return add(netns, handle)
  }
  function add(netns: NetnsReference, handle: number): number {
    if (lone === undefined) lone = netns
    else (positions ??= new Map<NetnsReference, number>()).set(netns, handles.length)
    return handles.push(handle) - 1
  }
  function numberOf<Key>(table: Map<Key, number>, key: Key): number {
    const known = table.get(key)
    if (known !== undefined) return known
    table.set(key, table.size)
    return table.size - 1
  }

  function numberOfRecipe(recipe: UndoRecipe): number {
    return numberOf((recipes ??= new Map<UndoRecipe, number>()), recipe)
  }

  function relocate(message: Relocated, at: number, netns: NetnsReference, operation: string): void {
    for (const relocation of message.relocations) {
      reserve(4)
      if (relocation.device === undefined) {
        word(1)
        word(at + relocation.at)
        word(position(relocation.netns as NetnsReference, operation))
        word(0)
      } else {
        word(0)
        word(at + relocation.at)
        word(position(message.devicesOf ?? netns, operation))
        word(numberOf((names ??= new Map<string, number>()), relocation.device))
      }
    }
  }

  function addStep(step: Step, protocol: number, operation: string, isUndo: boolean): void {
    const { netns, messages, ending, tolerate, inverse, undivided, lasting, sweep } = step
    const before = rollback ? step.before?.() : undefined
    const along = rollback ? step.along?.().map(placeAlong) : undefined
    const recipe = sweep?.recipe ?? before?.recipe
    const begin = align()
    const lookup = before?.lookup ?? (rollback ? sweep?.among?.() : undefined)
    let relocations = lookup?.relocations.length ?? 0
    for (const { its } of along ?? []) for (const { message } of its) relocations += message.relocations.length
    for (const message of messages) {
      placeMessage(message)
      relocations += message.relocations.length
    }
    const length = size - begin
    const lookupAt = lookup === undefined ? 0 : placeMessage(lookup)
    reserve(12 + (tolerate?.size ?? 0))
    word(position(netns, operation))
    word(protocol)
    word(ending)
    word(
      (isUndo ? 1 : 0) |
        (undivided === true ? 2 : 0) |
        (lasting === true ? 4 : 0) |
        (sweep === undefined ? 0 : 8) |
        (sweep?.backwards === true ? 16 : 0) |
        (along === undefined ? 0 : 32) |
        (sweep?.firstOnly === true ? 64 : 0),
    )
    word(inverse ?? 0)
    word(recipe === undefined ? -1 : numberOfRecipe(recipe))
    word(begin)
    word(length)
    word(lookupAt)
    word(lookup?.written.length ?? 0)
    word(tolerate?.size ?? 0)
    word(relocations)
    for (const errno of tolerate ?? []) word(errno)
    let at = begin
    for (const message of messages) {
      relocate(message, at, netns, operation)
      at += message.written.length
    }
    if (lookup !== undefined) relocate(lookup, lookupAt, netns, operation)
    for (const { its } of along ?? []) for (const { message, at } of its) relocate(message, at, netns, operation)
    if (sweep !== undefined) addWords(patternWords(sweep.pattern, place))
    if (along === undefined) return
    addWords([along.length])
    for (const { words: its } of along) addWords(its)
  }

  function placeAlong({ lookup, model, recipe, anew, pattern }: Along): PlacedAlong {
    const its: { message: Relocated; at: number }[] = []
    const part = (message: Message): number[] => {
      const at = placeMessage(message)
      its.push({ message, at })
      return [at, message.written.length]
    }
    const placeValue = (value: Uint8Array, device?: Device): number => {
      const at = place(value)
      if (typeof device === 'string')
        its.push({ message: { relocations: [{ at: 0, device }], devicesOf: undefined }, at })
      return at
    }
    const head = [numberOfRecipe(recipe), anew === true ? 1 : 0]
    const messages = [...part(lookup), ...(model === undefined ? [0, 0] : part(model))]
    return { its, words: [...head, ...messages, ...patternWords(pattern, placeValue)] }
  }

  for (const item of items) {
    reserve(4)
    if ('creation' in item) {
      const { netns, path, ephemeral, rootless = false } = item.creation
      word(-1)
      word(add(netns, 0))
      word(path === undefined ? -1 : numberOf((names ??= new Map<string, number>()), path))
      word((ephemeral ? 1 : 0) + (rootless ? 2 : 0))
      continue
    }
    const { steps, protocol, name, forgives } = item
    let count = steps.length
    for (const { undo } of steps) if (undo !== undefined) count++
    reserve(2 + (forgives?.size ?? 0))
    word(count)
    word(forgives?.size ?? 0)
    for (const errno of forgives ?? []) word(errno)
    for (const step of steps) {
      addStep(step, protocol, name, false)
      if (step.undo === undefined) continue
      const { netns, message } = step.undo
      addStep({ netns, messages: [message], ending: Ending.ack }, protocol, name, true)
    }
  }

  copy()
  if (recipes !== undefined) {
    const more = [...recipes.keys()].flatMap(recipeWords)
    reserve(more.length)
    words.copyWithin(headSize + more.length, headSize, wordCount)
    words.set(more, headSize)
    wordCount += more.length
  }
  reserve(2 * handles.length)
  for (const handle of handles) {
    word(handle | 0)
    word(Math.floor(handle / 2 ** 32))
  }
  words[0] = wordCount
  words[1] = size
  words[2] = handles.length
  words[3] = rollback ? 1 : 0
  words[4] = stop ? 1 : 0
  words[5] = recipes?.size ?? 0
  words[6] = items.length
  return {
    plan: words,
    bytes: memory,
    names: names === undefined ? undefined : [...names.keys()].map((name) => `${name}\0`).join(''),
  }
}
