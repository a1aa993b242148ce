// The rules by which a router translates addresses, as a table of nftables.
import {
  address,
  type AddressSet,
  type BaseChain,
  connection,
  connectionNotIn,
  device,
  drop,
  type Expression,
  type TableContent,
  translate,
  translated,
} from 'netloom/nftables'
import type { CheckedRouter } from './check'

const chains: readonly BaseChain[] = [
  { name: 'prerouting', type: 'nat', hook: 'prerouting', priority: -100 },
  { name: 'postrouting', type: 'nat', hook: 'postrouting', priority: 100 },
  { name: 'forward', type: 'filter', hook: 'forward', priority: 0 },
]

const rule = (chain: string, ...parts: readonly (readonly Expression[])[]): TableContent['rules'][number] => ({
  chain,
  expressions: parts.flat(),
})

/** The rules of a router; undefined if it needs none. */
export function rulesOf({ gateway, floatingIps }: CheckedRouter): TableContent | undefined {
  const own = gateway?.addresses.find(({ subnet }) => subnet.family === 'ipv4')?.address.split('/')[0]
  if (gateway === undefined || own === undefined || (!gateway.snat && floatingIps.length === 0)) return undefined
  const leaves = device('oifname', 'equal', gateway.device)
  const stays = device('oifname', 'notEqual', gateway.device)
  const fromInside = device('iifname', 'notEqual', gateway.device)
  type End = 'address' | 'fixed'
  const pairs = (first: End, second: End): (readonly [Uint8Array, Uint8Array])[] =>
    floatingIps.map((one) => [address(one[first]), address(one[second])])
  const map = (name: string, first: End, second: End): AddressSet => ({
    name,
    width: 1,
    map: true,
    elements: pairs(first, second).map(([key, data]) => ({ key, data })),
  })
  const set = (name: string, first: End, second: End): AddressSet => ({
    name,
    width: 2,
    map: false,
    elements: pairs(first, second).map((both) => ({ key: Buffer.concat(both) })),
  })
  return {
    chains,
    sets: [
      map('inward', 'address', 'fixed'),
      map('outward', 'fixed', 'address'),
      set('entered', 'address', 'fixed'),
      set('left', 'fixed', 'address'),
    ],
    rules: [
      rule('prerouting', translate('dnat', { map: 'inward', by: 'daddr' })),
      rule('postrouting', leaves, translate('snat', { map: 'outward', by: 'saddr' })),
      ...(gateway.snat ? [rule('postrouting', leaves, fromInside, translate('snat', own))] : []),
      // For connections to a neighbor by its floating address: the replies have to pass the router, too.
      rule('postrouting', stays, fromInside, translated('dnat'), translate('snat', own)),
      // Connections by a floating address that was removed or moved end at once; conntrack would keep them.
      rule(
        'forward',
        translated('dnat'),
        connectionNotIn('entered', [
          { key: 'destination', direction: 'original' },
          { key: 'source', direction: 'reply' },
        ]),
        [drop],
      ),
      rule(
        'forward',
        translated('snat'),
        connection({ key: 'destination', direction: 'reply' }, 'notEqual', own),
        connectionNotIn('left', [
          { key: 'source', direction: 'original' },
          { key: 'destination', direction: 'reply' },
        ]),
        [drop],
      ),
    ],
  }
}
