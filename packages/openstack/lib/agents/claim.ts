// Whose something is. What an agent makes bears its mark: a device and the `lo` of a namespace as their alias, a port of Open vSwitch as
// an external id. Before anything is changed or taken away the mark is asked for: others use the same names, Neutron above all.
import { agentError } from './errors'
import type { NetloomError } from 'netloom/errors'

/** By what right a plug uses, changes and takes away what it finds. */
export interface Claim {
  /** What is made bears this mark, and what bears it is the caller's own. It holds for one network or router of one agent. */
  readonly mark: string
  /**
   * What counts as its own though it bears no mark at all: with `former` everything of its names, which a version made that set no
   * marks; with `begun` what has been made and not used yet, which is what a kill leaves between the two; otherwise nothing.
   */
  readonly unmarked: 'former' | 'begun' | 'nothing'
  /** Whether what is not its own, and fits, becomes its own. Nothing is ever replaced for it. */
  readonly adopt: boolean
}

/** The mark of what an agent makes for a network or router. */
export function markOf(agent: string, id: string, owner: string): string {
  return `netloom:${agent}:${id}:${owner}`
}

/** What begins the mark of a bridge of a network: all agents meet on it. Behind it stands whose it is. */
function bridgeOf(network: string): string {
  return `netloom:bridge:${network}:`
}

/** The mark of a bridge. */
export function bridgeMark({ mark }: Claim, network: string): string {
  return `${bridgeOf(network)}${mark.slice(mark.lastIndexOf(':') + 1)}`
}

/** Whether a mark is that of a bridge of this network, whoever has made it. */
export function isBridgeOf(network: string, mark: string | undefined): boolean {
  return mark?.startsWith(bridgeOf(network)) === true
}

/** Whether a mark is that of a bridge that an agent has made for some network. */
export function isAgentsBridge(mark: string | undefined): boolean {
  return mark?.startsWith('netloom:bridge:') === true
}

/**
 * Whether something is its own.
 * @param mark - The mark that it bears.
 * @param isUnused - Whether it is as it was when it was made, or cannot be another's for another reason.
 */
export function isOwn({ mark: own, unmarked }: Claim, mark: string | undefined, isUnused = false): boolean {
  if (mark !== undefined) return mark === own
  return unmarked === 'former' || (unmarked === 'begun' && isUnused)
}

/** The error for what is somebody else's. `what` names it, `why` says more than that it is not ours. */
export function notOwn(operation: string, what: string, mark?: string, remedy = takeOver): NetloomError {
  const whose = /^netloom:(\w+):([^:]+):/.exec(mark ?? '')
  const why =
    whose === null ? 'this agent has not made it' : `another agent has made it (${whose[1] ?? ''} ${whose[2] ?? ''})`
  return agentError('ERR_NETLOOM_NOT_OWN', operation, `${what} is there already, and ${why}; ${remedy}`)
}

const takeOver = '"adopt: true" takes it over'
/** What is said where nothing can be taken over. */
export const leftAlone = 'it is left alone'
