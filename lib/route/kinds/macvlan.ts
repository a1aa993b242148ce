// macvlan and macvtap: more devices, with MACs of their own, on one lower device (IFLA_MACVLAN_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { bits, oneOf } from '../../wire/choices'
import { i32, u16, u32 } from '../../wire/integers'
import { mac } from '../../wire/ip'
import { list } from '../../wire/nesting'
import { readOnly } from '../../wire/read_only'
import { linkKind } from './kind'

const data = attributes('IFLA_MACVLAN_', {
  /** How the devices on one lower device reach each other. Default: `vepa`. */
  mode: [
    'MODE',
    1,
    oneOf(u32, 'MACVLAN_MODE_', {
      private: ['PRIVATE', 1],
      vepa: ['VEPA', 2],
      bridge: ['BRIDGE', 4],
      passthru: ['PASSTHRU', 8],
      source: ['SOURCE', 16],
    }),
  ],
  macvlanFlags: ['FLAGS', 2, bits(u16, 'MACVLAN_FLAG_', { nopromisc: ['NOPROMISC', 1], nodst: ['NODST', 2] })],
  /** What to do with `macaddr` and `macaddrs`, in mode `source`. */
  macaddrMode: [
    'MACADDR_MODE',
    3,
    oneOf(u32, 'MACVLAN_MACADDR_', { add: ['ADD', 0], delete: ['DEL', 1], flush: ['FLUSH', 2], set: ['SET', 3] }),
  ],
  macaddr: ['MACADDR', 4, mac],
  /** The allowed source addresses, in mode `source`. */
  macaddrs: ['MACADDR_DATA', 5, list('IFLA_MACVLAN_MACADDR', 4, mac)],
  macaddrCount: ['MACADDR_COUNT', 6, readOnly(u32)],
  /** Length of the queue for broadcasts that this device asks for. */
  bcQueueLen: ['BC_QUEUE_LEN', 7, u32],
  /** Length of that queue as the lower device has it. */
  bcQueueLenUsed: ['BC_QUEUE_LEN_USED', 8, readOnly(u32)],
  /** Broadcasts from fewer recipients than this are queued; -1 queues none, 0 all. */
  bcCutoff: ['BC_CUTOFF', 9, i32],
})

export const macvlan = linkKind('macvlan', data, ['link'])
export const macvtap = linkKind('macvtap', data, ['link'])
