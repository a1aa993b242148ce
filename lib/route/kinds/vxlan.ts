// vxlan: Ethernet over UDP (IFLA_VXLAN_ of linux/if_link.h). Needs an `id`, unless `collectMetadata` leaves it to each
// packet. The kernel changes only some of the options later; it refuses the others by name.
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { be16, be32, be64, boolean, seconds, u32, u8, within } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { ipv4, ipv6 } from '../../wire/ip'
import { struct } from '../../wire/struct'
import { flag } from '../../wire/text'
import { linkKind } from './kind'

/** Sent to the kernel as a flag, and reported as a byte. */
const flagAndByte: typeof flag = {
  ...flag,
  decode: (reader, at, end) => at === end || reader.u8(at) !== 0,
}

const data = attributes('IFLA_VXLAN_', {
  /** The network's identifier (VNI), 0 to 16777215. */
  id: ['ID', 1, within(u32, 0, 0xffffff)],
  /** Where frames for unknown destinations go: an IPv4 address, or a multicast group, which needs `underlay`. */
  remote: ['GROUP', 2, ipv4],
  /** The device that carries the tunnel (`dev` of `ip`), in the namespace in which the link was made. */
  underlay: ['LINK', 3, device],
  /** The IPv4 source address of the tunnel. Default: as the route says. */
  local: ['LOCAL', 4, ipv4],
  /** Time to live of the outer packets; 0: 1 for multicast, else the system's. Default: 0. */
  ttl: ['TTL', 5, u8],
  /** Type of service of the outer packets; 1 copies that of the inner ones. Default: 0. */
  tos: ['TOS', 6, u8],
  /** Learns the endpoint of each address from received frames. Default: true. */
  learning: ['LEARNING', 7, boolean(u8)],
  /** How long a learned address is kept, in whole seconds; 0 means the default. Default: 300. */
  ageingSeconds: ['AGEING', 8, seconds(u32, 1)],
  /** How many addresses the forwarding database takes; 0: any number. Default: 0. */
  limit: ['LIMIT', 9, u32],
  /** UDP source ports to choose from, by a hash of the inner packet. Default: `net.ipv4.ip_local_port_range`. */
  srcPortRange: ['PORT_RANGE', 10, struct('ifla_vxlan_port_range', { low: ['low', be16], high: ['high', be16] })],
  /** Answers ARP and neighbor solicitations itself. Default: false. */
  proxy: ['PROXY', 11, boolean(u8)],
  /** Route short circuit: sends to the destination's own MAC instead of the router's. Default: false. */
  rsc: ['RSC', 12, boolean(u8)],
  /** Reports MAC addresses that it does not find, as netlink notifications. Default: false. */
  l2miss: ['L2MISS', 13, boolean(u8)],
  /** Reports IP addresses that it does not find, as netlink notifications. Default: false. */
  l3miss: ['L3MISS', 14, boolean(u8)],
  /** The UDP port of both ends. Default: 8472, or 4790 with `gpe`; the one that IANA assigned is 4789. */
  dstPort: ['PORT', 15, be16],
  /** As `remote`, an IPv6 address. Only one of the two. */
  remote6: ['GROUP6', 16, ipv6],
  /** As `local`, an IPv6 address. Only one of the two. */
  local6: ['LOCAL6', 17, ipv6],
  /** Sends UDP checksums over IPv4. Default: true. */
  udpCsum: ['UDP_CSUM', 18, boolean(u8)],
  /** Sends without UDP checksums over IPv6. Default: false. */
  udpZeroCsum6Tx: ['UDP_ZERO_CSUM6_TX', 19, boolean(u8)],
  /** Receives packets without UDP checksums over IPv6. Default: false. */
  udpZeroCsum6Rx: ['UDP_ZERO_CSUM6_RX', 20, boolean(u8)],
  /** Sends with remote checksum offload. Default: false. */
  remcsumTx: ['REMCSUM_TX', 21, boolean(u8)],
  /** Receives remote checksum offload. Default: false. */
  remcsumRx: ['REMCSUM_RX', 22, boolean(u8)],
  /** Group policy extension: carries the packet's mark. Default: false. */
  gbp: ['GBP', 23, flag],
  /** Ignores the partial checksum that a remote offload leaves. Default: false. */
  remcsumNopartial: ['REMCSUM_NOPARTIAL', 24, flag],
  /** The tunnel's parameters come with each packet (`external` of `ip`). Default: false. */
  collectMetadata: ['COLLECT_METADATA', 25, boolean(u8)],
  /** IPv6 flow label of the outer packets, 20 bits. Default: 0. */
  flowLabel: ['LABEL', 26, within(be32, 0, 0xfffff)],
  /** Generic protocol extension; needs `collectMetadata: true` and `learning: false`. Default: false. */
  gpe: ['GPE', 27, flag],
  /** Copies the inner packet's time to live. Default: false. */
  ttlInherit: ['TTL_INHERIT', 28, flagAndByte],
  /** Don't-fragment bit of outer IPv4 packets: clear, set, or the inner packet's. Default: `unset`. */
  df: ['DF', 29, oneOf(u8, 'VXLAN_DF_', { unset: ['UNSET', 0], set: ['SET', 1], inherit: ['INHERIT', 2] })],
  /** Receives only packets whose identifiers are in its list; needs `collectMetadata`. Default: false. */
  vnifilter: ['VNIFILTER', 30, boolean(u8)],
  /** Passes packets for an endpoint of this host on directly, without UDP. Default: true. Since Linux 6.5. */
  localbypass: ['LOCALBYPASS', 31, boolean(u8)],
  /** Whether the flow label is `flowLabel` or the inner packet's. Default: `fixed`. Since Linux 6.8. */
  flowLabelPolicy: ['LABEL_POLICY', 32, oneOf(u32, 'VXLAN_LABEL_', { fixed: ['FIXED', 0], inherit: ['INHERIT', 1] })],
  /** Bits of the 64-bit header that no packet may have set. Default: all that are not in use. Since Linux 6.14. */
  reservedBits: ['RESERVED_BITS', 33, be64],
  /**
   * Sends outer multicast packets by multicast routes. Default: false. Since Linux 6.17. No kernel reports it, so this library
   * cannot detect that kernels 6.14 to 6.16 ignore it: there the link is created without an error, and sends as if it were
   * false. Older kernels refuse the link.
   */
  mcRoute: ['MC_ROUTE', 34, boolean(u8)],
})

// Flags: the kernel cannot switch them off, as their presence switches them on.
const lasting = ['gbp', 'gpe', 'remcsumNopartial', 'ttlInherit']

function checkFlags(options: Readonly<Record<string, unknown>>, making: boolean): void {
  if (options.ttlInherit === true && options.ttl !== undefined) {
    throw wrongValue('ttl', 'left out where "ttlInherit" is true', options.ttl)
  }
  if (making) return
  for (const name of lasting) {
    if (options[name] === false) throw wrongValue(name, 'left out: the kernel cannot turn it off later', false)
  }
}

export const vxlan = linkKind('vxlan', data, {
  excludes: [
    ['remote', 'remote6'],
    ['local', 'local6'],
  ],
  requires: {
    vnifilter: 'Linux 5.18',
    localbypass: 'Linux 6.5',
    flowLabelPolicy: 'Linux 6.8',
    reservedBits: 'Linux 6.14',
    mcRoute: 'Linux 6.17',
  },
  signs: { mcRoute: 'reservedBits' },
  quiet: { vnifilter: false },
  // vxlan_changelink and vxlan_nl2conf, drivers/net/vxlan/vxlan_core.c.
  changeable: [
    'remote',
    'remote6',
    'local',
    'local6',
    'underlay',
    'tos',
    'ttl',
    'flowLabel',
    'flowLabelPolicy',
    'learning',
    'ageingSeconds',
    'df',
    'localbypass',
    'mcRoute',
  ],
  overruled: {
    ttl: {
      by: 'ttlInherit',
      lack: '"ttl" has no effect on a vxlan with "ttlInherit", which cannot be turned off: make it anew',
    },
  },
  check: checkFlags,
})
