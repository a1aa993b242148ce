// An interface: a device that a port has, or several of them in a bond. Which options there are depends on the type.
import { counters, integer, mac, reported, reportedNumber, reportedStrings, strings, text } from './codecs'
import type { ChangesOf, Strings } from './changes'
import type { Columns } from './columns'

/** The settings that all interfaces have (table Interface). */
export interface InterfaceSettings {
  /** The MAC address of an `internal` one. Default: random. */
  readonly mac?: string | undefined
  /** The largest packet, in bytes, of an `internal` one. Default: the lowest of the bridge's other ports. */
  readonly mtuRequest?: number | undefined
  /** The number that it is to have in flows, from 1 to 65279. Default: the next that is free. */
  readonly ofportRequest?: number | undefined
  /** The most that it may send, in kbit/s; 0 is no limit. Default: 0. */
  readonly ingressPolicingRateKbps?: number | undefined
  /** What it may send at once beyond that, in kbit. Default: 0, which stands for 8000. */
  readonly ingressPolicingBurstKbit?: number | undefined
  /** The table's `other_config`. */
  readonly otherConfig?: Strings | undefined
  /** What others look for, such as Neutron's and OVN's `iface-id` and `attached-mac`. */
  readonly externalIds?: Strings | undefined
}

/** A device of the kernel that is there already, such as an end of a veth pair; the default. */
export interface SystemInterface {
  /** The type. */
  readonly type?: 'system' | undefined
}

/** A device that the switch makes: `internal` for the machine's own use, or `tap`. */
export interface MadeInterface {
  /** The type. */
  readonly type: 'internal' | 'tap'
}

/** One end of a patch cable between two bridges of one switch. */
export interface PatchInterface {
  /** The type. */
  readonly type: 'patch'
  /** The name of the other end, which may be made later. */
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
  /** The TTL of what is sent, or `inherit`. Default: 64. */
  readonly ttl?: number | 'inherit' | undefined
  /** The TOS of what is sent, or `inherit`. Default: 0. */
  readonly tos?: number | 'inherit' | undefined
  /** Whether routers must not fragment what is sent. Default: true. */
  readonly dfDefault?: boolean | undefined
  /** Whether what is sent has checksums outside too. Default: false. */
  readonly csum?: boolean | undefined
}

/** A type that is not named here, such as `erspan` or `dpdk`. */
export interface OtherInterface {
  /** Says so. */
  readonly type: 'other'
  /** The type's name in the database. */
  readonly otherType: string
}

/** What an interface is, by its type. */
export type InterfaceKind = SystemInterface | MadeInterface | PatchInterface | TunnelInterface | OtherInterface

/** An interface to be made. */
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

/** An interface's counters, as they were when the switch wrote them down last (every 5 seconds). */
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

/** What an interface is, with what the switch says of it. */
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
  /** Whether somebody has switched it on. */
  readonly adminState?: 'up' | 'down'
  /** Whether it has a link. */
  readonly linkState?: 'up' | 'down'
  /** Bits a second. */
  readonly linkSpeed?: number
  /** Whether both sides may send at once. */
  readonly duplex?: 'half' | 'full'
  /** How often the link has come and gone. */
  readonly linkResets?: number
  /** The most that it may send, in kbit/s; 0 is no limit. */
  readonly ingressPolicingRateKbps: number
  /** What it may send at once beyond that, in kbit. */
  readonly ingressPolicingBurstKbit: number
  /** The table's `options`, all of them as they are written there. */
  readonly options: Strings
  /** The table's `other_config`. */
  readonly otherConfig: Strings
  /** What others look for, such as `iface-id`. */
  readonly externalIds: Strings
  /** What else the switch says, such as the driver's name. */
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

/** What is written. */
export const interfaceSettingColumns: Columns<InterfaceSettings> = {
  mac: ['mac', mac],
  mtuRequest: ['mtu_request', integer(68, 65_535)],
  ofportRequest: ['ofport_request', integer(1, 65_279)],
  ingressPolicingRateKbps: ['ingress_policing_rate', integer(0, most32, 0)],
  ingressPolicingBurstKbit: ['ingress_policing_burst', integer(0, most32, 0)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

/** What is read. */
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
