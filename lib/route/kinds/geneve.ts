// geneve: Ethernet over UDP, with options in each packet (IFLA_GENEVE_ of linux/if_link.h, drivers/net/geneve.c). Needs an `id`
// and a remote, unless `collectMetadata` leaves them to each packet.
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { be16, be32, boolean, u32, u8, within } from '../../wire/integers'
import { wrongType, wrongValue } from '../../wire/invalid'
import { ipv4, ipv6 } from '../../wire/ip'
import { flag } from '../../wire/text'
import { linkKind, type Options } from './kind'

/** Left out of a message where it is false: the kernel ignores a TTL beside it. */
const ttlInherit = { ...boolean(u8), presence: true } as const

const data = attributes('IFLA_GENEVE_', {
  /** The network's identifier (VNI), 0 to 16777215. It cannot be changed later. */
  id: ['ID', 1, within(u32, 0, 0xffffff)],
  /** The other end, an IPv4 address; not a multicast group. */
  remote: ['REMOTE', 2, ipv4],
  /** Time to live of the outer packets; 0: as the route says. Default: 0. */
  ttl: ['TTL', 3, u8],
  /** Type of service of the outer packets; 1 copies that of the inner ones. Default: 0. */
  tos: ['TOS', 4, u8],
  /** The UDP port of both ends. It cannot be changed later. Default: 6081. */
  dstPort: ['PORT', 5, be16],
  /** The tunnel's parameters come with each packet (`external` of `ip`). It cannot be changed later. Default: false. */
  collectMetadata: ['COLLECT_METADATA', 6, flag],
  /** As `remote`, an IPv6 address. Only one of the two. */
  remote6: ['REMOTE6', 7, ipv6],
  /** Sends UDP checksums over IPv4. It cannot be changed later. Default: false. */
  udpCsum: ['UDP_CSUM', 8, boolean(u8)],
  /** Sends without UDP checksums over IPv6. It cannot be changed later. Default: false. */
  udpZeroCsum6Tx: ['UDP_ZERO_CSUM6_TX', 9, boolean(u8)],
  /** Receives packets without UDP checksums over IPv6. It cannot be changed later. Default: true. */
  udpZeroCsum6Rx: ['UDP_ZERO_CSUM6_RX', 10, boolean(u8)],
  /** IPv6 flow label of the outer packets, 20 bits. Default: 0. */
  flowLabel: ['LABEL', 11, within(be32, 0, 0xfffff)],
  /** Copies the inner packet's time to live; a `ttl` ends that. Default: false. Since Linux 4.20. */
  ttlInherit: ['TTL_INHERIT', 12, ttlInherit],
  /** Don't-fragment bit of outer IPv4 packets: clear, set, or the inner packet's. Default: `unset`. Since Linux 5.0. */
  df: ['DF', 13, oneOf(u8, 'GENEVE_DF_', { unset: ['UNSET', 0], set: ['SET', 1], inherit: ['INHERIT', 2] })],
  /** Carries IP packets without an Ethernet header; needs `collectMetadata`. It cannot be changed later. Default: false. Since Linux 5.18. */
  innerProtoInherit: ['INNER_PROTO_INHERIT', 14, flag],
})

const ofEachPacket = ['id', 'remote', 'remote6', 'ttl', 'tos', 'flowLabel', 'ttlInherit'] as const
const none = new Set<unknown>([undefined, 0, false, '0.0.0.0', '::'])

// geneve_nl2info, geneve_configure and geneve_fill_info.
function check(options: Options, creating: boolean): void {
  const { ttlInherit, ttl, innerProtoInherit, collectMetadata, id, remote, remote6, udpCsum } = options
  if (ttlInherit === true && !none.has(ttl)) throw wrongValue('ttl', 'left out where "ttlInherit" is true', ttl)
  if (!creating) {
    if (ttlInherit === false) throw wrongValue('ttlInherit', 'left out: "ttl" ends it', ttlInherit)
    return
  }
  if (collectMetadata === true) {
    for (const name of ofEachPacket) {
      const value = options[name]
      if (!none.has(value)) throw wrongValue(name, 'left out with "collectMetadata": each packet has its own', value)
    }
    return
  }
  if (innerProtoInherit === true) throw wrongValue('innerProtoInherit', 'given with "collectMetadata" only', true)
  if (id === undefined) throw wrongType('id', 'given for a geneve without "collectMetadata"', id)
  if (remote === undefined && remote6 === undefined)
    throw wrongType('remote', 'given, or "remote6", for a geneve without "collectMetadata"', remote)
  if (remote6 !== undefined && udpCsum === true)
    throw wrongValue('udpCsum', 'left out with "remote6", for which "udpZeroCsum6Tx" is', udpCsum)
  if (remote !== undefined && options.udpZeroCsum6Tx === true)
    throw wrongValue('udpZeroCsum6Tx', 'left out with "remote", for which "udpCsum" is', true)
}

const fixed = [
  'id',
  'dstPort',
  'collectMetadata',
  'udpCsum',
  'udpZeroCsum6Tx',
  'udpZeroCsum6Rx',
  'innerProtoInherit',
] as const

export const geneve = linkKind('geneve', data, {
  excludes: [['remote', 'remote6']],
  fixed,
  requires: { df: 'Linux 5.0' },
  check,
})
