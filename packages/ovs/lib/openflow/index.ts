/**
 * Encodes and decodes OpenFlow 1.3 and 1.4, for programs with connections of their own to a bridge: messages, matches, actions, flows.
 * `OpenVswitch.flows` of `@netloom/ovs` uses it, with its own connections.
 * @module @netloom/ovs/openflow
 */
export {
  commonVersion,
  encodeMessage,
  messageTypes,
  OpenflowSplitter,
  versions,
  type OpenflowMessage,
} from './messages'
export { decodeActions, encodeActions } from './actions'
export { decodeFields, encodeFields } from './fields'
export { readFlows } from './flow'
export type { PortNames } from './ports'
export { OpenflowError, OpenflowProtocolError } from './errors'
export type * from './types'
