// Flags of taps, IFF_ and TUN_F_ of linux/if_tun.h, and the options for them.
import { checkInteger } from '../wire/integers'
import { checkArray, wrongType, wrongValue } from '../wire/invalid'

/** TUN_F_: offloads, the work on packets that the kernel leaves to the reader. Needs virtio's header. */
const offloads = { checksum: 0x01, tso4: 0x02, tso6: 0x04, ecn: 0x08, ufo: 0x10, uso4: 0x20, uso6: 0x40 } as const

/**
 * Work that the reader of a tap does itself: checksums (TUN_F_CSUM), and the segmentation of packets beyond the MTU, of TCP
 * (`tso4`, `tso6`, with `ecn`) or UDP (`ufo`; `uso4`, `uso6` since Linux 6.2).
 */
export type TapOffload = keyof typeof offloads

/** The format of packets, the same for all queues of a tap. */
export interface TapFormat {
  /** Ethernet frames (`tap`) or IP packets (`tun`). Default: `tap`. */
  mode?: 'tap' | 'tun' | undefined
  /** Four bytes precede each packet: flags and the EtherType (without IFF_NO_PI). Default: false. */
  packetInfo?: boolean | undefined
  /**
   * Virtio's header precedes each packet (IFF_VNET_HDR, `struct virtio_net_hdr`), as virtual machines use it: 10 bytes for
   * `true`, or the given size (TUNSETVNETHDRSZ). Default: false.
   */
  vnetHeader?: boolean | 10 | 12 | 20 | 24 | undefined
  /** Several queues may be open (IFF_MULTI_QUEUE); the kernel spreads flows over them. Default: false. */
  multiQueue?: boolean | undefined
}

export const formatKeys = ['mode', 'packetInfo', 'vnetHeader', 'multiQueue'] as const

/** IFF_ of linux/if_tun.h. */
const IFF = { TUN: 0x1, TAP: 0x2, MULTI_QUEUE: 0x100, NO_PI: 0x1000, VNET_HDR: 0x4000 } as const
const modes = { tun: IFF.TUN, tap: IFF.TAP } as const

function checkBoolean(value: unknown, field: string): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
}

/** Checks a format. */
export function checkFormat({ mode, packetInfo, vnetHeader, multiQueue }: TapFormat): void {
  if (mode !== undefined && !Object.hasOwn(modes, mode)) throw wrongValue('mode', '"tap" or "tun"', mode)
  checkBoolean(packetInfo, 'packetInfo')
  checkBoolean(multiQueue, 'multiQueue')
  if (typeof vnetHeader === 'number') {
    if (![10, 12, 20, 24].includes(vnetHeader))
      throw wrongValue('vnetHeader', 'a boolean, 10, 12, 20 or 24', vnetHeader)
  } else checkBoolean(vnetHeader, 'vnetHeader')
}

/** The flags of a format. */
export function flagsOf({
  mode = 'tap',
  packetInfo = false,
  vnetHeader = false,
  multiQueue = false,
}: TapFormat): number {
  const flags = [packetInfo ? 0 : IFF.NO_PI, vnetHeader === false ? 0 : IFF.VNET_HDR, multiQueue ? IFF.MULTI_QUEUE : 0]
  return flags.reduce((sum, flag) => sum | flag, modes[mode])
}

/** The size of virtio's header; 0 for none, or for the kernel's default. */
export function headerSizeOf({ vnetHeader }: TapFormat): number {
  return typeof vnetHeader === 'number' ? vnetHeader : 0
}

/** Checks offloads, and returns their bits. */
export function offloadOf(value: unknown, { vnetHeader = false }: TapFormat): number {
  if (value === undefined) return 0
  const names = checkArray(value, 'offload', 'an array of names', Object.keys(offloads).length)
  if (names.length > 0 && vnetHeader === false) throw wrongValue('offload', 'left out without vnetHeader', value)
  let bits = 0
  for (const [i, name] of names.entries()) {
    const bit = typeof name === 'string' && Object.hasOwn(offloads, name) ? offloads[name as TapOffload] : undefined
    if (bit === undefined) throw wrongValue(`offload[${i}]`, `one of ${Object.keys(offloads).join(', ')}`, name)
    bits |= bit
  }
  return bits
}

/** Checks a uid or gid. */
export function checkId(value: unknown, field: string): void {
  if (value !== undefined) checkInteger(value, 0, 0xfffffffe, field)
}
