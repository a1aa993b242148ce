// NetFlow, sFlow and IPFIX: a bridge's export of traffic data to collectors. Each has a row of its own, for one bridge.
import { flag, integer, seconds, setOf, strings, text } from './codecs'
import type { Columns } from './columns'
import type { Strings } from './changes'

/** NetFlow version 5 (table NetFlow). */
export interface NetFlowSettings {
  /** The collectors, each as `IP:PORT`. */
  readonly targets: readonly string[]
  /** Seconds between records of an active flow; 0 is the switch's default of 600, -1 never. Default: 0. */
  readonly activeTimeoutSeconds?: number | undefined
  /** The engine's type in the records, 0 to 255. Default: from the datapath's number. */
  readonly engineType?: number | undefined
  /** The engine's number in the records, 0 to 255. Default: from the datapath's number. */
  readonly engineId?: number | undefined
  /** Whether the seven lowest bits of the engine's number become part of the interface numbers. Default: false. */
  readonly addIdToInterface?: boolean | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

export const netFlowColumns: Columns<NetFlowSettings> = {
  targets: ['targets', setOf(text, 1)],
  activeTimeoutSeconds: ['active_timeout', seconds(1, -1, 0)],
  engineType: ['engine_type', integer(0, 255)],
  engineId: ['engine_id', integer(0, 255)],
  addIdToInterface: ['add_id_to_interface', flag],
  externalIds: ['external_ids', strings],
}

/** sFlow version 5 (table sFlow). */
export interface SflowSettings {
  /** The collectors, each as `IP[:PORT]`. */
  readonly targets: readonly string[]
  /** The device whose address is that of the agent. */
  readonly agent?: string | undefined
  /** One packet out of this many is sampled. Default: 400. */
  readonly sampling?: number | undefined
  /** Seconds between counters. Default: 30. */
  readonly pollingSeconds?: number | undefined
  /** Bytes of a packet's beginning that are sent with a sample. Default: 128. */
  readonly headerBytes?: number | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

const most32 = 2 ** 32 - 1

export const sflowColumns: Columns<SflowSettings> = {
  targets: ['targets', setOf(text, 1)],
  agent: ['agent', text],
  sampling: ['sampling', integer(1, most32)],
  pollingSeconds: ['polling', seconds(1)],
  headerBytes: ['header', integer(1, 65_535)],
  externalIds: ['external_ids', strings],
}

/** IPFIX of a whole bridge (table IPFIX). */
export interface IpfixSettings {
  /** The collectors, each as `IP:PORT`. */
  readonly targets: readonly string[]
  /** One packet out of this many is sampled. Default: 400. */
  readonly sampling?: number | undefined
  /** The observation domain in the records. Default: 0. */
  readonly domainId?: number | undefined
  /** The observation point in the records. Default: 0. */
  readonly pointId?: number | undefined
  /** Seconds that a record is collected before it is sent, up to 4200. Default: 0. */
  readonly cacheActiveTimeoutSeconds?: number | undefined
  /** How many flows are collected at once. Default: 0. */
  readonly cacheMaxFlows?: number | undefined
  /** More of the table's `other_config`, such as `enable-tunnel-sampling`. */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

export const ipfixColumns: Columns<IpfixSettings> = {
  targets: ['targets', setOf(text, 1)],
  sampling: ['sampling', integer(1, most32)],
  domainId: ['obs_domain_id', integer(0, most32)],
  pointId: ['obs_point_id', integer(0, most32)],
  cacheActiveTimeoutSeconds: ['cache_active_timeout', integer(0, 4200)],
  cacheMaxFlows: ['cache_max_flows', integer(0, most32)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}
