// OpenFlow controllers of a bridge, and managers, to which the database server connects.
import { address, integer, oneOf, optionalFlag, reported, reportedStrings, seconds, strings, text } from './codecs'
import type { Columns } from './columns'
import type { Strings } from './changes'

/** An OpenFlow controller (table Controller). */
export interface ControllerSettings {
  /** The address to connect to: `tcp:IP[:PORT]`, `ssl:IP[:PORT]`, `unix:FILE`; or to listen on: `ptcp:[PORT][:IP]` and so on. */
  readonly target: string
  /** `primary`, or `service` for one that does not count for `failMode`. Default: primary. */
  readonly type?: 'primary' | 'service' | undefined
  /** The longest time between attempts to connect; at least 1. Default: 8. */
  readonly maxBackoffSeconds?: number | undefined
  /** Seconds of silence after which the connection is tried; 0 is never. Default: 5. */
  readonly inactivityProbeSeconds?: number | undefined
  /** Whether it is reached through the bridge itself. Default: in-band. */
  readonly connectionMode?: 'in-band' | 'out-of-band' | undefined
  /** The local port's address, where the controller is reached in-band. */
  readonly localIp?: string | undefined
  /** The mask of that address. */
  readonly localNetmask?: string | undefined
  /** The gateway of that address. */
  readonly localGateway?: string | undefined
  /** Whether it gets asynchronous messages, such as `PACKET_IN`. Default: true. */
  readonly enableAsyncMessages?: boolean | undefined
  /** How many packets may wait for it, up to 512. */
  readonly queueSize?: number | undefined
  /** Packets a second that are sent to it, at least 100. Default: no limit. */
  readonly rateLimitPacketsPerSecond?: number | undefined
  /** How many packets it may get at once, at least 25. */
  readonly burstPackets?: number | undefined
  /** More of the table's `other_config`. */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

/** An OpenFlow controller, with its state. */
export interface Controller extends ControllerSettings {
  /** Whether the switch is connected to it. */
  readonly isConnected: boolean
  /** Its role among the controllers. */
  readonly role?: 'other' | 'master' | 'slave'
  /** Further state from the switch: `state`, `last_error`, `sec_since_connect` … */
  readonly status: Strings
}

const settings: Columns<ControllerSettings> = {
  target: ['target', text],
  type: ['type', oneOf('primary', 'service')],
  maxBackoffSeconds: ['max_backoff', seconds(1000, 1)],
  inactivityProbeSeconds: ['inactivity_probe', seconds(1000)],
  connectionMode: ['connection_mode', oneOf('in-band', 'out-of-band')],
  localIp: ['local_ip', address],
  localNetmask: ['local_netmask', address],
  localGateway: ['local_gateway', address],
  enableAsyncMessages: ['enable_async_messages', optionalFlag],
  queueSize: ['controller_queue_size', integer(1, 512)],
  rateLimitPacketsPerSecond: ['controller_rate_limit', integer(100, 2 ** 31 - 1)],
  burstPackets: ['controller_burst_limit', integer(25, 2 ** 31 - 1)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

export const controllerColumns: Columns<Controller> = {
  ...settings,
  isConnected: ['is_connected', reported()],
  role: ['role', reported()],
  status: ['status', reportedStrings],
}

/** A manager (table Manager): a client of the database to which the server connects, or for which it listens. */
export interface ManagerSettings {
  /** `tcp:IP[:PORT]`, `ssl:IP[:PORT]`, `ptcp:[PORT][:IP]`, `pssl:[PORT][:IP]`. */
  readonly target: string
  /** The longest time between attempts to connect; at least 1. Default: 8. */
  readonly maxBackoffSeconds?: number | undefined
  /** Seconds of silence after which the connection is tried; 0 is never. Default: 5. */
  readonly inactivityProbeSeconds?: number | undefined
  /** More of the table's `other_config`. */
  readonly otherConfig?: Strings | undefined
  /** Other data, which the switch ignores. */
  readonly externalIds?: Strings | undefined
}

/** A manager, with its state. */
export interface Manager extends ManagerSettings {
  /** Whether there is a connection. */
  readonly isConnected: boolean
  /** Further state from the server: `state`, `last_error`, `sec_since_connect` … */
  readonly status: Strings
}

export const managerColumns: Columns<Manager> = {
  target: ['target', text],
  maxBackoffSeconds: ['max_backoff', seconds(1000, 1)],
  inactivityProbeSeconds: ['inactivity_probe', seconds(1000)],
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
  isConnected: ['is_connected', reported()],
  status: ['status', reportedStrings],
}
