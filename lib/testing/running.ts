// The running tests: each is checked for leaks when it ends, or together with those that overlap with it.
import { holdings, type Holding } from './holdings'
import type { LeakOptions } from './leaks'

/** How leaks of a test are reported. */
export interface LeakReport extends LeakOptions {
  /** `fail`: the test fails; `warn`: there is a process warning (`NETLOOM_LEAK`). Default: fail. */
  report?: 'fail' | 'warn' | undefined
}

/** A running test, for the leak check. */
export interface Span {
  /** How many tests had begun when the holdings were read that it is compared with. */
  since: number
  before: readonly Holding[]
  /** How it is checked; undefined: not at all. */
  check: LeakReport | undefined
  /** Identifies the test among those that run at the same time. */
  readonly test: unknown
  /** Whether this one also checks for a test that ended earlier. */
  shared: boolean
}

const running = new Set<Span>()
let begun = 0

/** To be called when a test begins. */
export function begin(test: unknown, check: LeakReport | undefined): Span {
  const span = { since: ++begun, before: check === undefined ? [] : holdings(), check, test, shared: false }
  running.add(span)
  return span
}

/** To be called when a test ends. If tests run that began later, one of them makes the check, as their holdings are no leaks. */
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
