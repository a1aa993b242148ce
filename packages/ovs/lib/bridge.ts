// A bridge: its settings and its state.
import { flag, oneOf, reported, reportedStrings, setOf, strings, text, vlans } from './codecs'
import type { ChangesOf, Strings } from './changes'
import type { Columns } from './columns'
import type { Controller, ControllerSettings } from './controller'
import type { IpfixSettings, NetFlowSettings, SflowSettings } from './sampling'

/** A version of OpenFlow, as the database writes it. */
export type OpenflowVersion = 'OpenFlow10' | 'OpenFlow11' | 'OpenFlow12' | 'OpenFlow13' | 'OpenFlow14' | 'OpenFlow15'

/** The settings of a bridge that are columns of its own (table Bridge). */
interface BridgeColumns {
  /**
   * The datapath: `system` is the kernel's module, `netdev` the switch's own process, which needs no module.
   * Default: system.
   */
  readonly datapathType?: 'system' | 'netdev' | undefined
  /**
   * Behavior without a controller: `standalone` switches by learned addresses, `secure` forwards only by flows.
   * Default: standalone.
   */
  readonly failMode?: 'standalone' | 'secure' | undefined
  /** Spanning tree (802.1D). Default: false. */
  readonly stpEnable?: boolean | undefined
  /** Rapid spanning tree (802.1D-2004). Default: false. */
  readonly rstpEnable?: boolean | undefined
  /** Sends multicast only to ports that have joined the group (IGMP, MLD). Default: false. */
  readonly mcastSnoopingEnable?: boolean | undefined
  /** The enabled versions of OpenFlow. Default: all that the switch supports. `flows` needs OpenFlow13. */
  readonly protocols?: readonly OpenflowVersion[] | undefined
  /** VLANs in which no addresses are learned, so that all is flooded. */
  readonly floodVlans?: readonly number[] | undefined
  /** The table's `other_config`, such as `hwaddr` (the bridge's MAC address) or `mac-aging-time`. */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

/** The settings of a bridge. */
export interface BridgeSettings extends BridgeColumns {
  /** The OpenFlow controllers; in a change, all of them. */
  readonly controllers?: readonly ControllerSettings[] | undefined
  /** Export of traffic data to NetFlow collectors. */
  readonly netFlow?: NetFlowSettings | undefined
  /** Export of traffic data to sFlow collectors. */
  readonly sflow?: SflowSettings | undefined
  /** Export of traffic data to IPFIX collectors. */
  readonly ipfix?: IpfixSettings | undefined
}

/** A bridge to add. */
export interface BridgeOptions extends BridgeSettings {
  /** Its name, which is that of its own port and device too: up to 15 bytes. */
  readonly name: string
}

/** Changes of a bridge. */
export type BridgeChanges = ChangesOf<BridgeSettings>

/** A bridge as it is. */
export interface Bridge extends Omit<BridgeSettings, 'controllers'> {
  /** The UUID of its row. */
  readonly uuid: string
  /** Its name. */
  readonly name: string
  /** The datapath. */
  readonly datapathType: 'system' | 'netdev'
  /** Its OpenFlow datapath id, 16 hexadecimal digits; undefined before the switch has created it. */
  readonly datapathId?: string
  /** Spanning tree. */
  readonly stpEnable: boolean
  /** Rapid spanning tree. */
  readonly rstpEnable: boolean
  /** Whether multicast is sent only to ports that have joined the group. */
  readonly mcastSnoopingEnable: boolean
  /** The enabled versions of OpenFlow; empty for all. */
  readonly protocols: readonly OpenflowVersion[]
  /** VLANs in which no addresses are learned. */
  readonly floodVlans: readonly number[]
  /** The table's `other_config`. */
  readonly otherConfig: Strings
  /** Other data, which the switch ignores. */
  readonly externalIds: Strings
  /** The state of spanning tree and others. */
  readonly status: Strings
  /** The state of rapid spanning tree. */
  readonly rstpStatus: Strings
  /** The names of its ports, its own among them. */
  readonly ports: readonly string[]
  /** The names of its mirrors. */
  readonly mirrors: readonly string[]
  /** Its OpenFlow controllers. */
  readonly controllers: readonly Controller[]
}

const version = oneOf('OpenFlow10', 'OpenFlow11', 'OpenFlow12', 'OpenFlow13', 'OpenFlow14', 'OpenFlow15')

/** The columns that are written. */
export const bridgeSettingColumns: Columns<BridgeColumns> = {
  datapathType: [
    'datapath_type',
    { ...oneOf('system', 'netdev'), read: (value) => (value === '' ? 'system' : value), empty: 'system' },
  ],
  failMode: ['fail_mode', oneOf('standalone', 'secure')],
  stpEnable: ['stp_enable', flag],
  rstpEnable: ['rstp_enable', flag],
  mcastSnoopingEnable: ['mcast_snooping_enable', flag],
  protocols: ['protocols', setOf(version)],
  floodVlans: ['flood_vlans', vlans],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

type OfOtherRows = 'ports' | 'mirrors' | 'controllers' | 'netFlow' | 'sflow' | 'ipfix'

/** The columns that are read. */
export const bridgeColumns: Columns<Omit<Bridge, OfOtherRows>> = {
  ...bridgeSettingColumns,
  uuid: ['_uuid', reported()],
  name: ['name', text],
  datapathId: ['datapath_id', reported()],
  status: ['status', reportedStrings],
  rstpStatus: ['rstp_status', reportedStrings],
}
