// erspan and ip6erspan: mirrored Ethernet frames over GRE (IFLA_GRE_ERSPAN_ of linux/if_tunnel.h, net/ipv4/ip_gre.c).
import { attributes } from '../../wire/attributes'
import { u16, u32, u8, within } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { gre } from './gre'
import { ip6gre } from './ip6gre'
import { linkKind, type Options } from './kind'
import { checkGre, unchanged } from './tunnel'

const own = {
  /** Of ERSPAN version 1: the index of the mirrored port, 20 bits. Default: 0. */
  erspanIndex: ['ERSPAN_INDEX', 21, within(u32, 0, 0xfffff)],
  /** Version of ERSPAN: 0, 1 or 2. Default: 1. */
  erspanVer: ['ERSPAN_VER', 22, within(u8, 0, 2)],
  /** Of ERSPAN version 2: the direction of the mirrored traffic, 0 for received, 1 for sent. Default: 0. */
  erspanDir: ['ERSPAN_DIR', 23, within(u8, 0, 1)],
  /** Of ERSPAN version 2: the hardware's id, 6 bits. Default: 0. */
  erspanHwid: ['ERSPAN_HWID', 24, within(u16, 0, 63)],
} as const

// erspan_validate and erspan_netlink_parms: a version takes its own options only, and these flags exactly.
function checkErspan(options: Options, creating: boolean): void {
  checkGre(options)
  if (!creating) return
  const { erspanVer = 1, iflags, oflags, collectMetadata } = options
  for (const [name, version] of [
    ['erspanIndex', 1],
    ['erspanDir', 2],
    ['erspanHwid', 2],
  ] as const) {
    const value = options[name]
    if (value !== undefined && erspanVer !== version)
      throw wrongValue(name, `given with "erspanVer" ${version} only`, value)
  }
  if (erspanVer === 0 || collectMetadata === true) return
  const flags = new Set([iflags, oflags].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : [])))
  if (flags.size === 2 && flags.has('seq') && flags.has('key')) return
  throw wrongValue('oflags', 'with "iflags": exactly "seq" and "key" for this version of ERSPAN', oflags)
}

const data = attributes('IFLA_GRE_', { ...gre.data.table, ...own })
const data6 = attributes('IFLA_GRE_', { ...ip6gre.data.table, ...own })

export const erspan = linkKind('erspan', data, { fixed: unchanged(data), check: checkErspan })
export const ip6erspan = linkKind('ip6erspan', data6, { fixed: unchanged(data6), check: checkErspan })
