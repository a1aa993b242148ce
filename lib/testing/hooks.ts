// The hooks of the test framework that runs: handed over, or found where they are global, or those of node:test.
import { NetloomError } from '../errors'
import { wrongType } from '../wire/invalid'

/** A hook that a framework calls around each test. What it is called with tells tests apart that run at the same time. */
export type Hook = () => Promise<void>

/** What registers hooks: `beforeEach` and `afterEach` of a test framework, or others that run once each and in this order. */
export interface Hooks {
  /** Registers what is to run before each test. */
  readonly beforeEach: (hook: Hook) => unknown
  /** Registers what is to run after each test, whether it failed or not. */
  readonly afterEach: (hook: Hook) => unknown
}

const names = ['beforeEach', 'afterEach'] as const

/** Those that are handed over, whatever else the object has; or those that are found. */
export function hooksOf(given: Hooks | undefined): Hooks {
  if (given === undefined) {
    const found = foundHooks()
    refuseInsideTest()
    return found
  }
  // A module of a test framework, or what stands for one.
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
  // Only here: it is of no use to other frameworks.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('node:test') as Partial<Hooks>
}

interface Expectations {
  readonly expect?: { getState?: () => { currentTestName?: string | undefined } }
}

// Inside a test hooks come too late. Jest tells which one runs; what vitest tells is the last that ran.
function refuseInsideTest(): void {
  if (process.env.VITEST !== undefined) return
  const running = (globalThis as Expectations).expect?.getState?.().currentTestName
  if (running === undefined) return
  throw misuse('ERR_NETLOOM_INSIDE_TEST', `it was called inside the test "${running}". ${beside}`)
}

/** Where it has to be called. */
export const beside =
  'Call it beside the tests, at the top of the file or in a describe, and use what it gives inside them'

/** The error of a call in the wrong place or at the wrong time. */
export function misuse(code: string, message: string): NetloomError {
  return new NetloomError(`useNetNs: ${message}`, code, { operation: 'useNetNs' })
}
