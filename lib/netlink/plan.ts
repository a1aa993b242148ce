// Lays an operation out for the addon: the bytes of all its messages in one piece, and the plan of native/addon.cc.
import { Ending } from '../native/addon'
import type { NetnsHandle } from '../native/netns_handle'
import type { Operation, Step } from './operation'

/** An operation as `addon.transact` takes it. */
export interface LaidOut {
  readonly handles: Float64Array
  readonly plan: Int32Array
  readonly bytes: Uint8Array
  /** Device names, each with a NUL at its end. */
  readonly names: string
  /** The step at each position of the plan; undefined for the undo of the one before. */
  readonly steps: readonly (Step | undefined)[]
}

/** Lays out the steps of an operation; throws if a namespace it uses is closed. */
export function layOut(operation: Operation<unknown>): LaidOut {
  const { name, protocol } = operation
  const plan: number[] = []
  let names = ''
  let nameCount = 0
  const steps: (Step | undefined)[] = []
  const handles: number[] = []
  const positions = new Map<NetnsHandle, number>()
  const position = (netns: NetnsHandle): number => {
    const known = positions.get(netns)
    if (known !== undefined) return known
    positions.set(netns, handles.length)
    handles.push(netns.use(name))
    return handles.length - 1
  }

  let size = 0
  for (const { messages, undo } of operation.steps) {
    for (const { bytes } of messages) size += bytes.length
    size += undo?.message.bytes.length ?? 0
  }
  const bytes = new Uint8Array(size)
  let offset = 0

  function add({ netns, ending, messages, tolerate }: Step, isUndo: boolean): void {
    const begin = offset
    const relocations: number[] = []
    for (const message of messages) {
      for (const { at, device } of message.relocations) {
        relocations.push(offset - begin + at, position(message.devicesOf ?? netns), nameCount++)
        names += `${device}\0`
      }
      for (const used of message.namespaces) position(used)
      bytes.set(message.bytes, offset)
      offset += message.bytes.length
    }
    const tolerated = [...(tolerate ?? [])]
    plan.push(position(netns), protocol, ending, isUndo ? 1 : 0, begin, offset - begin)
    plan.push(tolerated.length, relocations.length / 3, ...tolerated)
    // One by one: a step may have more of them than a call takes arguments.
    for (const word of relocations) plan.push(word)
  }

  for (const step of operation.steps) {
    add(step, false)
    steps.push(step)
    if (step.undo === undefined) continue
    add({ netns: step.undo.netns, messages: [step.undo.message], ending: Ending.ack }, true)
    steps.push(undefined)
  }
  return { handles: new Float64Array(handles), plan: new Int32Array(plan), bytes, names, steps }
}
