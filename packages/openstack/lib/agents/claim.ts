// Ownership of objects. An agent marks all that it creates: a device, and the `lo` of a namespace, by the alias; a port of Open vSwitch
// by an external id. It checks the mark before it changes or removes anything, as others use the same names, above all Neutron.
import { agentError } from './errors'
import type { NetloomError } from 'netloom/errors'

/** Decides which existing objects a plug may use, change and remove. */
export interface Claim {
  /** The mark of all objects that one network or router of one agent owns. */
  readonly mark: string
  /**
   * Objects without a mark that count as its own. `former`: all with its names, as an older version has set no marks; `begun`: those
   * that were created and not used yet, which a kill before the marking leaves.
   */
  readonly unmarked: 'former' | 'begun' | 'nothing'
  /** Whether it adopts suitable objects of others. Never replaces one. */
  readonly adopt: boolean
}

/** The mark of objects of a network or router. */
export function markOf(agent: string, id: string, owner: string): string {
  return `netloom:${agent}:${id}:${owner}`
}

/** The beginning of the mark of a network's bridge, which all agents use. The owner follows. */
function bridgeOf(network: string): string {
  return `netloom:bridge:${network}:`
}

/** The mark of a bridge. */
export function bridgeMark({ mark }: Claim, network: string): string {
  return `${bridgeOf(network)}${mark.slice(mark.lastIndexOf(':') + 1)}`
}

/** Whether a mark is that of this network's bridge, of any agent. */
export function isBridgeOf(network: string, mark: string | undefined): boolean {
  return mark?.startsWith(bridgeOf(network)) === true
}

/** Whether a mark is that of an agent's bridge, for any network. */
export function isAgentsBridge(mark: string | undefined): boolean {
  return mark?.startsWith('netloom:bridge:') === true
}

/**
 * Whether an object is its own.
 * @param mark - The mark of the object.
 * @param isUnused - Whether it is unchanged since its creation, or cannot belong to others for another reason.
 */
export function isOwn({ mark: own, unmarked }: Claim, mark: string | undefined, isUnused = false): boolean {
  if (mark !== undefined) return mark === own
  return unmarked === 'former' || (unmarked === 'begun' && isUnused)
}

/** The error for an object of others, `what`. */
export function notOwn(operation: string, what: string, mark?: string, remedy = takeOver): NetloomError {
  const whose = /^netloom:(\w+):([^:]+):/.exec(mark ?? '')
  const why =
    whose === null ? 'this agent has not made it' : `another agent has made it (${whose[1] ?? ''} ${whose[2] ?? ''})`
  return agentError('ERR_NETLOOM_NOT_OWN', operation, `${what} is there already, and ${why}; ${remedy}`)
}

const takeOver = '"adopt: true" takes it over'
/** The remedy where an object cannot be taken over. */
export const leftAlone = 'it is left alone'
