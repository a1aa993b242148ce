// Tests that run, and what is checked when they end: each for itself, or together those whose times overlap.
import { holdings, type Holding } from './holdings'
import type { LeakOptions } from './leaks'

/** How leaks of a test are reported. */
export interface LeakReport extends LeakOptions {
  /** `fail`: the test fails; `warn`: there is a process warning (`NETLOOM_LEAK`). Default: fail. */
  report?: 'fail' | 'warn' | undefined
}

/** A test that runs, for the leak check. */
export interface Span {
  /** How many had begun when the holdings were looked at that it is compared with. */
  since: number
  before: readonly Holding[]
  /** How it is checked; not at all without. */
  check: LeakReport | undefined
  /** What tells the test from others that run at the same time. */
  readonly test: unknown
  /** Whether another test that ended while this one ran has left it its check. */
  shared: boolean
}

const running = new Set<Span>()
let begun = 0

/** A test begins. */
export function begin(test: unknown, check: LeakReport | undefined): Span {
  const span = { since: ++begun, before: check === undefined ? [] : holdings(), check, test, shared: false }
  running.add(span)
  return span
}

/** A test ends. Where others run that began later, what they hold is no leak: the check is left to one of them. */
export function end(span: Span): LeakReport | undefined {
  running.delete(span)
  const later = [...running].find(({ since }) => since > span.since)
  if (span.check === undefined || later === undefined) return span.check
  later.since = span.since
  later.before = span.before
  later.check ??= span.check
  later.shared ||= span.shared || span.test !== later.test
  return undefined
}
