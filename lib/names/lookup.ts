// `lookup` of a namespace, with the interface of dns.lookup.
import { createSocket } from 'node:dgram'
import {
  ADDRCONFIG,
  ALL,
  getDefaultResultOrder,
  V4MAPPED,
  type LookupAddress,
  type LookupAllOptions,
  type LookupOneOptions,
  type LookupOptions as NodeOptions,
} from 'node:dns'
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { AbortError, NetloomError, type Subject } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { openSocket } from '../native/socket_jobs'
import { withNetns } from '../native/with_netns'
import { checkInteger } from '../wire/integers'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import type { Addresses, Failure, Resolver } from './resolve'
import type { RecordType } from './question'

/** Options of `NetNs.lookup`: those of Node's `dns.lookup`, and `signal` and `timeout`. */
export interface NameLookupOptions extends Omit<NodeOptions, 'family'>, Pick<CallOptions, 'signal' | 'timeout'> {
  /** 4 or 6, also as `'IPv4'` or `'IPv6'`; 0 for both. Default: 0. */
  family?: number | 'IPv4' | 'IPv6' | undefined
  /** How addresses of both families are ordered. Default: `dns.getDefaultResultOrder()`. */
  order?: 'ipv4first' | 'ipv6first' | 'verbatim' | undefined
}

type OneCallback = (error: NodeJS.ErrnoException | null, address: string, family: number) => void
type AllCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void
type AnyCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family: number) => void

/** Resolves names in a namespace as Node's `dns.lookup`; returns a promise where no callback is given. */
export interface NameLookup {
  (hostname: string, options: number | LookupOneOptions | undefined | null, callback: OneCallback): void
  (hostname: string, options: LookupAllOptions, callback: AllCallback): void
  (hostname: string, options: NameLookupOptions, callback: AnyCallback): void
  (hostname: string, callback: OneCallback): void
  (hostname: string, options: NameLookupOptions & { all: true }): Promise<LookupAddress[]>
  (hostname: string, options?: number | (NameLookupOptions & { all?: false | undefined })): Promise<LookupAddress>
  (hostname: string, options?: number | NameLookupOptions): Promise<LookupAddress | LookupAddress[]>
}

/** Checked options. */
interface Wanted {
  readonly family: 0 | 4 | 6
  readonly hints: number
  readonly all: boolean
  readonly order: NonNullable<NameLookupOptions['order']>
  readonly signal: AbortSignal | undefined
  readonly timeout: number | undefined
}

const orders = ['ipv4first', 'ipv6first', 'verbatim'] as const
const keys = new Set(['family', 'hints', 'all', 'order', 'verbatim', 'signal', 'timeout'])
const families: Readonly<Record<string, 0 | 4 | 6>> = { 0: 0, 4: 4, 6: 6, IPv4: 4, IPv6: 6 }

/** libuv's numbers of these errors, as in Node. */
const errnos: Readonly<Record<Failure, number>> = { ENOTFOUND: 3008, EAI_AGAIN: 3001 }

/** The error of Node's `dns.lookup` where there is no address. */
function lookupError(code: Failure, hostname: string, { operation, netns }: Subject): NetloomError {
  const message = `getaddrinfo ${code} ${hostname} in netns ${netns}`
  const details = { operation, netns, errno: errnos[code], syscall: 'getaddrinfo' }
  return Object.assign(new NetloomError(message, code, details), { hostname })
}

/** Makes the `lookup` of a namespace. It needs no `this`, so that it can be passed as an option. */
export function lookupOf(resolver: Resolver, configured: () => Promise<ReadonlySet<4 | 6>>): NameLookup {
  const lookup = (hostname: unknown, second?: unknown, third?: unknown): Promise<unknown> | undefined => {
    const callback = typeof second === 'function' ? second : third
    if (callback !== undefined && typeof callback !== 'function') throw wrongType('callback', 'a function', callback)
    const check = (): [string, Wanted] => [checkHostname(hostname), wanted(typeof second === 'function' ? {} : second)]
    if (callback === undefined) return promised(check)
    const [name, want] = check()
    const tell = callback as AnyCallback
    find(resolver, configured, name, want).then(
      (found) => {
        const [{ address, family }] = found
        process.nextTick(() => {
          if (want.all) tell(null, found, 0)
          else tell(null, address, family)
        })
      },
      (error: unknown) => {
        process.nextTick(tell, error)
      },
    )
    return undefined
  }
  async function promised(check: () => [string, Wanted]): Promise<LookupAddress | LookupAddress[]> {
    const [name, want] = check()
    const found = await find(resolver, configured, name, want)
    return want.all ? found : found[0]
  }
  return lookup as NameLookup
}

function checkHostname(hostname: unknown): string {
  if (typeof hostname !== 'string') throw wrongType('hostname', 'a string', hostname)
  if (hostname === '' || hostname.includes('\0')) throw wrongValue('hostname', 'a name', hostname)
  return hostname
}

function wanted(given: unknown): Wanted {
  const options = (typeof given === 'number' ? { family: given } : (given ?? {})) as NameLookupOptions
  checkKeys(options, keys)
  const { family = 0, hints = 0, all = false, verbatim, signal, timeout } = options
  checkCallOptions({ signal, timeout })
  const known = families[String(family)]
  if (known === undefined) throw wrongValue('family', '0, 4, 6, "IPv4" or "IPv6"', family)
  checkInteger(hints, 0, 0xffff, 'hints')
  if ((hints & ~(ADDRCONFIG | V4MAPPED | ALL)) !== 0)
    throw wrongValue('hints', 'made of ADDRCONFIG, V4MAPPED and ALL', hints)
  for (const [key, value] of Object.entries({ all, verbatim })) {
    if (value !== undefined && typeof value !== 'boolean') throw wrongType(key, 'a boolean', value)
  }
  const byVerbatim = verbatim === undefined ? getDefaultResultOrder() : verbatim ? 'verbatim' : 'ipv4first'
  const order = options.order ?? byVerbatim
  if (!orders.includes(order)) throw wrongValue('order', orders.map((one) => `"${one}"`).join(', '), order)
  return { family: known, hints, all, order, signal, timeout }
}

async function find(
  resolver: Resolver,
  configured: () => Promise<ReadonlySet<4 | 6>>,
  hostname: string,
  want: Wanted,
): Promise<[LookupAddress, ...LookupAddress[]]> {
  const numeric = isIP(hostname)
  if (numeric !== 0) return [{ address: hostname, family: numeric }]
  const subject: Subject = { operation: 'NetNs.lookup', netns: resolver.netns.label }
  // A name of ASCII characters (`_tcp` too, which IDNA refuses) is asked for as it is.
  const name = /^[\x21-\x7e]+$/.test(hostname) ? hostname : domainToASCII(hostname)
  const labels = name.replace(/\.$/, '').split('.')
  if (name.length > 254 || labels.some(({ length }) => length < 1 || length > 63)) {
    throw lookupError('ENOTFOUND', hostname, subject)
  }
  const { family, hints, timeout } = want
  const limit = timeout === undefined ? undefined : AbortSignal.timeout(timeout)
  const signals = [want.signal, limit].filter((signal) => signal !== undefined)
  const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0]
  const mapped = family === 6 && (hints & V4MAPPED) !== 0
  let types: RecordType[] = family === 4 ? ['A'] : family === 6 && !mapped ? ['AAAA'] : ['AAAA', 'A']
  if ((hints & ADDRCONFIG) !== 0) {
    const there = await configured()
    types = types.filter((type) => there.has(type === 'A' ? 4 : 6))
  }
  const found = await resolver.resolve(name, types, signal).catch((error: unknown) => {
    const late = limit?.aborted === true && want.signal?.aborted !== true
    throw late ? new AbortError(subject, 'unknown', undefined, 'a name server') : withNetns(error, resolver.netns)
  })
  if (typeof found === 'string') throw lookupError(found, hostname, subject)
  const addresses = mapped ? asIPv6(found, (hints & ALL) !== 0) : await ordered(resolver, found, want.order)
  const [first, ...others] = addresses
  if (first === undefined) throw lookupError('ENOTFOUND', hostname, subject)
  return [first, ...others]
}

const four = (address: string): LookupAddress => ({ address, family: 4 })
const six = (address: string): LookupAddress => ({ address, family: 6 })

/** IPv4 addresses as IPv6 addresses (V4MAPPED): if there are no others, or besides them (ALL). */
function asIPv6({ A, AAAA }: Addresses, all: boolean): LookupAddress[] {
  const mapped = A.map((address) => six(`::ffff:${address}`))
  return AAAA.length === 0 ? mapped : all ? [...AAAA.map(six), ...mapped] : AAAA.map(six)
}

async function ordered(resolver: Resolver, { A, AAAA }: Addresses, order: Wanted['order']): Promise<LookupAddress[]> {
  const [v4, v6] = [A.map(four), AAAA.map(six)]
  if (order === 'ipv4first') return [...v4, ...v6]
  if (order === 'ipv6first') return [...v6, ...v4]
  const [first] = v6
  if (first === undefined || v4.length === 0) return [...v6, ...v4]
  // RFC 6724 prefers IPv6, but reachable addresses come first.
  return (await isReachable(resolver, first.address)) ? [...v6, ...v4] : [...v4, ...v6]
}

/** Whether the namespace has a route to an address: connecting a UDP socket looks it up, and sends nothing. */
async function isReachable(resolver: Resolver, address: string): Promise<boolean> {
  const opened = await openSocket('NetNs.lookup', resolver.netns, { family: 'ipv6', type: 'datagram' })
  const socket = createSocket('udp6')
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('error', () => {
        resolve(false)
      })
      socket.bind({ fd: opened.take(), exclusive: true })
      socket.once('connect', () => {
        resolve(true)
      })
      socket.connect(9, address)
    })
  } finally {
    opened.close()
    socket.close()
  }
}
