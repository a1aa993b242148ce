// A dispatcher of undici whose connections begin inside a namespace. Users bring their own undici: this library does not
// depend on it.
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { isAbsolute } from 'node:path'
import type { ConnectionOptions as SecureOptions } from 'node:tls'
import { AbortError, NetloomError } from '../errors'
import { refuseToConnect } from '../sockets/stay'
import { checkInteger } from '../wire/integers'
import { checkObject, wrongType } from '../wire/invalid'
import { establish, type HostTarget, type NetnsWithLookup, type Target } from './establish'

/** A class of undici. */
export type UndiciClass = abstract new (...args: never[]) => object

/** What this library uses of the module `undici`, version 6 or newer. */
export interface UndiciModule {
  /** Its pool of connections to all origins. */
  readonly Agent: UndiciClass
  /** Makes its function that connects. */
  readonly buildConnector: (options?: never) => unknown
  /** Its errors. */
  readonly errors: Readonly<Record<'ConnectTimeoutError', UndiciClass>>
}

/** How a dispatcher connects. */
export interface DispatcherConnectOptions extends Omit<SecureOptions, 'timeout' | 'socket' | 'lookup'> {
  /** Milliseconds for a connection; 0 for no limit. Default: 10000, as in undici. */
  timeout?: number | undefined
  /** Resolves names. Default: the namespace's `lookup`. */
  lookup?: HostTarget['lookup']
  /** The path of a Unix socket to connect to, instead of the host in the URL. */
  socketPath?: string | undefined
  /** Whether the addresses of a name are tried in turn. Default: as in Node. */
  autoSelectFamily?: boolean | undefined
  /** Milliseconds for each of them but the last. Default: as in Node. */
  autoSelectFamilyAttemptTimeout?: number | undefined
  /** With HTTP/2 where a server offers it. Default: that of the dispatcher. */
  allowH2?: boolean | undefined
}

/** Options of `NetNs.dispatcher`: those of undici's `Agent` (`connections`, `pipelining`, `keepAliveTimeout` …). */
export interface DispatcherOptions {
  /** Options of its connections. A function is not allowed, as the dispatcher has its own, which connects inside the namespace. */
  connect?: DispatcherConnectOptions | undefined
  /** With HTTP/2 where a server offers it. Default: as in undici. */
  allowH2?: boolean | undefined
  /** Milliseconds for a connection. Default: 10000, as in undici. */
  connectTimeout?: number | undefined
  readonly [option: string]: unknown
}

/** The type of the option `dispatcher` of Node's own `fetch`. */
export type FetchDispatcher =
  RequestInit extends Partial<Record<'dispatcher', infer Dispatcher>> ? NonNullable<Dispatcher> : object

type Callback = (error: Error | null, socket: Socket | null) => void

/** The argument of undici's function that connects. */
interface Origin {
  readonly hostname: string
  readonly protocol: string
  readonly port: string
  readonly localAddress?: string | null
}
type Connector = (origin: Origin & { readonly httpSocket?: Socket }, callback: Callback) => void

interface Usable {
  readonly Agent: new (options: object) => object
  readonly buildConnector: (options: object) => Connector
  readonly errors: { readonly ConnectTimeoutError: new (message: string) => Error }
}

/** Options with which Node runs code from the command line: the arguments behind it are no program, either. */
const evaluates = /^(-e|-p|-pe|--eval|--print)(=|$)/

/** The file of the running program: its modules are searched from there. */
function mainFile(): string | undefined {
  // Undefined for an ES module.
  if (require.main?.filename !== undefined) return require.main.filename
  const [, file] = process.argv
  if (file === undefined || !isAbsolute(file) || process.execArgv.some((one) => evaluates.test(one))) return undefined
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}

/**
 * The undici that the program has installed, or else one beside this library. Never one from the working directory, which
 * another user may be able to write.
 */
function installed(netns: string): unknown {
  for (const place of [mainFile(), __filename]) {
    if (place === undefined || !isAbsolute(place)) continue
    try {
      return createRequire(place)('undici') as unknown
    } catch (error) {
      if ((error as { readonly code?: string }).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new NetloomError(
    `NetNs.dispatcher in netns ${netns}: there is no package "undici": npm install undici, or give it as the option "undici"`,
    'ERR_NETLOOM_NO_UNDICI',
    { operation: 'NetNs.dispatcher', netns },
  )
}

function moduleOf(given: unknown, netns: string): Usable {
  const found = (given ?? installed(netns)) as Partial<Usable> | null
  const usable = typeof found?.Agent === 'function' && typeof found.buildConnector === 'function'
  if (!usable) throw wrongType('undici', 'the module undici', given)
  return found as Usable
}

/** @internal NetNs.dispatcher */
export function dispatcherOf(place: NetnsWithLookup, options: DispatcherOptions & { undici?: unknown } = {}): object {
  checkObject(options)
  const { undici: given, connect = {}, ...rest } = options
  checkObject(connect, 'connect')
  const timeout = connect.timeout ?? rest.connectTimeout ?? 10_000
  checkInteger(timeout, 0, 0x7fffffff, 'connect.timeout')
  const undici = moduleOf(given, place.netns.label)
  const { allowH2, maxCachedSessions } = rest
  const common = Object.fromEntries(
    Object.entries({ allowH2, maxCachedSessions }).filter(([, value]) => value !== undefined),
  )
  const secure = undici.buildConnector({ ...common, ...connect, timeout })
  const connector: Connector = (origin, callback) => {
    const own = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }
    const secured: Callback = (error, socket) => {
      if (socket instanceof Socket) refuseToConnect(socket, place.netns)
      callback(error, socket)
    }
    const call = timeout === 0 ? {} : { timeout }
    establish(place, targetOf(origin, connect), own, call).then(
      (socket) => {
        // So that exceptions of the callback do not become errors of this call.
        process.nextTick(() => {
          if (origin.protocol === 'https:') secure({ ...origin, httpSocket: socket }, secured)
          else callback(null, socket)
        })
      },
      (error: unknown) => {
        const late = error instanceof AbortError
        const told = late ? new undici.errors.ConnectTimeoutError(`Connect Timeout Error (${error.message})`) : error
        process.nextTick(callback, told, null)
      },
    )
  }
  return new undici.Agent({ ...rest, connect: connector })
}

function targetOf({ hostname, protocol, port, localAddress }: Origin, connect: DispatcherConnectOptions): Target {
  const { socketPath, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout } = connect
  if (socketPath !== undefined) return { path: socketPath }
  return {
    // undici passes an IPv6 address in the brackets of a URL.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    localAddress: localAddress ?? undefined,
    lookup,
    autoSelectFamily,
    autoSelectFamilyAttemptTimeout,
  }
}
