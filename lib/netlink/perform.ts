// Carries an operation out: one job, its errors in our terms, interrupted dumps again.
import { setTimeout as sleep } from 'node:timers/promises'
import { DumpInterruptedError, NetlinkError, systemError, type NetloomError } from '../errors'
import { errnoNumber } from '../errno'
import { addon, type StepAnswer, type TransactionAnswer } from '../native/addon'
import { checkCallOptions, runJob, type CallOptions, type Completion } from '../native/jobs'
import { NLMSG } from './constants'
import { readAcknowledgement } from './extended_ack'
import { forEachMessage, type Message } from './message'
import type { Answers, Operation, Step } from './operation'
import { layOut } from './plan'

/** An interrupted dump is tried this often, with 1, 2, 4 … ms in between: half a second in all. */
const dumpTries = 10

const ENODEV = errnoNumber('ENODEV')

/** Sends an operation's messages and makes its result. Rejects with an error that says what the kernel said. */
export async function perform<Result>(operation: Operation<Result>, options?: CallOptions): Promise<Result> {
  checkCallOptions(options)
  const layout = layOut(operation)
  for (let tries = 1; ; tries++) {
    const completion = await runJob<TransactionAnswer | undefined>(
      operation.name,
      () => addon.transact(operation.lane, layout.handles, layout.plan, layout.bytes, layout.names),
      options,
    )
    const [failedStep, , , ...stepAnswers] = completion.result ?? [undefined, undefined, false]
    if (completion.errno !== 0 || failedStep !== undefined) {
      const error = failure(operation, layout.steps, completion)
      if (error !== undefined) throw error
    }
    const answers = answersOf(operation, layout.steps, stepAnswers, options)
    const result = operation.result(answers)
    if (!stepAnswers.some(([, , interrupted]) => interrupted)) return result
    if (tries === dumpTries) throw new DumpInterruptedError(operation.name, operation.netns.label, tries, result)
    await sleep(2 ** (tries - 1))
  }
}

function answersOf<Result>(
  operation: Operation<Result>,
  steps: readonly (Step | undefined)[],
  stepAnswers: readonly StepAnswer[],
  options: CallOptions | undefined,
): Answers {
  return {
    forEach(wanted, each) {
      for (const [position, , , ...blocks] of stepAnswers) {
        const step = steps[position]
        if (step === undefined || step !== operation.steps[wanted]) continue
        forEachMessage(blocks, (message) => {
          if (message.type >= NLMSG.OVERRUN) each(message)
          else if (message.type !== NLMSG.NOOP) warn(operation, readAcknowledgement(message, undefined), options)
        })
      }
    },
  }
}

function warn<Result>(
  operation: Operation<Result>,
  { refusal }: ReturnType<typeof readAcknowledgement>,
  options: CallOptions | undefined,
): void {
  if (refusal.kernelMessage === undefined) return
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

function failure<Result>(
  operation: Operation<Result>,
  steps: readonly (Step | undefined)[],
  { errno, call, result }: Completion<TransactionAnswer | undefined>,
): NetloomError | undefined {
  const [failedStep, missingDevice, leftover = false, ...stepAnswers] = result ?? []
  const step = failedStep === undefined ? undefined : steps[failedStep]
  const netns = step?.netns.label ?? operation.netns.label
  const base = { operation: operation.name, netns, leftover, about: operation.about }
  if (errno === ENODEV && missingDevice !== undefined) {
    return systemError({ ...base, errno, syscall: 'SIOCGIFINDEX', detail: `there is no device "${missingDevice}"` })
  }
  if (errno !== 0) {
    // Once a message was sent, only its answer tells what became of it.
    const outcome = call === 'recvmsg' || call === 'poll' ? ('unknown' as const) : undefined
    return systemError({ ...base, errno, syscall: call, outcome })
  }
  const answer = stepAnswers.find(([position]) => position === failedStep)
  const refused = step === undefined || answer === undefined ? undefined : firstRefusal(step, answer)
  if (refused === undefined) return undefined // the kernel refused only what the step tolerates
  const { refusal, errno: said, message } = refused
  return new NetlinkError({ ...base, errno: said, syscall: message?.name }, refusal)
}

function firstRefusal(
  step: Step,
  [, firstSequence, , ...blocks]: StepAnswer,
): (ReturnType<typeof readAcknowledgement> & { message: Message | undefined }) | undefined {
  let first: ReturnType<typeof firstRefusal>
  forEachMessage(blocks, (received) => {
    if (first !== undefined || (received.type !== NLMSG.ERROR && received.type !== NLMSG.DONE)) return
    const message = step.messages[(received.sequence - firstSequence) >>> 0]
    const acknowledgement = readAcknowledgement(received, message)
    const { errno } = acknowledgement
    if (errno !== 0 && step.tolerate?.has(errno) !== true) first = { ...acknowledgement, message }
  })
  return first
}
