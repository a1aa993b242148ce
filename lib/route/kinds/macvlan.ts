// macvlan and macvtap: more devices, with MACs of their own, on one lower device (IFLA_MACVLAN_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { bits, oneOf } from '../../wire/choices'
import { i32, u16, u32 } from '../../wire/integers'
import { wrongType, wrongValue } from '../../wire/invalid'
import { mac } from '../../wire/ip'
import { list } from '../../wire/nesting'
import { readOnly } from '../../wire/read_only'
import { noUnicastMac } from '../link_creation'
import { linkKind, type RefusedOptions } from './kind'

const data = attributes('IFLA_MACVLAN_', {
  /** How the devices on one lower device reach each other. It cannot be changed to or from `passthru`. Default: `vepa`. */
  mode: [
    'MODE',
    1,
    oneOf(u32, 'MACVLAN_MODE_', {
      /** Not at all. */
      private: ['PRIVATE', 1],
      /** By the external switch, if that sends frames back. */
      vepa: ['VEPA', 2],
      /** Directly. */
      bridge: ['BRIDGE', 4],
      /** Only one device, which uses the lower device exclusively. */
      passthru: ['PASSTHRU', 8],
      /** Not at all; each receives only from its list of source addresses. */
      source: ['SOURCE', 16],
    }),
  ],
  /**
   * `nopromisc` (mode `passthru`): the lower device does not become promiscuous. `nodst` (mode `source`, since Linux
   * 5.13): frames from an allowed source are not forwarded by their destination, too. Default: none.
   */
  macvlanFlags: ['FLAGS', 2, bits(u16, 'MACVLAN_FLAG_', { nopromisc: ['NOPROMISC', 1], nodst: ['NODST', 2] })],
  /** How `macaddr` and `macaddrs` change the list of sources; in mode `source` only. Never reported. */
  macaddrMode: [
    'MACADDR_MODE',
    3,
    oneOf(u32, 'MACVLAN_MACADDR_', { add: ['ADD', 0], delete: ['DEL', 1], flush: ['FLUSH', 2], set: ['SET', 3] }),
  ],
  /** An allowed source address to add or delete, by `macaddrMode`. Never reported. */
  macaddr: ['MACADDR', 4, mac],
  /** The allowed source addresses, in mode `source`; to set them, with `macaddrMode: 'set'`. */
  macaddrs: ['MACADDR_DATA', 5, list('IFLA_MACVLAN_MACADDR', 4, mac)],
  /** How many source addresses are allowed. Only reported. */
  macaddrCount: ['MACADDR_COUNT', 6, readOnly(u32)],
  /** Requested length of the queue for broadcasts, in packets. Default: 1000. Since Linux 5.11. */
  bcQueueLen: ['BC_QUEUE_LEN', 7, u32],
  /** Length of that queue: the largest request of all devices on the lower one. Only reported, since Linux 5.11. */
  bcQueueLenUsed: ['BC_QUEUE_LEN_USED', 8, readOnly(u32)],
  /**
   * Multicast to a group that more devices than this use is queued as broadcasts are; -1 queues none. Default: 1, which
   * is not reported. Since Linux 6.4.
   */
  bcCutoff: ['BC_CUTOFF', 9, i32],
})

/** Checks that `macaddr` or `macaddrs` belongs to `macaddrMode`; the kernel ignores the other. */
function checkAddresses({ macaddrMode: mode, macaddr, macaddrs }: Readonly<Record<string, unknown>>): void {
  const one = mode === 'add' || mode === 0 || mode === 'delete' || mode === 1
  const all = mode === 'set' || mode === 3
  if (macaddr !== undefined && !one) throw wrongValue('macaddr', 'given with the "macaddrMode" add or delete', macaddr)
  if (macaddrs !== undefined && !all) throw wrongValue('macaddrs', 'given with the "macaddrMode" set', macaddrs)
  if (macaddr === undefined && one) throw wrongType('macaddr', `given with this "macaddrMode"`, undefined)
  if (macaddrs === undefined && all) throw wrongType('macaddrs', `given with this "macaddrMode"`, undefined)
}

const traits = {
  needs: ['link'],
  requires: { bcQueueLen: 'Linux 5.11', bcCutoff: 'Linux 6.4' },
  quiet: { bcCutoff: 1 },
  untold: ['macaddrMode', 'macaddr'],
  partial: ['macaddrs'],
  check: checkAddresses,
  cause: ({ code, options }: RefusedOptions) =>
    code === 'EADDRNOTAVAIL' && (options.macaddr ?? options.macaddrs) !== undefined ? noUnicastMac : undefined,
} as const

export const macvlan = linkKind('macvlan', data, traits)
export const macvtap = linkKind('macvtap', data, traits)
