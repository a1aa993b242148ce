// Parses the address of a server, as Open vSwitch's programs write it, and connects to it.
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'
import type { Call } from './calls'

/** An address to connect to: of a Unix socket, or of TCP. */
export type DialAddress = UnixAddress | TcpAddress

/** The address of a Unix socket. */
export interface UnixAddress {
  /** The path of the socket. */
  readonly path: string
}

/** The address of a TCP socket. */
export interface TcpAddress {
  /** A name or an address. */
  readonly host: string
  /** The port. */
  readonly port: number
}

/** Opens a connection instead of `net.connect`. */
export type Dial = (address: DialAddress, options: { readonly signal: AbortSignal }) => Promise<Duplex>

/** Options of TLS, as of Node's own `tls.connect`. */
export type TlsOptions = Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket'>

/** A parsed address of a server. */
export interface Remote {
  readonly name: string
  readonly address: DialAddress
  readonly tls: boolean
}

const defaultPort = 6640

function endpoint(text: string, name: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  if (host === undefined || (bracketed !== undefined && isIP(bracketed.replace(/%.*/, '')) !== 6)) {
    throw wrongValue('remotes', 'unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT, an IPv6 address in brackets', name)
  }
  const number = port === undefined ? defaultPort : Number(port)
  if (number < 1 || number > 65535) throw outOfRange('remotes', 'an address with a port from 1 to 65535', name)
  return { host, port: number }
}

/** Reads `unix:PATH`, `tcp:HOST[:PORT]` or `ssl:HOST[:PORT]`. */
export function parseRemote(name: unknown): Remote {
  if (typeof name !== 'string') throw wrongType('remotes', 'a string or an array of strings', name)
  const colon = name.indexOf(':')
  const rest = name.slice(colon + 1)
  switch (name.slice(0, colon)) {
    case 'unix':
      if (rest === '' || rest.includes('\0')) throw wrongValue('remotes', 'unix:PATH', name)
      return { name, address: { path: rest }, tls: false }
    case 'tcp':
      return { name, address: endpoint(rest, name), tls: false }
    case 'ssl':
      return { name, address: endpoint(rest, name), tls: true }
    default:
      throw wrongValue('remotes', 'unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT', name)
  }
}

/** Waits for a socket's event that says that it is open. */
async function opened<S extends Duplex>(socket: S, event: string, call: Call): Promise<S> {
  try {
    await call.race(
      new Promise<void>((resolve, reject) => {
        socket.once(event, resolve)
        socket.once('error', reject)
        socket.once('close', () => {
          reject(new Error('the server closed'))
        })
      }),
      'none',
    )
    return socket
  } catch (error) {
    socket.on('error', () => undefined).destroy()
    throw error
  }
}

async function dialed(dial: Dial, address: DialAddress, call: Call): Promise<Duplex> {
  const controller = new AbortController()
  const forget = call.onEnd(() => {
    controller.abort()
  })
  try {
    return await dial(address, { signal: controller.signal })
  } finally {
    forget()
  }
}

async function plain(address: DialAddress, dial: Dial | undefined, call: Call): Promise<Duplex> {
  if (dial !== undefined) return dialed(dial, address, call)
  const socket: Socket = connectTcp('path' in address ? { path: address.path } : { ...address, noDelay: true })
  return opened(socket, 'connect', call)
}

/** Opens a socket to a server. */
export async function openSocket(
  { address, tls }: Remote,
  options: { readonly tls: TlsOptions | undefined; readonly dial: Dial | undefined },
  call: Call,
): Promise<Duplex> {
  const socket = await plain(address, options.dial, call)
  if (!tls || 'path' in address) return socket
  const named = isIP(address.host) === 0 ? { servername: address.host } : {}
  const secured = connectTls({ ...named, ...options.tls, host: address.host, socket })
  // TLS over a stream that is no socket does not end that stream.
  secured.once('close', () => socket.destroy())
  return opened(secured, 'secureConnect', call)
}
