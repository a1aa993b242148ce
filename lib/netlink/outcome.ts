// What became of an operation, in our terms: its result, its error, the kernel's warnings.
import { DumpInterruptedError, NetlinkError, NetloomError, systemError } from '../errors'
import { errnoNumber } from '../errno'
import { Ending, Outcome } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import { NLMSG } from './constants'
import { readAcknowledgement } from './extended_ack'
import { forEachMessage, type Message, type Received } from './message'
import type { Answers, Operation, Step } from './operation'
import { isOpen, type Report, type StepAnswer } from './transaction'

const ENODEV = errnoNumber('ENODEV')
/** How native/transactions/flush.cc says that a dump was interrupted, and how often it was tried. */
const interruptedDump = 'recvmsg (dump)'
const dumpTries = 10

const ECANCELED = errnoNumber('ECANCELED')
const ENOENT = errnoNumber('ENOENT')
const EOPNOTSUPP = errnoNumber('EOPNOTSUPP')

/** The result of an operation; throws its error. `report` is undefined if there is nothing to tell of it. */
export function resultOf<Result>(operation: Operation<Result>, report: Report | undefined): Result {
  try {
    if (report?.outcome === Outcome.failed) throw errorOf(operation, report)
    return operation.result(new StepAnswers(operation, report))
  } catch (error) {
    if (operation.recover === undefined || !(error instanceof NetloomError)) throw error
    return operation.recover(error)
  }
}

/** Whether the kernel interrupted a dump of an operation. */
export function wasInterrupted(report: Report | undefined): boolean {
  return report?.answers.some(({ interrupted }) => interrupted) ?? false
}

/** The step at a place of the addon's: there an undo is a step, too, behind its own. */
function stepAt(operation: Operation<unknown>, place: number): Step | undefined {
  let at = 0
  for (const step of operation.steps) {
    if (at === place) return step
    at += step.undo === undefined ? 1 : 2
  }
  return undefined
}

class StepAnswers implements Answers {
  constructor(
    private readonly operation: Operation<unknown>,
    private readonly report: Report | undefined,
  ) {}

  forEach(wanted: number, each: (message: Received) => void): void {
    this.#forAll(wanted, (message) => {
      if (message.type >= NLMSG.OVERRUN) each(message)
    })
  }

  isRefused(wanted: number): boolean {
    let refused = false
    this.#forAll(wanted, (message) => {
      if (message.type === NLMSG.ERROR && readAcknowledgement(message, undefined).errno !== 0) refused = true
    })
    return refused
  }

  #forAll(wanted: number, each: (message: Received) => void): void {
    const { operation, report } = this
    for (const { step, blocks } of report?.answers ?? []) {
      if (stepAt(operation, step) !== operation.steps[wanted]) continue
      for (const block of blocks) forEachMessage(block, each)
    }
  }
}

/**
 * Hands over what the kernel said though it did what was asked: as soon as nobody reads the answers any more, for whoever
 * hears it may make calls of his own.
 */
export function reportWarnings(
  operation: Operation<unknown>,
  report: Report | undefined,
  options: CallOptions | undefined,
): void {
  for (const { step, blocks } of report?.answers ?? []) {
    // What a dump says besides stands in its last message, and only the last block has it.
    const dump = stepAt(operation, step)?.ending === Ending.dump
    for (const block of dump ? blocks.slice(-1) : blocks) {
      forEachMessage(block, (message) => {
        if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) warn(operation, message, options)
      })
    }
  }
}

function warn(operation: Operation<unknown>, message: Received, options: CallOptions | undefined): void {
  const { errno, refusal } = readAcknowledgement(message, undefined)
  if (errno !== 0 || refusal.kernelMessage === undefined) return
  const warning = { message: refusal.kernelMessage, operation: operation.name, netns: operation.netns.label }
  const { onWarning } = options ?? {}
  if (onWarning !== undefined) {
    queueMicrotask(() => {
      onWarning(warning)
    })
    return
  }
  process.emitWarning(`${warning.operation} in netns ${warning.netns}: ${warning.message}`, {
    type: 'NetlinkWarning',
    code: 'NETLOOM_KERNEL_WARNING',
  })
}

function errorOf(operation: Operation<unknown>, report: Report): NetloomError {
  const { failedStep, errno, call, missingDevice, leftover } = report
  const step = failedStep === undefined ? undefined : stepAt(operation, failedStep)
  const netns = (step ?? operation).netns.label
  const base = { operation: operation.name, netns, leftover, about: operation.about }
  if (errno === ENODEV && missingDevice !== undefined) {
    return systemError({ ...base, errno, syscall: 'SIOCGIFINDEX', detail: `there is no device "${missingDevice}"` })
  }
  if (errno !== 0 && call === interruptedDump) {
    return new DumpInterruptedError(operation.name, netns, dumpTries, undefined)
  }
  if (errno !== 0 && errno === ECANCELED && call === undefined) {
    return systemError({ ...base, errno, detail: 'the namespace that it is for was not created' })
  }
  if (errno !== 0 && errno === EOPNOTSUPP && call === undefined && step?.expects !== undefined) {
    return systemError({ ...base, errno, detail: lackOf(step, report) })
  }
  if (errno !== 0 && errno === ENOENT && call === undefined) {
    return systemError({ ...base, errno, detail: 'none fits' })
  }
  if (errno !== 0) {
    return systemError({ ...base, errno, syscall: call, outcome: isOpen(operation.lane, call) ? 'unknown' : undefined })
  }
  const answer = report.answers.find(({ step }) => step === failedStep)
  const refused = step === undefined || answer === undefined ? undefined : firstRefusal(step, answer)
  if (refused === undefined) throw new Error('the kernel refused a message without saying which')
  const { refusal, errno: said, message } = refused
  const { kernelMessage } = refusal
  const hint = message && operation.cause?.({ errno: said, kernelMessage, message })
  return new NetlinkError({ ...base, errno: said, syscall: message?.name ?? step?.flush?.name, hint }, refusal)
}

function lackOf(step: Step, { answers, failedStep }: Report): string | undefined {
  let lack: string | undefined
  for (const { step: place, blocks } of answers) {
    if (place !== failedStep) continue
    for (const block of blocks) forEachMessage(block, (message) => (lack ??= step.expects?.(message)))
  }
  return lack
}

function firstRefusal(
  step: Step,
  { firstSequence, blocks }: StepAnswer,
): (ReturnType<typeof readAcknowledgement> & { message: Message | undefined }) | undefined {
  let first: ReturnType<typeof firstRefusal>
  for (const block of blocks) {
    forEachMessage(block, (received) => {
      if (first !== undefined || (received.type !== NLMSG.ERROR && received.type !== NLMSG.DONE)) return
      const message = step.messages[(received.sequence - firstSequence) >>> 0]
      const acknowledgement = readAcknowledgement(received, message)
      const { errno } = acknowledgement
      if (errno !== 0 && step.tolerate?.has(errno) !== true) first = { ...acknowledgement, message }
    })
  }
  return first
}
