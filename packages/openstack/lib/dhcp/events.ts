// The events of agents.
import type { Lease } from './leases'

/** Events of a `DhcpAgent`, by name, with the arguments of their listeners. */
export interface DhcpAgentEvents {
  /** A client has got a lease, or renewed it (`renewed`). */
  lease: [event: LeaseEvent]
  /** A lease has ended: released, expired, or removed with its port. */
  release: [event: ReleaseEvent]
  /** A dnsmasq was started again. */
  restart: [event: RestartEvent]
  /** An object that was removed was restored: a namespace, a device, a bridge, an address. */
  repair: [event: RepairEvent]
  /** A failure outside of a call; the agent goes on, and tries again. Without a listener it is thrown. */
  error: [error: Error]
}

/** A new or renewed lease. */
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

/** A lease that has ended. */
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

/** A repair. */
export interface RepairEvent {
  /** The network's id. */
  readonly network: string
  /** The objects that were missing, such as `namespace qdhcp-red` or `bridge brqred`. */
  readonly mended: readonly string[]
}

/** Calls listeners by name. */
export type Tell = <Name extends keyof DhcpAgentEvents>(name: Name, ...args: DhcpAgentEvents[Name]) => void
