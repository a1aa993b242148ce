// Connections from inside a namespace, to an address or to a name.
import type { Socket } from 'node:net'
import {
  checkConnectOptions,
  connect as connectToAddress,
  type ConnectOptions,
  type MakeSocket,
  type TcpConnectOptions,
} from '../sockets/connection'
import { checkObject } from '../wire/invalid'
import { ClientSocket } from './client_socket'
import { establish, isName, type NetnsWithLookup } from './establish'

/** @internal NetNs.connect */
export async function connect(place: NetnsWithLookup, given: ConnectOptions): Promise<Socket> {
  const options = withHost(given)
  const make: MakeSocket = (own) => new ClientSocket(place, own)
  if (!isNamed(options)) return connectToAddress(place.netns, options, make)
  // Checks all options before a name server is asked.
  checkConnectOptions({ ...options, host: options.localAddress ?? '127.0.0.1' })
  const { host, port, localAddress, localPort, dev, family, hints, lookup, signal, timeout, ...rest } = options
  const { autoSelectFamily, autoSelectFamilyAttemptTimeout, onWarning: _, ...own } = rest
  const choice = { family, hints, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout }
  const target = { host, port, localAddress, localPort, dev, ...choice }
  return establish(place, target, own, { signal, timeout }, undefined, make)
}

/** Without a host and a path, connects to `localhost`, as Node does. */
function withHost(options: ConnectOptions): ConnectOptions {
  checkObject(options) // before it is copied, which makes an object of any value
  return options.path === undefined && options.host === undefined ? { ...options, host: 'localhost' } : options
}

function isNamed(options: ConnectOptions): options is TcpConnectOptions & { host: string } {
  const { path, host } = options as { path?: unknown; host?: unknown }
  return path === undefined && isName(host)
}
