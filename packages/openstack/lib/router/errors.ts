// Errors of the router agent, beside those of the kernel.
import type { AgentErrorCode } from '../agents/errors'
import { NetloomError } from 'netloom/errors'

/** What goes wrong with the agent itself. */
export type RouterErrorCode = AgentErrorCode | 'ERR_NETLOOM_AGENT_CLOSED' | 'ERR_NETLOOM_NO_ROUTER'

/** Makes an error of the agent. */
export function routerError(code: RouterErrorCode, operation: string, message: string, cause?: unknown): NetloomError {
  return new NetloomError(`${operation}: ${message}`, code, { operation, cause })
}
