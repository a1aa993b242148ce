// Errors of all agents, beside those of the kernel.
import { NetloomError } from 'netloom/errors'

/** What goes wrong with an agent's directory, or with the switch. */
export type AgentErrorCode =
  | 'ERR_NETLOOM_STATE_LOCKED'
  | 'ERR_NETLOOM_STATE_DAMAGED'
  | 'ERR_NETLOOM_STATE_FOREIGN'
  | 'ERR_NETLOOM_NOT_OWN'
  | 'ERR_NETLOOM_NO_VLANS'
  | 'ERR_NETLOOM_NOT_PLUGGED'

/** Makes an error of an agent. */
export function agentError(code: AgentErrorCode, operation: string, message: string, cause?: unknown): NetloomError {
  return new NetloomError(`${operation}: ${message}`, code, { operation, cause })
}
