// The events of router agents.

/** Events of a `RouterAgent`, by name, with the arguments of their listeners. */
export interface RouterAgentEvents {
  /** An object that was removed was restored: a namespace, a device, an address, a rule. */
  repair: [event: RouterRepairEvent]
  /** A router could not be taken over or repaired: emitted once, and tried again. Without a listener it is thrown. */
  error: [error: Error]
}

/** A repair. */
export interface RouterRepairEvent {
  /** The router's id. */
  readonly router: string
  /** The objects that were missing, such as `namespace qrouter-r1` or `rules`. */
  readonly mended: readonly string[]
}

/** Calls listeners by name. */
export type TellRouter = <Name extends keyof RouterAgentEvents>(name: Name, ...args: RouterAgentEvents[Name]) => void
