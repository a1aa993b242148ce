// The hooks of the test framework: those that were passed, or global ones, or those of node:test.
import { NetloomError } from '../errors'
import { wrongType } from '../wire/invalid'

/** A hook that a framework calls before or after each test. Its argument distinguishes tests that run at the same time. */
export type Hook = () => Promise<void>

/** Functions that register hooks: `beforeEach` and `afterEach` of a test framework, or others that run once and in this order. */
export interface Hooks {
  /** Registers a hook that runs before each test. */
  readonly beforeEach: (hook: Hook) => unknown
  /** Registers a hook that runs after each test, also if that has failed. */
  readonly afterEach: (hook: Hook) => unknown
}

const names = ['beforeEach', 'afterEach'] as const

/** The hooks of the given object, which may have other properties, too; or those that are found. */
export function hooksOf(given: Hooks | undefined): Hooks {
  if (given === undefined) {
    const found = foundHooks()
    refuseInsideTest()
    return found
  }
  // A module of a test framework, or an object like one.
  if (typeof given !== 'object' || (given as unknown) === null) throw wrongType('hooks', 'an object', given)
  for (const name of names) {
    if (typeof given[name] !== 'function') throw wrongType(`hooks.${name}`, 'a function', given[name])
  }
  return given
}

function foundHooks(): Hooks {
  const found = [globalThis as Partial<Hooks>, ...(runByNode() ? [nodeHooks()] : [])].find((hooks) =>
    names.every((name) => typeof hooks[name] === 'function'),
  )
  if (found !== undefined) return found as Hooks
  throw misuse(
    'ERR_NETLOOM_NO_HOOKS',
    'there are no global beforeEach and afterEach, and this is not run by node --test. Hand over those of the framework: ' +
      'useNetNs({ hooks: { beforeEach, afterEach } })',
  )
}

function runByNode(): boolean {
  return process.env.NODE_TEST_CONTEXT !== undefined
}

function nodeHooks(): Partial<Hooks> {
  // Required only here, as other frameworks do not need it.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('node:test') as Partial<Hooks>
}

interface Expectations {
  readonly expect?: { getState?: () => { currentTestName?: string | undefined } }
}

// Inside a test hooks can no longer be registered. Jest has the test that runs; vitest has the last one that ran.
function refuseInsideTest(): void {
  if (process.env.VITEST !== undefined) return
  const running = (globalThis as Expectations).expect?.getState?.().currentTestName
  if (running === undefined) return
  throw misuse('ERR_NETLOOM_INSIDE_TEST', `it was called inside the test "${running}". ${beside}`)
}

/** Where useNetNs has to be called, for messages. */
export const beside =
  'Call it beside the tests, at the top of the file or in a describe, and use what it gives inside them'

/** The error of a call in the wrong place or at the wrong time. */
export function misuse(code: string, message: string): NetloomError {
  return new NetloomError(`useNetNs: ${message}`, code, { operation: 'useNetNs' })
}
