// What the tunnels over IPv4 and IPv6 have in common (linux/if_tunnel.h, linux/ip6_tunnel.h): encapsulation in UDP, flags, and
// what the kernel would ignore.
import { bits, oneOf } from '../../wire/choices'
import { u16, u32 } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import type { AttributeSet, AttributeTable } from '../../wire/attributes'
import type { Options } from './kind'

/** Whether packets are carried in UDP: not at all, by FOU, or by GUE. */
export const encapType = oneOf(u16, 'TUNNEL_ENCAP_', { none: ['NONE', 0], fou: ['FOU', 1], gue: ['GUE', 2] })

/** Of that UDP: with checksums over IPv4, over IPv6, with remote checksum offload. */
export const encapFlags = bits(u16, 'TUNNEL_ENCAP_FLAG_', {
  csum: ['CSUM', 1],
  csum6: ['CSUM6', 2],
  remcsum: ['REMCSUM', 4],
})

/** IP6_TNL_F_ of linux/ip6_tunnel.h: what comes from the inner packet, and how the ends are checked. */
export const ip6Flags = bits(u32, 'IP6_TNL_F_', {
  /** Sends no encapsulation limit. */
  ignEncapLimit: ['IGN_ENCAP_LIMIT', 1],
  /** Copies the inner packet's traffic class. */
  useOrigTclass: ['USE_ORIG_TCLASS', 2],
  /** Copies the inner packet's flow label. */
  useOrigFlowlabel: ['USE_ORIG_FLOWLABEL', 4],
  /** Of mobile IPv6. */
  mip6Dev: ['MIP6_DEV', 8],
  /** Copies the outer packet's DSCP to received packets. */
  rcvDscpCopy: ['RCV_DSCP_COPY', 0x10],
  /** Looks the route up by the inner packet's mark. */
  useOrigFwmark: ['USE_ORIG_FWMARK', 0x20],
  /** The remote address may be one of this host. */
  allowLocalRemote: ['ALLOW_LOCAL_REMOTE', 0x40],
  /** The addresses let it send. The kernel finds that out itself. */
  capXmit: ['CAP_XMIT', 0x10000],
  /** The addresses let it receive. The kernel finds that out itself. */
  capRcv: ['CAP_RCV', 0x20000],
  /** Whether they do is found out for each packet. The kernel finds that out itself. */
  capPerPacket: ['CAP_PER_PACKET', 0x40000],
})

/** GRE_ of linux/if_tunnel.h, as they stand in memory: the fields of the header that are used. */
export const greFlags = bits(u16, 'GRE_', { csum: ['CSUM', 0x80], key: ['KEY', 0x20], seq: ['SEQ', 0x10] })

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === 0 ||
  value === '0.0.0.0' ||
  value === '::' ||
  (Array.isArray(value) && value.length === 0)

/** Refuses what the kernel ignores: details of an encapsulation without one; addresses that each packet brings along. */
export function checkTunnel(options: Options): void {
  const { encapType, collectMetadata } = options
  const refuse = (names: readonly string[], expected: string): void => {
    for (const name of names) if (!isEmpty(options[name])) throw wrongValue(name, expected, options[name])
  }
  if (encapType === undefined || encapType === 'none' || encapType === 0)
    refuse(['encapSport', 'encapDport'], 'given with an "encapType" only')
  if (collectMetadata === true) refuse(['remote', 'local'], 'left out with "collectMetadata": each packet has its own')
}

/** The same of GRE, and keys without the flag that puts them into packets. */
export function checkGre(options: Options): void {
  checkTunnel(options)
  for (const [flags, key] of [
    ['iflags', 'ikey'],
    ['oflags', 'okey'],
  ] as const) {
    const given = options[flags]
    const used = Array.isArray(given) && given.includes('key')
    if (!used && !isEmpty(options[key]))
      throw wrongValue(key, `given with "key" among the "${flags}" only`, options[key])
  }
}

/**
 * The options of a tunnel, of which none can be changed later: a change resets all that it does not name
 * (ipgre_changelink, ip6_tnl_changelink and the like), so that a part of them would cut the tunnel off.
 */
export function unchanged<Table extends AttributeTable>(data: AttributeSet<Table>): readonly (keyof Table & string)[] {
  return Object.keys(data.table)
}
