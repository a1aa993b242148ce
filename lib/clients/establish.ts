// Connects to a name: tries its addresses one after another, as Node does (RFC 8305, "happy eyeballs").
import type { LookupAddress } from 'node:dns'
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  isIP,
  type LookupFunction,
  type Socket,
} from 'node:net'
import { AbortError } from '../errors'
import type { CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import type { NameLookup, NameLookupOptions } from '../names/lookup'
import { connect, type ConnectionOptions, type MakeSocket } from '../sockets/connection'

/** A namespace, and how it resolves names. */
export interface NetnsWithLookup {
  readonly netns: NetnsHandle
  readonly lookup: NameLookup
}

/** The destination of a TCP connection, as for Node's `net.connect`. */
export interface HostTarget {
  /** A name, or an IP address. */
  readonly host: string
  /** The port, 1 to 65535. */
  readonly port: number
  /** The address to connect from. Default: the kernel chooses. */
  readonly localAddress?: string | undefined
  /** The port to connect from, 0 to 65535. Default: 0, the kernel chooses. */
  readonly localPort?: number | undefined
  /** The only device that it sends and receives by, by name or index (SO_BINDTOIFINDEX). Default: any. */
  readonly dev?: string | number | undefined
  /** The family of the addresses of a name, 4 or 6; 0 for both. Default: 0. */
  readonly family?: NameLookupOptions['family']
  /** How a name is resolved: `dns.ADDRCONFIG`, `dns.V4MAPPED`, `dns.ALL`. Default: 0. */
  readonly hints?: number | undefined
  /** Resolves a name instead of the namespace's `lookup`. */
  readonly lookup?: LookupFunction | undefined
  /** Whether the addresses of a name are tried in turn. Default: as in Node. */
  readonly autoSelectFamily?: boolean | undefined
  /** Milliseconds for each of them but the last. Default: as in Node. */
  readonly autoSelectFamilyAttemptTimeout?: number | undefined
  /** No path. */
  readonly path?: undefined
}

/** Whether a host is a name; if it is neither a name nor an address, it is refused like a wrong address. */
export function isName(host: unknown): host is string {
  if (typeof host !== 'string' || isIP(host) !== 0) return false
  // No name ends with a number (RFC 1123): it is a malformed address.
  return /^[^\s/:%[\]]+$/.test(host) && !/(^|\.)\d+\.?$/.test(host)
}

/** The destination of a connection. */
export type Target = HostTarget | { readonly path: string }

/** Called for the steps of connecting, with the names of Node's events. */
export type Listener = (event: string, ...args: unknown[]) => void

/** The shortest time for an attempt in milliseconds, as in Node. */
const shortest = 10

type OwnOptions = Omit<ConnectionOptions, keyof CallOptions>

/** A connection from the namespace, with Node's errors. */
export async function establish(
  place: NetnsWithLookup,
  target: Target,
  own: OwnOptions,
  { signal, timeout }: Pick<CallOptions, 'signal' | 'timeout'>,
  tell: Listener = () => undefined,
  make?: MakeSocket,
): Promise<Socket> {
  const deadline = timeout === undefined ? undefined : performance.now() + timeout
  const rest = (): number | undefined =>
    deadline === undefined ? undefined : Math.max(0, deadline - performance.now())
  if (target.path !== undefined) {
    const { path } = target
    return connect(place.netns, { ...own, path, signal, timeout }, make).catch((error: unknown) => {
      tell('connectionAttemptFailed', path, undefined, undefined, error)
      throw error
    })
  }
  const { port, localAddress, localPort, dev } = target
  const addresses = await addressesOf(place, target, { signal, timeout }, tell)
  const limit = Math.max(shortest, target.autoSelectFamilyAttemptTimeout ?? getDefaultAutoSelectFamilyAttemptTimeout())
  const errors: unknown[] = []
  for (const [index, { address, family }] of addresses.entries()) {
    const isLast = index === addresses.length - 1
    const left = rest()
    const mine = isLast ? left : Math.min(limit, left ?? limit)
    tell('connectionAttempt', address, port, family)
    try {
      const to = { host: address, port, localAddress, localPort, dev, signal, timeout: mine }
      return await connect(place.netns, { ...own, ...to }, make)
    } catch (error) {
      // Compares which limit was used, and not the clock: a timer may fire slightly early.
      if (signal?.aborted === true || rest() === 0 || (error instanceof AbortError && mine === left)) throw error
      if (error instanceof AbortError) {
        tell('connectionAttemptTimeout', address, port, family)
        errors.push(timedOut(place.netns, address, port))
      } else {
        tell('connectionAttemptFailed', address, port, family, error)
        errors.push(error)
      }
    }
  }
  throw errors.length === 1 ? errors[0] : together(errors, place.netns)
}

/** Node's error for an attempt that has timed out. */
function timedOut({ label }: NetnsHandle, address: string, port: number): Error {
  const properties = { errno: -110, code: 'ETIMEDOUT', syscall: 'connect', address, port, netns: label }
  return Object.assign(new Error(`connect ETIMEDOUT ${address}:${port}`), properties)
}

function together(errors: readonly unknown[], { label }: NetnsHandle): AggregateError {
  const { code } = errors[0] as { readonly code?: string }
  return Object.assign(new AggregateError(errors), { code, netns: label })
}

/** The addresses that are tried, in order. */
async function addressesOf(
  place: NetnsWithLookup,
  target: HostTarget,
  call: Pick<CallOptions, 'signal' | 'timeout'>,
  tell: Listener,
): Promise<LookupAddress[]> {
  const { host, hints, autoSelectFamily = getDefaultAutoSelectFamily() } = target
  const numeric = isIP(host)
  if (numeric !== 0) return [{ address: host, family: numeric }]
  // A socket that is bound to an address reaches only addresses of the same family.
  const family = target.family ?? isIP(target.localAddress ?? '')
  const wanted = { family, all: true, ...(hints === undefined ? {} : { hints }) } as const
  // JavaScript may pass `null`.
  const foreign = target.lookup === place.lookup ? undefined : (target.lookup ?? undefined)
  let found: LookupAddress[]
  try {
    found =
      foreign === undefined
        ? await place.lookup(host, { ...wanted, ...call })
        : await foreignLookup(foreign, host, wanted)
  } catch (error) {
    tell('lookup', error, undefined, undefined, host)
    throw error
  }
  if (found.length === 0) throw notFound(place.netns, host)
  for (const { address, family } of found) tell('lookup', null, address, family, host)
  return autoSelectFamily ? inTurn(found) : found.slice(0, 1)
}

/** The error for a lookup that gives neither an address nor an error. */
function notFound({ label }: NetnsHandle, hostname: string): Error {
  const properties = { errno: undefined, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname, netns: label }
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), properties)
}

/** Alternates the families, beginning with that of the first address. */
function inTurn(found: readonly LookupAddress[]): LookupAddress[] {
  const first = found.filter(({ family }) => family === found[0]?.family)
  const second = found.filter(({ family }) => family !== found[0]?.family)
  const turns = Array.from({ length: Math.max(first.length, second.length) }, (_, turn) => [first[turn], second[turn]])
  return turns.flat().filter((address) => address !== undefined)
}

type LookupAnswer = (error: Error | null | undefined, address: string | LookupAddress[], family?: number) => void

/** A lookup function of the user's, such as `dns.lookup` or one with a cache. */
function foreignLookup(lookup: LookupFunction, host: string, options: object): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    const answer: LookupAnswer = (error, address, family) => {
      if (error !== null && error !== undefined) reject(error)
      else if (typeof address === 'string') resolve([{ address, family: family ?? isIP(address) }])
      else resolve(address)
    }
    const ask = lookup as (host: string, options: object, answer: LookupAnswer) => void
    ask(host, options, answer)
  })
}
