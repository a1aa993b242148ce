// A transaction: operations handed to the addon as one job, and what it tells of them.
import { systemError, type NetloomError, type Subject } from '../errors'
import {
  addon,
  Lane,
  Outcome,
  scratch,
  type Block,
  type NetnsDescription,
  type Started,
  type TransactionAnswer,
} from '../native/addon'
import { runJob, type CallOptions, type Completion, type Watch } from '../native/jobs'
import { copyOf } from '../wire/scratch'
import type { EncodedPlan } from './plan'

/** What one step received; `step` counts as the addon does: an undo is a step of its own. */
export interface StepAnswer {
  readonly step: number
  readonly firstSequence: number
  readonly interrupted: boolean
  readonly blocks: readonly Block[]
}

/** The result of one operation. */
export interface Report {
  readonly operation: number
  readonly outcome: Outcome
  /** The step that stopped it. */
  readonly failedStep: number | undefined
  /** A system call that failed; 0 if the kernel refused a message. */
  readonly errno: number
  readonly call: string | undefined
  readonly missingDevice: string | undefined
  /** What it had made before it failed could not be removed. */
  readonly leftover: boolean
  readonly created: NetnsDescription | undefined
  readonly answers: readonly StepAnswer[]
}

/** The result of a transaction. */
export interface Transacted {
  /** Whether its signal ended it early. */
  readonly interrupted: boolean
  readonly rolledBack: boolean
  /** How many operations were tried. */
  readonly tried: number
  /** Of operations that have something to tell; the others were done, or undone. */
  readonly reports: readonly Report[]
}

/** What can be carried out: a `Plan`, or one that was laid out before. */
export interface Sendable {
  /** How many operations it has. */
  readonly length: number
  /** Calls `send` with all of it, once. */
  hand<Result>(send: (encoded: Pick<EncodedPlan, 'words' | 'bytes' | 'names'>) => Result): Result
}

/** The same, in memory of its own: for who makes other calls before it is read. */
export function detached(transacted: Transacted): Transacted {
  const copied = (block: Block): Block => (typeof block === 'number' ? copyOf(scratch, 0, block) : block)
  const reports = transacted.reports.map((report) => ({
    ...report,
    answers: report.answers.map((answer) => ({ ...answer, blocks: answer.blocks.map(copied) })),
  }))
  return { ...transacted, reports }
}

/** Carries out a plan as one job, once; tells at once how it ended if it did at once, else by a promise. */
export function transact(
  plan: Sendable,
  lane: Lane,
  subject: Subject,
  options: CallOptions | undefined,
  watch?: Watch,
  chain?: number,
): Transacted | Promise<Transacted> {
  const start = (): Started => plan.hand(({ words, bytes, names }) => addon.transact(lane, words, bytes, names, chain))
  const read = ({ errno, call, result }: Completion<TransactionAnswer | undefined>): Transacted => {
    if (errno !== 0) throw jobError(subject, lane, errno, call)
    if (result === undefined) return allDone(plan.length)
    return typeof result === 'number' ? lookedUp(result) : readAnswer(result)
  }
  const running = runJob<TransactionAnswer | undefined>(subject, start, options, watch)
  return running instanceof Promise ? running.then(read) : read(running)
}

function allDone(tried: number): Transacted {
  return { interrupted: false, rolledBack: false, tried, reports: [] }
}

// One operation was done, and its first step was answered with so many bytes of the scratch memory.
function lookedUp(size: number): Transacted {
  const answers = [{ step: 0, firstSequence: 0, interrupted: false, blocks: [size] }]
  return { interrupted: false, rolledBack: false, tried: 1, reports: [doneWith(answers)] }
}

function doneWith(answers: readonly StepAnswer[]): Report {
  return {
    operation: 0,
    outcome: Outcome.done,
    failedStep: undefined,
    errno: 0,
    call: undefined,
    missingDevice: undefined,
    leftover: false,
    created: undefined,
    answers,
  }
}

// The lane's thread could not do its job, or not go home after it.
function jobError(subject: Subject, lane: Lane, errno: number, syscall: string | undefined): NetloomError {
  return systemError({ ...subject, errno, syscall, outcome: isOpen(lane, syscall) ? 'unknown' : undefined })
}

// Once a message was sent, only its answer tells what became of it. What fails then: receiving the answer, or the lane's
// thread on its way home.
const afterSending: ReadonlySet<string> = new Set(['sendmsg (later)', 'recvmsg', 'poll', 'setns (home)'])

/** Whether it is unknown what the kernel did when a system call failed on a lane. */
export function isOpen(lane: Lane, call: string | undefined): boolean {
  const changes = lane !== Lane.query && lane !== Lane.read
  return changes && call !== undefined && afterSending.has(call)
}

function readAnswer(answer: Exclude<TransactionAnswer, number>): Transacted {
  let at = 0
  const number = (): number => answer[at++] as number
  const text = (): string | undefined => answer[at++] as string | undefined
  const interrupted = number() !== 0
  const rolledBack = number() !== 0
  const tried = number()
  const reports: Report[] = []
  while (at < answer.length) {
    const operation = number()
    const outcome = number() as Outcome
    const failed = number()
    const errno = number()
    const call = text()
    const missingDevice = text()
    const leftover = number() !== 0
    const created = answer[at++] as NetnsDescription | undefined
    const answers: StepAnswer[] = []
    for (let count = number(); count > 0; count--) {
      const step = number()
      const firstSequence = number()
      const isInterrupted = number() !== 0
      const blocks: Block[] = []
      for (let left = number(); left > 0; left--) blocks.push(answer[at++] as Block)
      answers.push({ step, firstSequence, interrupted: isInterrupted, blocks })
    }
    const failedStep = failed < 0 ? undefined : failed
    reports.push({ operation, outcome, failedStep, errno, call, missingDevice, leftover, created, answers })
  }
  return { interrupted, rolledBack, tried, reports }
}
