// What an agent tells of.
import type { Lease } from './leases'

/** Events of a `DhcpAgent`, by name, with what their listeners are given. */
export interface DhcpAgentEvents {
  /** A client has got a lease, or prolonged it (`renewed`). */
  lease: [event: LeaseEvent]
  /** A lease has ended: given back, run out, or taken away with its port. */
  release: [event: ReleaseEvent]
  /** A dnsmasq was started again. */
  restart: [event: RestartEvent]
  /** Something that somebody took away is there again: a namespace, a device, a bridge, an address. */
  repair: [event: RepairEvent]
  /** Something failed that nobody waits for; the agent goes on, and tries again. Without a listener it is thrown. */
  error: [error: Error]
}

/** A lease came or was prolonged. */
export interface LeaseEvent {
  /** The network's id. */
  readonly network: string
  /** The id of the port whose address it is, if there is one. */
  readonly port: string | undefined
  /** The lease. */
  readonly lease: Lease
  /** Whether the client had it before. */
  readonly renewed: boolean
}

/** A lease went. */
export interface ReleaseEvent {
  /** The network's id. */
  readonly network: string
  /** The lease that was. */
  readonly lease: Lease
}

/** A dnsmasq was started again. */
export interface RestartEvent {
  /** The network's id. */
  readonly network: string
  /** Why: it ended by itself, did not answer, its subnets changed, or its device is a new one. */
  readonly reason: 'ended' | 'hangs' | 'changed' | 'replaced'
  /** Its process id. */
  readonly pid: number
}

/** Something was mended. */
export interface RepairEvent {
  /** The network's id. */
  readonly network: string
  /** What was missing, such as `namespace qdhcp-red` or `bridge brqred`. */
  readonly mended: readonly string[]
}

/** Calls listeners by name. */
export type Tell = <Name extends keyof DhcpAgentEvents>(name: Name, ...args: DhcpAgentEvents[Name]) => void
