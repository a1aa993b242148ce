// Filters as `tc` and as netloom are told of them, and as they are listed.
import type { FilterOptions } from '../../lib/index'

type Without<T> = T extends unknown ? Omit<T, 'dev'> : never
type Case = readonly [sentence: string, kind: string, args: string, options: Without<FilterOptions>, listed: object]

const withAction = (
  kind: string,
  args: string,
  options: Extract<FilterOptions, { kind: 'matchall' }>['actions'],
): Case => [
  `the action ${kind}: ${args}`,
  `action ${kind}`,
  `matchall action ${args}`,
  { kind: 'matchall', parent: 'ingress', handle: 1, actions: options },
  { kind: 'matchall', actions: [{ kind }] },
]

export const filterCases: readonly Case[] = [
  [
    'u32 with a class',
    'filter u32',
    'protocol ip u32 match ip dst 10.0.0.0/8 match ip dport 80 0xffff classid 1:3',
    {
      kind: 'u32',
      protocol: 'ipv4',
      matches: [
        { offset: 16, value: 0x0a000000, mask: 0xff000000 },
        { offset: 20, value: 80, mask: 0xffff },
      ],
      classid: '1:3',
    },
    { kind: 'u32', handle: '800::800', classid: '1:3', priority: 5, protocol: 'ipv4' },
  ],
  [
    'u32 that redirects',
    'filter u32',
    'protocol all u32 match u32 0 0 action mirred egress redirect dev lo',
    { kind: 'u32', parent: 'ingress', actions: [{ kind: 'mirred', mode: 'egressRedirect', to: 'lo' }] },
    { kind: 'u32', actions: [{ kind: 'mirred', mode: 'egressRedirect', control: 'stolen', to: 1 }] },
  ],
  [
    'u32 that mirrors',
    'filter u32',
    'protocol ipv6 u32 match u32 0x12 0xff at 8 action mirred egress mirror dev lo',
    {
      kind: 'u32',
      protocol: 'ipv6',
      parent: 'egress',
      matches: [{ offset: 8, value: 0x12, mask: 0xff }],
      actions: [{ kind: 'mirred', mode: 'egressMirror', to: 'lo' }],
    },
    { kind: 'u32', actions: [{ kind: 'mirred', mode: 'egressMirror', control: 'pipe' }] },
  ],
  [
    'matchall with a class',
    'filter matchall',
    'handle 1 matchall classid 1:3',
    { kind: 'matchall', handle: 1, classid: '1:3' },
    { kind: 'matchall', classid: '1:3' },
  ],
  [
    'fw',
    'filter fw',
    'handle 0x10/0xf0 fw classid 1:3',
    { kind: 'fw', handle: 16, mask: 0xf0, classid: '1:3' },
    { kind: 'fw', handle: 16, mask: 0xf0, classid: '1:3' },
  ],
  [
    'route',
    'filter route',
    'protocol ip route to 3 from 4 classid 1:3',
    { kind: 'route', protocol: 'ipv4', to: 3, from: 4, classid: '1:3' },
    { kind: 'route', to: 3, from: 4 },
  ],
  [
    'flower of IPv4',
    'filter flower',
    'protocol ip handle 1 flower dst_ip 10.0.0.0/8 src_ip 10.1.2.3 ip_proto tcp dst_port 80 src_port 1024 dst_mac 02:00:00:00:00:01 ip_tos 0x10/0xf0 classid 1:3',
    {
      kind: 'flower',
      protocol: 'ipv4',
      handle: 1,
      destination: '10.0.0.0',
      destinationMask: '255.0.0.0',
      source: '10.1.2.3',
      sourceMask: '255.255.255.255',
      ipProtocol: 'tcp',
      tcpDestination: 80,
      tcpSource: 1024,
      ethernetDestination: '02:00:00:00:00:01',
      tos: 0x10,
      tosMask: 0xf0,
      classid: '1:3',
    },
    { kind: 'flower', etherType: 'ipv4', destination: '10.0.0.0', destinationMask: '255.0.0.0', tcpDestination: 80 },
  ],
  [
    'flower of a VLAN with IPv6',
    'filter flower',
    'protocol 802.1Q handle 1 flower vlan_id 5 vlan_prio 3 vlan_ethtype ipv6 src_ip fd00::/64 classid 1:3',
    {
      kind: 'flower',
      protocol: 'vlan',
      handle: 1,
      vlanId: 5,
      vlanPriority: 3,
      vlanEtherType: 'ipv6',
      source6: 'fd00::',
      source6Mask: 'ffff:ffff:ffff:ffff::',
      classid: '1:3',
    },
    { kind: 'flower', vlanId: 5, vlanEtherType: 'ipv6' },
  ],
  withAction('gact', 'drop', [{ kind: 'gact', control: 'drop' }]),
  withAction('gact', 'goto chain 7', [{ kind: 'gact', control: { gotoChain: 7 } }]),
  withAction('police', 'police rate 1mbit burst 10000 mtu 2000 conform-exceed drop/pass', [
    { kind: 'police', rateBitsPerSecond: 1e6, burstBytes: 10000, mtuBytes: 2000, exceed: 'drop', conform: 'pass' },
  ]),
  withAction('vlan', 'vlan push id 5 priority 3', [
    { kind: 'vlan', mode: 'push', vid: 5, priority: 3, protocol: 'vlan' },
  ]),
  withAction('skbedit', 'skbedit priority 1:3 mark 7', [{ kind: 'skbedit', priority: '1:3', mark: 7 }]),
  withAction('nat', 'nat egress 10.0.0.0/8 11.0.0.0', [
    { kind: 'nat', old: '10.0.0.0', new: '11.0.0.0', mask: '255.0.0.0', flags: ['egress'] },
  ]),
  withAction('csum', 'csum iph and tcp', [{ kind: 'csum', update: ['ipv4', 'tcp'] }]),
  withAction('skbmod', 'skbmod swap mac', [{ kind: 'skbmod', what: ['swap'] }]),
  withAction('connmark', 'connmark zone 5', [{ kind: 'connmark', zone: 5 }]),
  withAction('sample', 'sample rate 10 group 3 trunc 64', [{ kind: 'sample', oneOf: 10, group: 3, truncateBytes: 64 }]),
  withAction('pedit', 'pedit ex munge ip ttl set 5', [
    { kind: 'pedit', keys: [{ header: 'ipv4', offset: 8, mask: 0xffffff00, value: 5 }] },
  ]),
]
