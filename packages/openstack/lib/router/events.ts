// What a router agent tells of.

/** Events of a `RouterAgent`, by name, with what their listeners are given. */
export interface RouterAgentEvents {
  /** Something that somebody took away is there again: a namespace, a device, an address, a rule. */
  repair: [event: RouterRepairEvent]
  /** A router could not be taken over at the start, or not be mended: told once, and tried again. Without a listener it is thrown. */
  error: [error: Error]
}

/** Something was mended. */
export interface RouterRepairEvent {
  /** The router's id. */
  readonly router: string
  /** What was missing, such as `namespace qrouter-r1` or `rules`. */
  readonly mended: readonly string[]
}

/** Calls listeners by name. */
export type TellRouter = <Name extends keyof RouterAgentEvents>(name: Name, ...args: RouterAgentEvents[Name]) => void
