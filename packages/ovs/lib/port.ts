// A port of a bridge: one interface, or several in a bond, and its VLANs.
import { flag, integer, mac, oneOf, reported, reportedStrings, seconds, strings, text, vlans } from './codecs'
import type { ChangesOf, Strings } from './changes'
import type { Columns } from './columns'
import type { InterfaceOptions, InterfaceState } from './interface'
import type { Qos, QosSettings } from './qos'

/** The settings of a port that are columns of its own (table Port). */
interface PortColumns {
  /** The VLAN of an access port, or the native one of a trunk, 0 to 4095. Default: none, a trunk. */
  readonly tag?: number | undefined
  /** The VLANs of a trunk. Default: all. */
  readonly trunks?: readonly number[] | undefined
  /**
   * `access`: frames have no tag, and belong to VLAN `tag`. `trunk`: frames have tags. `native-untagged` and `native-tagged`: a
   * trunk whose frames without a tag belong to VLAN `tag`, and are sent without, or with it.
   * `dot1q-tunnel`: tags inside another tag. Default: access if there is a `tag`, trunk otherwise.
   */
  readonly vlanMode?: 'access' | 'trunk' | 'native-tagged' | 'native-untagged' | 'dot1q-tunnel' | undefined
  /** The inner VLANs of a `dot1q-tunnel`. Default: all. */
  readonly cvlans?: readonly number[] | undefined
  /** Whether it exchanges no frames with other protected ports. Default: false. */
  readonly protected?: boolean | undefined
  /** How a bond shares the traffic. Default: active-backup. */
  readonly bondMode?: 'active-backup' | 'balance-slb' | 'balance-tcp' | undefined
  /** LACP on a bond. Default: off. */
  readonly lacp?: 'active' | 'passive' | 'off' | undefined
  /** Seconds that a link must be up before a bond uses it. Default: 0. */
  readonly bondUpDelaySeconds?: number | undefined
  /** Seconds that a link must be down before a bond leaves it. Default: 0. */
  readonly bondDownDelaySeconds?: number | undefined
  /** The MAC address of a bond, from which the bridge may take its own. */
  readonly mac?: string | undefined
  /** The table's `other_config`. */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

/** The settings of a port. */
export interface PortSettings extends PortColumns {
  /** How it sends, and its queues. */
  readonly qos?: QosSettings | undefined
}

/** One interface of a bond. */
export type BondInterface = InterfaceOptions & {
  /** Its name. */
  readonly name: string
}

/** A port to add: of one interface, or a bond. */
export interface PortOptions extends PortSettings {
  /** The bridge. */
  readonly bridge: string
  /** The port's name, which is that of its interface, and of the device if it is one of the kernel's. */
  readonly name: string
  /** Its interface. Default: `{ type: 'system' }`, an existing device. */
  readonly interface?: InterfaceOptions | undefined
  /** The interfaces of a bond, two at least. */
  readonly bond?: readonly BondInterface[] | undefined
}

/** Changes of a port. */
export type PortChanges = ChangesOf<PortSettings>

/** A port as it is. */
export interface Port extends Omit<PortSettings, 'qos'> {
  /** The UUID of its row. */
  readonly uuid: string
  /** Its name. */
  readonly name: string
  /** The bridge that it is of. */
  readonly bridge: string
  /** Whether it is the bridge's own. */
  readonly local: boolean
  /** The VLANs of a trunk; empty for all. */
  readonly trunks: readonly number[]
  /** The inner VLANs of a `dot1q-tunnel`; empty for all. */
  readonly cvlans: readonly number[]
  /** Whether it exchanges no frames with other protected ports. */
  readonly protected: boolean
  /** Seconds that a link must be up before a bond uses it. */
  readonly bondUpDelaySeconds: number
  /** Seconds that a link must be down before a bond leaves it. */
  readonly bondDownDelaySeconds: number
  /** The MAC address of the interface that an active-backup bond uses. */
  readonly bondActiveMac?: string
  /** Its interfaces: one, unless it is a bond. */
  readonly interfaces: readonly InterfaceState[]
  /** How it sends, and its queues. */
  readonly qos?: Qos
  /** The table's `other_config`. */
  readonly otherConfig: Strings
  /** Other data, which the switch ignores. */
  readonly externalIds: Strings
  /** What the switch says, of spanning tree. */
  readonly status: Strings
}

/** The columns that are written. */
export const portSettingColumns: Columns<PortColumns> = {
  tag: ['tag', integer(0, 4095)],
  trunks: ['trunks', vlans],
  vlanMode: ['vlan_mode', oneOf('access', 'trunk', 'native-tagged', 'native-untagged', 'dot1q-tunnel')],
  cvlans: ['cvlans', vlans],
  protected: ['protected', flag],
  bondMode: ['bond_mode', oneOf('active-backup', 'balance-slb', 'balance-tcp')],
  lacp: ['lacp', oneOf('active', 'passive', 'off')],
  bondUpDelaySeconds: ['bond_updelay', seconds(1000, 0, 0)],
  bondDownDelaySeconds: ['bond_downdelay', seconds(1000, 0, 0)],
  mac: ['mac', mac],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

/** The columns that are read. */
export const portColumns: Columns<Omit<Port, 'bridge' | 'local' | 'interfaces' | 'qos'>> = {
  ...portSettingColumns,
  uuid: ['_uuid', reported()],
  name: ['name', text],
  bondActiveMac: ['bond_active_slave', reported()],
  status: ['status', reportedStrings],
}
