// tun: TUN and TAP devices, which programs create by /dev/net/tun (IFLA_TUN_ of linux/if_link.h). All is only reported.
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { boolean, u32, u8 } from '../../wire/integers'
import { readOnly } from '../../wire/read_only'
import { linkKind } from './kind'

/** IFF_TUN and IFF_TAP of linux/if_tun.h. */
const tunType = oneOf(u8, 'IFF_', {
  /** IP packets. */
  tun: ['TUN', 1],
  /** Ethernet frames. */
  tap: ['TAP', 2],
})

const data = attributes('IFLA_TUN_', {
  /** The uid that may open it without CAP_NET_ADMIN; undefined: none. Only reported. */
  owner: ['OWNER', 1, readOnly(u32)],
  /** The gid that may open it without CAP_NET_ADMIN; undefined: none. Only reported. */
  ownerGroup: ['GROUP', 2, readOnly(u32)],
  /** Whether it carries Ethernet frames (`tap`) or IP packets (`tun`). Only reported. */
  tunType: ['TYPE', 3, readOnly(tunType)],
  /** Whether packets have four bytes of information before them (not IFF_NO_PI). Only reported. */
  packetInfo: ['PI', 4, readOnly(boolean(u8))],
  /** Whether packets have virtio's header before them (IFF_VNET_HDR). Only reported. */
  vnetHeader: ['VNET_HDR', 5, readOnly(boolean(u8))],
  /** Whether it stays when no program has it open. Only reported. */
  persist: ['PERSIST', 6, readOnly(boolean(u8))],
  /** Whether it may have several queues. Only reported. */
  multiQueue: ['MULTI_QUEUE', 7, readOnly(boolean(u8))],
  /** How many queues are open and attached. Only reported. */
  numQueues: ['NUM_QUEUES', 8, readOnly(u32)],
  /** How many queues are open and detached. Only reported. */
  numDisabledQueues: ['NUM_DISABLED_QUEUES', 9, readOnly(u32)],
})

export const tun = linkKind('tun', data)
