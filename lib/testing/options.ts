// The options and the result of useNetNs, and the checks of the options.
import type { NetNs } from '../netns/netns'
import { checkPrefix } from '../netns/many'
import { checkDeviceName } from '../wire/device'
import { canonicalPrefix } from '../wire/ip'
import { checkArray, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { hooksOf, type Hooks } from './hooks'
import { checkLeakOptions } from './leaks'
import type { LeakReport } from './running'

/** A test's namespaces by their names, and its cleanup. */
export type TestNet<Name extends string> = Readonly<Record<Name, NetNs>> & TestCleanup

/** The cleanup at the end of a test, before its namespaces are deleted: the last first, also if the test has failed. */
export interface TestCleanup {
  /**
   * Disposes something at the end of the test, and returns it: a server, a socket, a `NetNs`.
   * @example
   * const server = net.use(await net.green.listen({ port: 80 }))
   */
  use<Resource extends AsyncDisposable | Disposable>(resource: Resource): Resource
  /**
   * Calls a function at the end of the test.
   * @example
   * net.defer(() => child.kill())
   */
  defer(cleanup: () => unknown): void
}

/** The result of `useNetNs`: in a test, that test's namespaces. */
export type CurrentTestNet<Name extends string> = TestNet<Name> & {
  /**
   * The namespaces of the test with this context, where several tests run at the same time: the argument with which vitest and
   * node:test call a test.
   * @example
   * test.concurrent('a test', async (context) => { const { ns } = net.of(context) })
   */
  of(context: object): TestNet<Name>
}

/** How the namespaces of a test are joined. */
export type Join = 'cable' | 'bridge'

/** Options of `useNetNs`. */
export interface UseNetNsOptions<Name extends string> {
  /** The names of the namespaces in the test: properties of the result of `useNetNs`. Default: one, `ns`. */
  names?: readonly string[] | undefined
  /** Two namespaces, `red` and `green`, joined by a veth pair. Default: false. */
  pair?: boolean | undefined
  /**
   * How they are joined: `cable`: two namespaces by a veth pair; `bridge`: each to a bridge `br0` in another namespace, `switch`,
   * where the port has the name of the namespace. Each has `lo` and `eth0`, up. Default: not at all.
   */
  join?: Join | undefined
  /**
   * The addresses of `eth0` by the names of the namespaces, with prefix lengths; none for a namespace that is left out.
   * Default: `10.0.0.1/24` and `fd00::1/64` in the first one, `10.0.0.2/24` and `fd00::2/64` in the second, and so on.
   */
  addresses?: Readonly<Partial<Record<Name, readonly string[]>>> | undefined
  /**
   * Names them under `/run/netns`, for tests that call `ip`: with this prefix, the name in the test and a number. They are
   * deleted with the test. Default: they are anonymous, which is faster, and leaves nothing when the process is killed.
   */
  prefix?: string | undefined
  /** Called before each test, after the namespaces are created: for what all tests need in them. */
  prepare?: ((net: TestNet<Name>) => unknown) | undefined
  /** How leaks of a test are reported: the test fails, there is a warning, or nothing. Default: `fail`. */
  leaks?: false | 'fail' | 'warn' | LeakReport | undefined
  /**
   * The framework's hooks, where they are not global: those of vitest, `@jest/globals` or node:test. With `beforeAll` and
   * `afterAll` in place of `beforeEach` and `afterEach`, all tests of a block share their namespaces.
   */
  hooks?: Hooks | undefined
}

/** The checked options, with defaults. */
export interface Plan {
  readonly names: readonly string[]
  readonly join: Join | undefined
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly prefix: string | undefined
  readonly prepare: ((net: TestNet<string>) => unknown) | undefined
  readonly leaks: LeakReport | undefined
  readonly hooks: Hooks
}

const keys = new Set(['names', 'pair', 'join', 'addresses', 'prefix', 'prepare', 'leaks', 'hooks'])
const taken = new Set(['use', 'defer', 'of', 'then', 'constructor', '__proto__'])
/** The namespace of the bridge. */
export const switchName = 'switch'
/** The addresses of 10.0.0.0/24 suffice for this many. */
const mostNames = 254

/** The prefix in `/run/netns` of the namespace that has this name in the test. */
export function prefixOf(prefix: string, name: string): string {
  return `${prefix}${name}-`
}

/** Checks the options, and fills in the defaults. */
export function planOf(options: UseNetNsOptions<string>): Plan {
  checkKeys(options, keys)
  const { pair = false, prefix, prepare, leaks } = options
  if (typeof pair !== 'boolean') throw wrongType('pair', 'a boolean', pair)
  for (const name of ['names', 'join'] as const) {
    if (pair && options[name] !== undefined) throw wrongType(name, 'left out where "pair" is true', options[name])
  }
  const names = pair ? ['red', 'green'] : checkNames(options.names ?? ['ns'])
  const join = pair ? 'cable' : checkJoin(options.join, names)
  if (prefix !== undefined) {
    checkPrefix(prefix)
    // With the number behind it, the prefix must still be a name.
    for (const name of [...names, switchName]) checkPrefix(prefixOf(prefix, name))
  }
  if (prepare !== undefined && typeof prepare !== 'function') throw wrongType('prepare', 'a function', prepare)
  const addresses = addressesOf(options.addresses, names, join)
  return { names, join, addresses, prefix, prepare, leaks: leakReportOf(leaks), hooks: hooksOf(options.hooks) }
}

function checkNames(names: readonly unknown[]): readonly string[] {
  const list = checkArray(names, 'names', 'an array of names', mostNames)
  if (list.length < 1) throw outOfRange('names', `1 to ${mostNames} names`, names)
  return list.map((value, i) => {
    // It becomes the name of a port of the bridge, and a part of a name in /run/netns.
    const name = checkDeviceName(value, `names[${i}]`)
    const free = !taken.has(name) && names.indexOf(name) === i
    if (!free) throw wrongValue(`names[${i}]`, `a name of its own, not one of ${[...taken].join(', ')}`, name)
    return name
  })
}

function checkJoin(join: unknown, names: readonly string[]): Join | undefined {
  if (join === undefined) return undefined
  if (join !== 'cable' && join !== 'bridge') throw wrongValue('join', '"cable" or "bridge"', join)
  if (join === 'cable' && names.length !== 2) throw outOfRange('names', 'two names where "join" is "cable"', names)
  if (join === 'bridge') {
    const at = names.findIndex((name) => name === switchName || name === 'br0' || name === 'lo')
    if (at >= 0) throw wrongValue(`names[${at}]`, 'not "switch", "br0" or "lo" where "join" is "bridge"', names[at])
  }
  return join
}

function addressesOf(given: unknown, names: readonly string[], join: Join | undefined): Plan['addresses'] {
  if (given === undefined) {
    const places = names.map((name, i) => [name, [`10.0.0.${i + 1}/24`, `fd00::${(i + 1).toString(16)}/64`]] as const)
    return new Map(join === undefined ? [] : places)
  }
  if (join === undefined) throw wrongType('addresses', 'left out where nothing is joined', given)
  checkKeys(given, new Set(names), 'addresses')
  const entries = Object.entries(given as Record<string, unknown>).filter(([, list]) => list !== undefined)
  return new Map(
    entries.map(([name, list]) => {
      const given = checkArray(list, `addresses.${name}`, 'an array of addresses') as readonly string[]
      return [name, given.map((address, i) => canonicalPrefix(address, `addresses.${name}[${i}]`))]
    }),
  )
}

function leakReportOf(leaks: UseNetNsOptions<string>['leaks']): LeakReport | undefined {
  if (leaks === false) return undefined
  if (leaks === undefined || leaks === 'fail' || leaks === 'warn') return { report: leaks ?? 'fail' }
  if (typeof leaks !== 'object' || (leaks as unknown) === null)
    throw wrongValue('leaks', 'false, "fail", "warn" or an object', leaks)
  checkLeakOptions(leaks, 'leaks', ['report'])
  const report: unknown = leaks.report
  if (report !== undefined && report !== 'fail' && report !== 'warn') {
    throw wrongValue('leaks.report', '"fail" or "warn"', report)
  }
  return leaks
}
