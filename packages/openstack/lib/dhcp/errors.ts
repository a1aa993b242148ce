// Errors of the DHCP agent, beside those of the kernel.
import type { AgentErrorCode } from '../agents/errors'
import { NetloomError } from 'netloom/errors'

/** What goes wrong with dnsmasq, or with the agent itself. */
export type DhcpErrorCode =
  | AgentErrorCode
  | 'ERR_NETLOOM_NO_DNSMASQ'
  | 'ERR_NETLOOM_DNSMASQ_FAILED'
  | 'ERR_NETLOOM_DNSMASQ_HANGS'
  | 'ERR_NETLOOM_AGENT_CLOSED'
  | 'ERR_NETLOOM_NO_NETWORK'
  | 'ERR_NETLOOM_NO_PORT'
  | 'ERR_NETLOOM_PORT_EXISTS'
  | 'ERR_NETLOOM_NAME_TAKEN'
  | 'ERR_NETLOOM_NOT_RELEASED'

/** Makes an error of the agent. */
export function dhcpError(code: DhcpErrorCode, operation: string, message: string, cause?: unknown): NetloomError {
  return new NetloomError(`${operation}: ${message}`, code, { operation, cause })
}
