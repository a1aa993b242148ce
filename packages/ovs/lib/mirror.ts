// A mirror: copies packets of a bridge to another port.
import { counters, flag, integer, reported, strings, text, vlans } from './codecs'
import type { ChangesOf, Strings } from './changes'
import type { Columns } from './columns'

/** The settings of a mirror that are columns of its own (table Mirror). */
interface MirrorColumns {
  /** Whether all packets are copied. Default: false. */
  readonly selectAll?: boolean | undefined
  /** Of what is selected, only these VLANs. Default: all. */
  readonly selectVlans?: readonly number[] | undefined
  /** The VLAN for the copies, instead of `outputPort` (RSPAN). */
  readonly outputVlan?: number | undefined
  /** How many bytes of a packet are copied, at least 14. Default: all. */
  readonly snapLength?: number | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

/** The settings of a mirror. */
export interface MirrorSettings extends MirrorColumns {
  /** The ports whose incoming packets are copied, by name. */
  readonly selectSources?: readonly string[] | undefined
  /** The ports whose outgoing packets are copied, by name. */
  readonly selectDestinations?: readonly string[] | undefined
  /** The port that gets the copies, and nothing else. */
  readonly outputPort?: string | undefined
}

/** A mirror to add. */
export interface MirrorOptions extends MirrorSettings {
  /** The bridge. */
  readonly bridge: string
  /** The mirror's name, unique in its bridge. */
  readonly name: string
}

/** Changes of a mirror. */
export type MirrorChanges = ChangesOf<MirrorSettings>

/** A mirror as it is. */
export interface Mirror extends MirrorSettings {
  /** The UUID of its row. */
  readonly uuid: string
  /** The bridge. */
  readonly bridge: string
  /** Its name. */
  readonly name: string
  /** Whether all packets are copied. */
  readonly selectAll: boolean
  /** Of what is selected, only these VLANs; empty for all. */
  readonly selectVlans: readonly number[]
  /** The ports whose incoming packets are copied. */
  readonly selectSources: readonly string[]
  /** The ports whose outgoing packets are copied. */
  readonly selectDestinations: readonly string[]
  /** Other data, which the switch ignores. */
  readonly externalIds: Strings
  /** `txPackets` and `txBytes`: the copies. */
  readonly statistics: Readonly<Record<string, bigint>>
}

/** The columns that are written. */
export const mirrorSettingColumns: Columns<MirrorColumns> = {
  selectAll: ['select_all', flag],
  selectVlans: ['select_vlan', vlans],
  outputVlan: ['output_vlan', integer(1, 4095)],
  snapLength: ['snaplen', integer(14, 65_535)],
  externalIds: ['external_ids', strings],
}

/** The columns that are read. */
export const mirrorColumns: Columns<Omit<Mirror, 'bridge' | 'selectSources' | 'selectDestinations' | 'outputPort'>> = {
  ...mirrorSettingColumns,
  uuid: ['_uuid', reported()],
  name: ['name', text],
  statistics: ['statistics', counters],
}
