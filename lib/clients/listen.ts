// Servers at an address, or at the first address that a name has in the namespace.
import type { Server } from 'node:net'
import { checkListenOptions, listen as listenAtAddress, type ListenOptions } from '../sockets/server'
import { checkObject } from '../wire/invalid'
import { isName, type NetnsWithLookup } from './establish'

/** @internal NetNs.listen */
export async function listen(place: NetnsWithLookup, options?: ListenOptions): Promise<Server> {
  if (options !== undefined) checkObject(options)
  const host = options?.path === undefined ? options?.host : undefined
  if (!isName(host)) return listenAtAddress(place.netns, options)
  // Checks all options before a name server is asked.
  const { server } = checkListenOptions({ ...options, host: '127.0.0.1' })
  const { signal, timeout } = options ?? {}
  const begin = performance.now()
  const { address } = await place.lookup(host, { signal, timeout })
  const left = timeout === undefined ? undefined : Math.max(0, timeout - (performance.now() - begin))
  const { ...own } = options
  return listenAtAddress(place.netns, { ...own, host: address, timeout: left, server: options?.server ?? server })
}
