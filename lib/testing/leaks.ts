// The leak check: finds resources that did not exist before, after those that end by themselves have ended.
import { performance } from 'node:perf_hooks'
import timers from 'node:timers/promises'
import { NetloomError } from '../errors'
import { checkKeys, outOfRange, wrongType } from '../wire/invalid'
import { holdings, type Holding } from './holdings'

/** Options of the leak check. */
export interface LeakOptions {
  /**
   * Counts shared resources whatever process has made them. Otherwise names in `/run/netns` and mounts count only if they are
   * of a namespace that this process has opened or created with this library, and devices only if it has opened its own
   * namespace (`NetNs.current`), so that other test workers do no harm. Default: false.
   */
  foreign?: boolean | undefined
  /** Leaves out holdings for which it returns true. */
  ignore?: ((leak: Holding) => boolean) | undefined
  /** Milliseconds that resources have to end by themselves, 0 to 2147483647. Default: 5000; per test 1000. */
  timeout?: number | undefined
}

export const leakKeys = ['foreign', 'ignore', 'timeout']

/** Resources were left behind: `leaks`. Its code is `ERR_NETLOOM_LEAK`. */
export class LeakError extends NetloomError {
  /** The name of the class, `LeakError`. */
  override name = 'LeakError'
  /** The resources that were left behind. */
  readonly leaks: readonly Holding[]

  constructor(who: string, leaks: readonly Holding[]) {
    // Those with a stack come last: test runners cut stacks out of a message, and show the code of their lines.
    const sorted = [...leaks].sort((a, b) => Number(a.kind === 'handle') - Number(b.kind === 'handle'))
    const message = `${who} left behind:\n${sorted.map(describe).join('\n')}`
    super(message, 'ERR_NETLOOM_LEAK', { operation: 'checkLeaks' })
    this.leaks = leaks
    // Without a stack: that of the check does not help.
    this.stack = `${this.name}: ${message}`
  }
}

function describe({ kind, name, openedAt }: Holding): string {
  if (kind === 'namespace') return `  the namespace ${name} in /run/netns`
  if (kind !== 'handle') return `  ${kind} ${name}`
  const where = openedAt === undefined ? '' : `; it was opened here:\n${openedAt.replaceAll(/^ */gm, '    ')}`
  return `  ${name}, not closed${where}`
}

/** Checks the options of the leak check. */
export function checkLeakOptions(options: LeakOptions, prefix = '', more: readonly string[] = []): void {
  checkKeys(options, new Set([...leakKeys, ...more]), prefix)
  const { foreign, ignore, timeout } = options
  const field = (name: string): string => (prefix === '' ? name : `${prefix}.${name}`)
  if (foreign !== undefined && typeof foreign !== 'boolean') throw wrongType(field('foreign'), 'a boolean', foreign)
  if (ignore !== undefined && typeof ignore !== 'function') throw wrongType(field('ignore'), 'a function', ignore)
  if (timeout === undefined) return
  if (typeof timeout !== 'number') throw wrongType(field('timeout'), 'a number of milliseconds', timeout)
  if (!(timeout >= 0 && timeout <= 0x7fffffff)) throw outOfRange(field('timeout'), 'from 0 to 2147483647', timeout)
}

function checkBefore(before: unknown): void {
  const known = Array.isArray(before) && before.every((one: Partial<Holding> | null) => typeof one?.sort === 'string')
  if (!known) throw wrongType('before', 'what holdings() gave', before)
}

/**
 * The holdings now that were none before. Waits for those that end by themselves: threads, and sockets that are being closed.
 * @throws TypeError, RangeError for a wrong option.
 * @example
 * for (const { kind, name } of await findLeaks(before)) console.log(kind, name)
 */
export async function findLeaks(before: readonly Holding[], options: LeakOptions = {}): Promise<Holding[]> {
  checkBefore(before)
  checkLeakOptions(options)
  return settledLeaks(before, options)
}

/**
 * Throws if there are holdings that were none before.
 * @throws LeakError with their names; TypeError, RangeError for a wrong option.
 * @example
 * let before
 * beforeAll(() => { before = holdings() })
 * afterAll(() => checkLeaks(before))
 */
export async function checkLeaks(before: readonly Holding[], options: LeakOptions = {}): Promise<void> {
  const leaks = await findLeaks(before, options)
  if (leaks.length > 0) throw new LeakError('What ran since holdings()', leaks)
}

// Kept at load time, as a test may replace it with fake timers.
const sleep = timers.setTimeout
const turn = timers.setImmediate
const now = performance.now.bind(performance)

// Node closes most resources a few turns of the event loop after the program does.
const turnsAtFirst = 5
const pauseMs = 10

export async function settledLeaks(before: readonly Holding[], options: LeakOptions): Promise<Holding[]> {
  const { timeout = 5000 } = options
  let left = leaksSince(before, options)
  for (let turns = 0; left.length > 0 && turns < turnsAtFirst; turns++) {
    await turn()
    left = leaksSince(before, options)
  }
  const deadline = now() + timeout
  while (left.length > 0 && now() < deadline) {
    await sleep(pauseMs)
    left = leaksSince(before, options)
  }
  return left
}

function leaksSince(before: readonly Holding[], { foreign = false, ignore }: LeakOptions): Holding[] {
  const added = additions(before, holdings()).filter(({ own }) => own || foreign)
  // A handle is reported once, and not again as its descriptor.
  const handles = new Set(added.flatMap(({ kind, sort }) => (kind === 'handle' ? [sort] : [])))
  return added.filter((one) => !(one.kind === 'descriptor' && handles.has(one.id)) && ignore?.(one) !== true)
}

/** For each sort, as many of the new holdings as there are more than before. */
function additions(before: readonly Holding[], after: readonly Holding[]): Holding[] {
  const earlier = bySort(before)
  return [...bySort(after)].flatMap(([sort, all]) => {
    const ids = (earlier.get(sort) ?? []).map(({ id }) => id)
    const more = all.length - ids.length
    if (more <= 0) return []
    const fresh = all.filter(({ id }) => {
      const at = ids.indexOf(id)
      if (at >= 0) ids.splice(at, 1)
      return at < 0
    })
    return fresh.slice(-more)
  })
}

function bySort(all: readonly Holding[]): Map<string, Holding[]> {
  const sorts = new Map<string, Holding[]>()
  for (const one of all) {
    const sort = `${one.kind} ${one.sort}`
    const same = sorts.get(sort)
    if (same === undefined) sorts.set(sort, [one])
    else same.push(one)
  }
  return sorts
}
