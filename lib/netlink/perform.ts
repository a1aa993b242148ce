// Carries an operation out: one job, its errors in our terms, interrupted dumps again.
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, DumpInterruptedError, NetlinkError, systemError, type NetloomError, type Subject } from '../errors'
import { errnoNumber } from '../errno'
import { addon, Ending, Lane, type Block, type StepAnswer, type TransactionAnswer } from '../native/addon'
import { checkCallOptions, runJob, type CallOptions, type Completion } from '../native/jobs'
import { NLMSG } from './constants'
import { readAcknowledgement } from './extended_ack'
import { forEachMessage, type Message, type Received } from './message'
import type { Answers, Operation, Step } from './operation'
import { layOut } from './plan'

/** An interrupted dump is tried this often, with 1, 2, 4 … ms in between: half a second in all. */
const dumpTries = 10

const ENODEV = errnoNumber('ENODEV')

/** Sends an operation's messages and makes its result. Rejects with an error that says what the kernel said. */
export async function perform<Result>(operation: Operation<Result>, options?: CallOptions): Promise<Result> {
  checkCallOptions(options)
  const layout = layOut(operation)
  const deadline = options?.timeout === undefined ? undefined : performance.now() + options.timeout
  const about = { operation: operation.name, netns: operation.netns.label }
  let limited = options
  for (let tries = 1; ; tries++) {
    const running = runJob<TransactionAnswer | undefined>(
      about,
      () => addon.transact(operation.lane, layout.handles, layout.plan, layout.bytes, layout.names),
      limited,
    )
    const completion = running instanceof Promise ? await running : running
    const { errno, result: answer } = completion
    if (answer !== undefined) reportWarnings(operation, layout.steps, answer, options)
    if (errno !== 0 || answer?.[0] !== undefined) {
      throw failure(operation, layout.steps, completion)
    }
    const result = operation.result(new StepAnswers(operation, layout.steps, answer))
    if (answer === undefined || !wasInterrupted(answer)) return result
    if (tries === dumpTries) throw new DumpInterruptedError(operation.name, operation.netns.label, tries, result)
    const rest = deadline === undefined ? Infinity : deadline - performance.now()
    await pause(Math.min(rest, 2 ** (tries - 1)), about, options?.signal)
    if (deadline === undefined) continue
    if (performance.now() >= deadline) throw new AbortError(about, 'none', undefined)
    limited = { ...options, timeout: deadline - performance.now() }
  }
}

async function pause(ms: number, about: Subject, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch {
    throw new AbortError(about, 'none', signal?.reason)
  }
}

// The answers to steps stand behind three other things in a transaction's answer, the blocks of one behind three others:
// read by their places, because this is the way of every look-up, and patterns that take the rest are slow.
const firstAnswer = 3
const firstBlock = 3

function wasInterrupted(answer: TransactionAnswer): boolean {
  for (let i = firstAnswer; i < answer.length; i++) {
    if ((answer[i] as StepAnswer)[2]) return true
  }
  return false
}

class StepAnswers<Result> implements Answers {
  constructor(
    private readonly operation: Operation<Result>,
    private readonly steps: readonly (Step | undefined)[],
    private readonly answer: TransactionAnswer | undefined,
  ) {}

  forEach(wanted: number, each: (message: Received) => void): void {
    const { operation, steps, answer = [] } = this
    for (let i = firstAnswer; i < answer.length; i++) {
      const blocks = answer[i] as StepAnswer
      if (steps[blocks[0]] !== operation.steps[wanted]) continue
      for (let j = firstBlock; j < blocks.length; j++) {
        forEachMessage(blocks[j] as Block, (message) => {
          if (message.type >= NLMSG.OVERRUN) each(message)
        })
      }
    }
  }
}

function reportWarnings<Result>(
  operation: Operation<Result>,
  steps: readonly (Step | undefined)[],
  answer: TransactionAnswer,
  options: CallOptions | undefined,
): void {
  for (let i = firstAnswer; i < answer.length; i++) {
    const blocks = answer[i] as StepAnswer
    // What a dump says besides stands in its last message, and only the last block has it.
    const dump = steps[blocks[0]]?.ending === Ending.dump
    for (let j = dump ? Math.max(firstBlock, blocks.length - 1) : firstBlock; j < blocks.length; j++) {
      forEachMessage(blocks[j] as Block, (message) => {
        if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) warn(operation, message, options)
      })
    }
  }
}

function warn<Result>(operation: Operation<Result>, message: Received, options: CallOptions | undefined): void {
  const { errno, refusal } = readAcknowledgement(message, undefined)
  if (errno !== 0 || refusal.kernelMessage === undefined) return
  const warning = { message: refusal.kernelMessage, operation: operation.name, netns: operation.netns.label }
  if (options?.onWarning !== undefined) {
    options.onWarning(warning)
    return
  }
  process.emitWarning(`${warning.operation} in netns ${warning.netns}: ${warning.message}`, {
    type: 'NetlinkWarning',
    code: 'NETLOOM_KERNEL_WARNING',
  })
}

// Once a message was sent, only its answer tells what became of it. What fails then: receiving the answer, or the lane's
// thread on its way home.
const afterSending: ReadonlySet<string> = new Set(['recvmsg', 'poll', 'setns (home)'])

function failure<Result>(
  operation: Operation<Result>,
  steps: readonly (Step | undefined)[],
  { errno, call, result }: Completion<TransactionAnswer | undefined>,
): NetloomError {
  const [failedStep, missingDevice, leftover = false, ...stepAnswers] = result ?? []
  const step = failedStep === undefined ? undefined : steps[failedStep]
  const netns = step?.netns.label ?? operation.netns.label
  const base = { operation: operation.name, netns, leftover, about: operation.about }
  if (errno === ENODEV && missingDevice !== undefined) {
    return systemError({ ...base, errno, syscall: 'SIOCGIFINDEX', detail: `there is no device "${missingDevice}"` })
  }
  if (errno !== 0) {
    const changes = operation.lane === Lane.mutation || operation.lane === Lane.removal
    const outcome = changes && call !== undefined && afterSending.has(call) ? ('unknown' as const) : undefined
    return systemError({ ...base, errno, syscall: call, outcome })
  }
  const answer = stepAnswers.find(([position]) => position === failedStep)
  const refused = step === undefined || answer === undefined ? undefined : firstRefusal(step, answer)
  if (refused === undefined) throw new Error('the kernel refused a message without saying which')
  const { refusal, errno: said, message } = refused
  return new NetlinkError({ ...base, errno: said, syscall: message?.name }, refusal)
}

function firstRefusal(
  step: Step,
  [, firstSequence, , ...blocks]: StepAnswer,
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
