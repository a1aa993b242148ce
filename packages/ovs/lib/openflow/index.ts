/**
 * OpenFlow 1.3 and 1.4 as bytes, for programs that speak to a bridge by themselves: messages, matches, actions, flows. `OpenVswitch.flows`
 * of `@netloom/ovs` is made of it, and connects by itself.
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
