// Two namespaces with a cable between them.
import type { NetNs } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'

export const redMac = '02:00:00:00:00:01'
export const greenMac = '02:00:00:00:00:02'

/** Red has 10.0.0.1, fd00::1 and fe80::1 on eth0, green the same with 2; both have lo. */
export async function joined(): Promise<{ red: NetNs; green: NetNs } & AsyncDisposable> {
  const [red, green] = [await fresh('red'), await fresh('green')]
  await red.links.add({
    kind: 'veth',
    name: 'eth0',
    mac: redMac,
    peer: { netns: green, name: 'eth0', mac: greenMac },
    addrGenMode: 'none',
  })
  await green.links.set('eth0', { addrGenMode: 'none' })
  for (const [ns, n] of [
    [red, 1],
    [green, 2],
  ] as const) {
    for (const dev of ['lo', 'eth0']) await ns.links.set(dev, { up: true })
    await ns.addresses.add({ dev: 'eth0', address: `10.0.0.${n}/24` })
    for (const address of [`fd00::${n}/64`, `fe80::${n}/64`]) {
      await ip(ns, 'address', 'add', address, 'dev', 'eth0', 'nodad')
    }
  }
  return {
    red,
    green,
    async [Symbol.asyncDispose]() {
      await red.delete({ force: true })
      await green.delete({ force: true })
    },
  }
}
