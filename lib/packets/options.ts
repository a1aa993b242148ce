// Checks the options of a packet socket.
import type { CallOptions } from '../native/jobs'
import type { PacketsRequest } from '../native/packet_jobs'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { encodeFilter, type FilterInstruction } from './filter'

/** EtherTypes that have a name here (linux/if_ether.h). */
const protocols = { all: 0x0003, ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, ipv6: 0x86dd, lldp: 0x88cc } as const

/** An EtherType by name, or as a number from 0 (nothing is received: for sending only) to 65535. */
export type EtherType = keyof typeof protocols | number

/** How a group of packet sockets shares the packets (PACKET_FANOUT_). */
const fanoutModes = { hash: 0, loadBalance: 1, cpu: 2, rollover: 3, random: 4, queueMapping: 5 } as const

/** A group of packet sockets that share packets. */
export interface Fanout {
  /** The group's number within the namespace, 0 to 65535. */
  readonly group: number
  /**
   * How the kernel chooses the socket for a packet: by flow (`hash`), in turn (`loadBalance`), by CPU, the first that has
   * room (`rollover`), at random, or by the device's queue. Default: `hash`.
   */
  readonly mode?: keyof typeof fanoutModes | undefined
}

/** Options of `NetNs.packets`. */
export interface PacketsOptions extends CallOptions {
  /** The device, by name or index. Default: all of the namespace. */
  dev?: Device | undefined
  /** The EtherType to receive; only `all` has packets that this machine sends. Default: `all`. */
  protocol?: EtherType | undefined
  /** Without link-layer headers, which differ from device to device (SOCK_DGRAM). Default: false. */
  cooked?: boolean | undefined
  /** Also receives packets for other hosts; the device leaves this mode when the socket is closed. Needs `dev`. Default: false. */
  promiscuous?: boolean | undefined
  /** Receives all multicast (PACKET_MR_ALLMULTI). Needs `dev`. Default: false. */
  allMulticast?: boolean | undefined
  /** Does not receive packets that this machine sends (PACKET_IGNORE_OUTGOING). Default: false. */
  ignoreOutgoing?: boolean | undefined
  /**
   * A BPF program that the kernel runs for each packet: it returns how many bytes of the packet to keep, 0 to drop it. It is
   * attached before the first packet can arrive. `tcpdump -ddd` makes one. Default: none.
   */
  filter?: readonly FilterInstruction[] | undefined
  /** How many bytes of a packet are received at most, 1 to 1048576. Default: 262144, more than any packet has. */
  snapLength?: number | undefined
  /**
   * The receive buffer in bytes: packets that find no room in it are dropped and counted. More than net.core.rmem_max takes
   * CAP_NET_ADMIN. Default: 2097152, or net.core.rmem_max.
   */
  bufferSize?: number | undefined
  /** Shares the packets with other sockets of a group (PACKET_FANOUT). Default: each gets all. */
  fanout?: Fanout | undefined
}

export const packetsKeys = [
  'dev',
  'protocol',
  'cooked',
  'promiscuous',
  'allMulticast',
  'ignoreOutgoing',
  'filter',
  'snapLength',
  'bufferSize',
  'fanout',
]

const noFilter = new Uint8Array(0)

function checkBoolean(value: unknown, field: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
  return value
}

/** Checks an EtherType, and returns its number. */
export function etherTypeOf(value: unknown, field: string): number {
  if (typeof value === 'number') return checkInteger(value, 0, 0xffff, field)
  const expected = `one of ${Object.keys(protocols).join(', ')}, or a number`
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!Object.hasOwn(protocols, value)) throw wrongValue(field, expected, value)
  return protocols[value as keyof typeof protocols]
}

function fanoutOf(value: PacketsOptions['fanout']): number | undefined {
  if (value === undefined) return undefined
  checkKeys(value, new Set(['group', 'mode']), 'fanout')
  const { group, mode = 'hash' } = value
  checkInteger(group, 0, 0xffff, 'fanout.group')
  const known = typeof (mode as unknown) === 'string' && Object.hasOwn(fanoutModes, mode)
  if (!known) throw wrongValue('fanout.mode', `one of ${Object.keys(fanoutModes).join(', ')}`, mode)
  return group | (fanoutModes[mode] << 16)
}

/** Checks the options of a packet socket, and returns the arguments for the addon. */
export function requestOf(options: PacketsOptions): PacketsRequest & { readonly snapLength: number } {
  const { dev, protocol = 'all', filter, snapLength = 262_144, bufferSize = 2_097_152 } = options
  if (dev !== undefined) checkDevice(dev, 'dev')
  const ofDevice = (field: 'promiscuous' | 'allMulticast'): boolean => {
    const on = checkBoolean(options[field], field)
    if (on && dev === undefined) throw wrongValue(field, 'left out without dev', on)
    return on
  }
  checkInteger(bufferSize, 1, 0x3fffffff, 'bufferSize')
  return {
    protocol: etherTypeOf(protocol, 'protocol'),
    device: dev === undefined ? '' : String(dev),
    cooked: checkBoolean(options.cooked, 'cooked'),
    promiscuous: ofDevice('promiscuous'),
    allMulticast: ofDevice('allMulticast'),
    ignoreOutgoing: checkBoolean(options.ignoreOutgoing, 'ignoreOutgoing'),
    fanout: fanoutOf(options.fanout),
    bufferSize,
    filter: filter === undefined ? noFilter : encodeFilter(filter),
    snapLength: checkInteger(snapLength, 1, 1_048_576, 'snapLength'),
  }
}
