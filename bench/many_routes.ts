// A namespace with many routes of five attributes: table, destination, metric, gateway, device.
import type { NetNs } from '../lib/index'
import type { Context } from './benchmark'
import { floor } from './floor'
import { fresh, nameOf, oneQueue } from './namespaces'

/** Makes the namespace; routes are added by a program of the floor, which is fastest. */
export async function withRoutes(context: Context, count: number): Promise<NetNs> {
  const ns = await fresh('routes')
  const { index } = await ns.links.add({
    kind: 'veth',
    name: 'eth0',
    up: true,
    ...oneQueue,
    peer: { name: 'eth1', up: true, ...oneQueue },
  })
  await ns.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
  await floor(context, 'route_add', nameOf(ns), index, '10.0.0.2', count)
  return ns
}
