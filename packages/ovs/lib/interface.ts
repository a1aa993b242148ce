// An interface: the device of a port, or one of several in a bond. Its options depend on its type.
import { counters, integer, mac, reported, reportedNumber, reportedStrings, strings, text } from './codecs'
import type { ChangesOf, Strings } from './changes'
import type { Columns } from './columns'

/** The settings that all interfaces have (table Interface). */
export interface InterfaceSettings {
  /** The MAC address of an `internal` one. Default: random. */
  readonly mac?: string | undefined
  /** The largest packet, in bytes, of an `internal` one. Default: the lowest of the bridge's other ports. */
  readonly mtuRequest?: number | undefined
  /** The requested number in flows, from 1 to 65279. Default: the next free one. */
  readonly ofportRequest?: number | undefined
  /** The rate limit of what it sends, in kbit/s; 0: none. Default: 0. */
  readonly ingressPolicingRateKbps?: number | undefined
  /** The burst beyond that rate, in kbit. Default: 0, which stands for 8000. */
  readonly ingressPolicingBurstKbit?: number | undefined
  /** The table's `other_config`. */
  readonly otherConfig?: Strings | undefined
  /** What others look for, such as Neutron's and OVN's `iface-id` and `attached-mac`. */
  readonly externalIds?: Strings | undefined
}

/** An existing device of the kernel, such as an end of a veth pair; the default. */
export interface SystemInterface {
  /** The type. */
  readonly type?: 'system' | undefined
}

/** A device that the switch creates: `internal` for the machine's own use, or `tap`. */
export interface MadeInterface {
  /** The type. */
  readonly type: 'internal' | 'tap'
}

/** One end of a patch cable between two bridges of one switch. */
export interface PatchInterface {
  /** The type. */
  readonly type: 'patch'
  /** The name of the other end, which may be added later. */
  readonly peer: string
}

/** A tunnel to another machine. */
export interface TunnelInterface {
  /** The type. */
  readonly type: 'vxlan' | 'geneve' | 'gre'
  /** The other machine's address; `flow` leaves it to flows. */
  readonly remoteIp: string
  /** This machine's address; `flow` leaves it to flows. Default: any. */
  readonly localIp?: string | undefined
  /** The network's number (VNI, GRE key) in both directions; `flow` leaves it to flows. Default: none. */
  readonly key?: number | 'flow' | undefined
  /** The UDP port, of vxlan (default: 4789) and geneve (default: 6081). */
  readonly dstPort?: number | undefined
  /** The TTL of outer packets, or `inherit`. Default: 64. */
  readonly ttl?: number | 'inherit' | undefined
  /** The TOS of outer packets, or `inherit`. Default: 0. */
  readonly tos?: number | 'inherit' | undefined
  /** Whether outer packets have the don't-fragment bit. Default: true. */
  readonly dfDefault?: boolean | undefined
  /** Whether outer packets have checksums, too. Default: false. */
  readonly csum?: boolean | undefined
}

/** A type without options here, such as `erspan` or `dpdk`. */
export interface OtherInterface {
  /** The name of the type is in `otherType`. */
  readonly type: 'other'
  /** The type's name in the database. */
  readonly otherType: string
}

/** What an interface is, by its type. */
export type InterfaceKind = SystemInterface | MadeInterface | PatchInterface | TunnelInterface | OtherInterface

/** An interface to add. */
export type InterfaceOptions = InterfaceSettings &
  InterfaceKind & {
    /** The table's `options` beyond those that have a name here; see ovs-vswitchd.conf.db(5). */
    readonly options?: Strings | undefined
  }

/** Changes of an interface. Its type cannot be changed: delete the port, and add another. */
export type InterfaceChanges = ChangesOf<
  InterfaceSettings &
    Partial<Omit<PatchInterface, 'type'> & Omit<TunnelInterface, 'type'>> & {
      /** Keys of the table's `options`. */
      readonly options?: Strings | undefined
    }
>

/** An interface's counters, which the switch updates every 5 seconds. */
export type InterfaceCounters = Readonly<
  Partial<
    Record<
      | 'rxPackets'
      | 'rxBytes'
      | 'rxDropped'
      | 'rxErrors'
      | 'rxFrameErr'
      | 'rxOverErr'
      | 'rxCrcErr'
      | 'rxMissedErrors'
      | 'txPackets'
      | 'txBytes'
      | 'txDropped'
      | 'txErrors'
      | 'collisions',
      bigint
    >
  > &
    Record<string, bigint>
>

/** The settings of an interface with its state. */
interface InterfaceStateColumns extends InterfaceSettings {
  /** The UUID of its row. */
  readonly uuid: string
  /** Its name; of `system` and `internal` ones that of a device. */
  readonly name: string
  /** Its number in flows; -1 if the device could not be opened, undefined before the switch has tried. */
  readonly ofport?: number
  /** Why the device could not be opened, or does not work. */
  readonly error?: string
  /** The MAC address that it has. */
  readonly macInUse?: string
  /** The device's index; 0 if the device is gone, or of a type that has none. */
  readonly ifindex?: number
  /** The largest packet, in bytes. */
  readonly mtu?: number
  /** Whether the administrator has set it up. */
  readonly adminState?: 'up' | 'down'
  /** Whether it has a link. */
  readonly linkState?: 'up' | 'down'
  /** Bits a second. */
  readonly linkSpeed?: number
  /** Whether both sides may send at once. */
  readonly duplex?: 'half' | 'full'
  /** How often the link has changed. */
  readonly linkResets?: number
  /** The rate limit of what it sends, in kbit/s; 0: none. */
  readonly ingressPolicingRateKbps: number
  /** The burst beyond that rate, in kbit. */
  readonly ingressPolicingBurstKbit: number
  /** The table's `options`, all of them as they are written there. */
  readonly options: Strings
  /** The table's `other_config`. */
  readonly otherConfig: Strings
  /** What others look for, such as `iface-id`. */
  readonly externalIds: Strings
  /** Further state from the switch, such as the driver's name. */
  readonly status: Strings
  /** Its counters. */
  readonly statistics: InterfaceCounters
}

/** What an interface is, by its type. */
export type InterfaceState = InterfaceStateColumns &
  (Required<SystemInterface> | MadeInterface | PatchInterface | TunnelInterface | OtherInterface)

/** An interface as it is. */
export type Interface = InterfaceState & {
  /** The port that it belongs to. */
  readonly port: string
  /** The bridge of that port. */
  readonly bridge: string
}

const most32 = 2 ** 32 - 1

/** The columns that are written. */
export const interfaceSettingColumns: Columns<InterfaceSettings> = {
  mac: ['mac', mac],
  mtuRequest: ['mtu_request', integer(68, 65_535)],
  ofportRequest: ['ofport_request', integer(1, 65_279)],
  ingressPolicingRateKbps: ['ingress_policing_rate', integer(0, most32, 0)],
  ingressPolicingBurstKbit: ['ingress_policing_burst', integer(0, most32, 0)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

/** The columns that are read. */
export const interfaceColumns: Columns<InterfaceStateColumns> = {
  ...interfaceSettingColumns,
  uuid: ['_uuid', reported()],
  name: ['name', text],
  ofport: ['ofport', reportedNumber],
  error: ['error', reported()],
  macInUse: ['mac_in_use', reported()],
  ifindex: ['ifindex', reportedNumber],
  mtu: ['mtu', reportedNumber],
  adminState: ['admin_state', reported()],
  linkState: ['link_state', reported()],
  linkSpeed: ['link_speed', reportedNumber],
  duplex: ['duplex', reported()],
  linkResets: ['link_resets', reportedNumber],
  options: ['options', strings],
  status: ['status', reportedStrings],
  statistics: ['statistics', counters],
}
