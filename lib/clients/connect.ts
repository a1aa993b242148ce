// Connections from inside a namespace, to an address or to a name.
import { isIP, type Socket } from 'node:net'
import {
  checkConnectOptions,
  connect as connectToAddress,
  type ConnectOptions,
  type TcpConnectOptions,
} from '../sockets/connection'
import { establish, type Place } from './establish'

/** @internal NetNs.connect */
export async function connect(place: Place, options: ConnectOptions): Promise<Socket> {
  if (!isNamed(options)) return connectToAddress(place.netns, options)
  // All that is wrong is told before anybody is asked for the name.
  checkConnectOptions({ ...options, host: options.localAddress ?? '127.0.0.1' })
  const { host, port, localAddress, localPort, dev, family, hints, lookup, signal, timeout, ...rest } = options
  const { autoSelectFamily, autoSelectFamilyAttemptTimeout, onWarning: _, ...own } = rest
  const choice = { family, hints, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout }
  const target = { host, port, localAddress, localPort, dev, ...choice }
  return establish(place, target, own, { signal, timeout })
}

/** Whether the host is a name; what is neither that nor an address is refused like a wrong address. */
function isNamed(options: ConnectOptions | null | undefined): options is TcpConnectOptions {
  const { path, host } = (options ?? {}) as Readonly<Record<string, unknown>>
  if (path !== undefined || typeof host !== 'string' || isIP(host) !== 0) return false
  // No name ends with a number (RFC 1123): that is an address with a mistake in it.
  return /^[^\s/:%[\]]+$/.test(host) && !/(^|\.)\d+\.?$/.test(host)
}
