// useNetNs: namespaces for each test, by the hooks of the test framework.
import { arrange, dispose, type Arranged } from './arrange'
import { Cleanup } from './cleanup'
import { beside, misuse } from './hooks'
import { LeakError, settledLeaks } from './leaks'
import { planOf, switchName, type CurrentTestNet, type Plan, type TestNet, type UseNetNsOptions } from './options'
import { begin, end, type LeakReport, type Span } from './running'
import { wrongType } from '../wire/invalid'

/** A running test, with its namespaces. */
interface RunningTest {
  readonly span: Span
  readonly arranged: Arranged
  readonly cleanup: Cleanup
  readonly net: TestNet<string>
}

/**
 * Gives each test of a file, or of the describe in which it is called, namespaces of its own. They are deleted when the test
 * has ended, also if it has failed. Then looks for leaks; if there are any, the test fails with a `LeakError` that names them.
 * For jest, vitest, node:test, and other frameworks with such hooks.
 * @throws NetloomError: `ERR_NETLOOM_NO_HOOKS` if no hooks are found; `ERR_NETLOOM_INSIDE_TEST` if it is called inside a test;
 *   TypeError, RangeError for a wrong option. What it gives throws `ERR_NETLOOM_NO_TEST` where no test runs,
 *   `ERR_NETLOOM_MANY_TESTS` where it cannot tell which one is meant.
 * @example
 * const net = useNetNs({ pair: true })
 *
 * test('green answers', async () => {
 *   const server = net.use(await net.green.listen({ host: '10.0.0.2', port: 80 }))
 *   server.on('connection', (socket) => socket.end('hello'))
 *   const socket = net.use(await net.red.connect({ host: '10.0.0.2', port: 80 }))
 *   …
 * })
 */
export function useNetNs(
  options?: UseNetNsOptions<'ns'> & { names?: undefined; pair?: false | undefined },
): CurrentTestNet<'ns'>
export function useNetNs(options: UseNetNsOptions<'red' | 'green'> & { pair: true }): CurrentTestNet<'red' | 'green'>
export function useNetNs<const Name extends string>(
  options: UseNetNsOptions<Name> & { names: readonly Name[]; join?: 'cable' | undefined },
): CurrentTestNet<Name>
export function useNetNs<const Name extends string>(
  options: UseNetNsOptions<Name | 'switch'> & { names: readonly Name[]; join: 'bridge' },
): CurrentTestNet<Name | 'switch'>
export function useNetNs(options: object = {}): object {
  const plan = planOf(options)
  const tests = new Map<unknown, RunningTest>()
  const starting = new Map<unknown, Promise<void>>()
  // Without parameters of their own: jest takes one for a callback, vitest looks what is taken out of it.
  const ended = async (key: unknown): Promise<void> => {
    // If beforeEach exceeds the framework's time limit, the framework calls afterEach while beforeEach is still running.
    await starting.get(key)?.catch(() => undefined)
    await finish(tests, key)
  }
  // Without parameters of their own: jest takes one for a callback, vitest looks what is taken out of it.
  plan.hooks.beforeEach(async function () {
    // eslint-disable-next-line prefer-rest-params
    const key = keyOf(arguments[0])
    // An earlier test may not have ended, as some frameworks leave out afterEach.
    const started = ended(key).then(() => start(plan, tests, key))
    starting.set(key, started)
    await started
  })
  plan.hooks.afterEach(async function () {
    // eslint-disable-next-line prefer-rest-params
    const key = keyOf(arguments[0])
    await ended(key)
    starting.delete(key)
  })
  return currentNet(plan, tests)
}

/** The key of a test: vitest's task, node:test's context. In jest tests run one after another, and hooks get no argument. */
function keyOf(context: unknown): unknown {
  return (context as { task?: unknown } | undefined)?.task ?? context
}

async function start(plan: Plan, tests: Map<unknown, RunningTest>, key: unknown): Promise<void> {
  const span = begin(key, plan.leaks)
  const cleanup = new Cleanup()
  let arranged: Arranged = new Map()
  try {
    arranged = await arrange(plan)
    const net = netOf(
      [...arranged.keys()],
      (name) => arranged.get(name),
      () => cleanup,
    )
    tests.set(key, { span, arranged, cleanup, net })
    await plan.prepare?.(net)
  } catch (error) {
    // The test does not run then; whether its afterEach does depends on the framework.
    tests.delete(key)
    await release({ cleanup, arranged })
    end(span)
    throw error
  }
}

/** Cleans up, disposes and checks, each even if the one before has failed; throws the first error. */
async function finish(tests: Map<unknown, RunningTest>, key: unknown): Promise<void> {
  const test = tests.get(key)
  if (test === undefined) return
  tests.delete(key)
  const failures = await release(test)
  const check = end(test.span)
  const leak = check === undefined ? undefined : await leakOf(test.span, check)
  if (leak !== undefined && check?.report === 'warn') {
    process.emitWarning(leak.message, { type: 'NetloomWarning', code: 'NETLOOM_LEAK' })
  } else if (leak !== undefined) failures.push(leak)
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'))
  if (failures.length > 0) throw failures[0]
}

async function release({ cleanup, arranged }: Pick<RunningTest, 'cleanup' | 'arranged'>): Promise<unknown[]> {
  const failures = await cleanup.run()
  await dispose(arranged.values()).catch((error: unknown) => failures.push(error))
  return failures
}

async function leakOf({ before, shared }: Span, check: LeakReport): Promise<LeakError | undefined> {
  const { ignore, foreign, timeout = 1000 } = check
  // The library's threads stay for the next test, and end by themselves if there is none.
  const isExpected: NonNullable<LeakReport['ignore']> = (leak) => leak.kind === 'thread' || ignore?.(leak) === true
  const leaks = await settledLeaks(before, { foreign, timeout, ignore: isExpected })
  if (leaks.length === 0) return undefined
  return new LeakError(shared ? 'This test, or one that ran at the same time,' : 'The test', leaks)
}

function currentNet(plan: Plan, tests: ReadonlyMap<unknown, RunningTest>): CurrentTestNet<string> {
  const names = plan.join === 'bridge' ? [...plan.names, switchName] : plan.names
  const current = (what: string): RunningTest => {
    const [test, another] = tests.values()
    if (test === undefined) {
      throw misuse(
        'ERR_NETLOOM_NO_TEST',
        `${what} is there while a test runs, and none does. ${beside}. ` +
          '(With test.concurrent jest starts a test before the hooks.)',
      )
    }
    if (another === undefined) return test
    throw misuse(
      'ERR_NETLOOM_MANY_TESTS',
      `${tests.size} tests run at the same time: ${what} is what net.of(context) has, with the context that a test is called with`,
    )
  }
  const of = (context: unknown): TestNet<string> => {
    // The context of vitest is a function with properties.
    const isOne = (typeof context === 'object' && context !== null) || typeof context === 'function'
    if (!isOne) throw wrongType('context', "a test's context", context)
    const test = tests.get(keyOf(context))
    if (test !== undefined) return test.net
    throw misuse('ERR_NETLOOM_NO_TEST', 'no test of this context runs')
  }
  const net = netOf(
    names,
    (name) => current(`"${name}"`).arranged.get(name),
    (what) => current(`"${what}"`).cleanup,
  )
  return Object.assign(net, { of })
}

/** An object with the namespaces as properties, which are looked up when they are used. */
function netOf(
  names: readonly string[],
  namespace: (name: string) => unknown,
  cleanup: (what: string) => Cleanup,
): TestNet<string> {
  const net = {
    use: <Resource extends AsyncDisposable | Disposable>(resource: Resource) => cleanup('use').use(resource),
    defer: (step: () => unknown) => {
      cleanup('defer').defer(step)
    },
  }
  for (const name of names) Object.defineProperty(net, name, { enumerable: true, get: () => namespace(name) })
  return net as TestNet<string>
}
