// Errors of OpenFlow: messages that a bridge refuses (ofp_error_msg), and malformed ones.
import { NetloomError } from 'netloom/errors'

/** The types of errors, each with its codes in their order (OpenFlow 1.4, 7.5.4). */
const types: readonly (readonly [name: string, codes: string])[] = [
  ['HELLO_FAILED', 'INCOMPATIBLE EPERM'],
  [
    'BAD_REQUEST',
    'BAD_VERSION BAD_TYPE BAD_MULTIPART BAD_EXPERIMENTER BAD_EXP_TYPE EPERM BAD_LEN BUFFER_EMPTY BUFFER_UNKNOWN ' +
      'BAD_TABLE_ID IS_SLAVE BAD_PORT BAD_PACKET MULTIPART_BUFFER_OVERFLOW MULTIPART_REQUEST_TIMEOUT MULTIPART_REPLY_TIMEOUT',
  ],
  [
    'BAD_ACTION',
    'BAD_TYPE BAD_LEN BAD_EXPERIMENTER BAD_EXP_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY BAD_QUEUE BAD_OUT_GROUP ' +
      'MATCH_INCONSISTENT UNSUPPORTED_ORDER BAD_TAG BAD_SET_TYPE BAD_SET_LEN BAD_SET_ARGUMENT',
  ],
  [
    'BAD_INSTRUCTION',
    'UNKNOWN_INST UNSUP_INST BAD_TABLE_ID UNSUP_METADATA UNSUP_METADATA_MASK BAD_EXPERIMENTER BAD_EXP_TYPE BAD_LEN EPERM DUP_INST',
  ],
  [
    'BAD_MATCH',
    'BAD_TYPE BAD_LEN BAD_TAG BAD_DL_ADDR_MASK BAD_NW_ADDR_MASK BAD_WILDCARDS BAD_FIELD BAD_VALUE BAD_MASK BAD_PREREQ DUP_FIELD EPERM',
  ],
  [
    'FLOW_MOD_FAILED',
    'UNKNOWN TABLE_FULL BAD_TABLE_ID OVERLAP EPERM BAD_TIMEOUT BAD_COMMAND BAD_FLAGS CANT_SYNC BAD_PRIORITY',
  ],
  [
    'GROUP_MOD_FAILED',
    'GROUP_EXISTS INVALID_GROUP WEIGHT_UNSUPPORTED OUT_OF_GROUPS OUT_OF_BUCKETS CHAINING_UNSUPPORTED',
  ],
  ['PORT_MOD_FAILED', 'BAD_PORT BAD_HW_ADDR BAD_CONFIG BAD_ADVERTISE EPERM'],
  ['TABLE_MOD_FAILED', 'BAD_TABLE BAD_CONFIG EPERM'],
  ['QUEUE_OP_FAILED', 'BAD_PORT BAD_QUEUE EPERM'],
  ['SWITCH_CONFIG_FAILED', 'BAD_FLAGS BAD_LEN EPERM'],
  ['ROLE_REQUEST_FAILED', 'STALE UNSUP BAD_ROLE'],
  ['METER_MOD_FAILED', 'UNKNOWN METER_EXISTS INVALID_METER UNKNOWN_METER'],
  ['TABLE_FEATURES_FAILED', 'BAD_TABLE BAD_METADATA EPERM'],
  ['BAD_PROPERTY', 'BAD_TYPE BAD_LEN BAD_VALUE TOO_MANY DUP_TYPE BAD_EXPERIMENTER BAD_EXP_TYPE BAD_EXP_VALUE EPERM'],
  ['ASYNC_CONFIG_FAILED', 'INVALID UNSUPPORTED EPERM'],
  [
    'FLOW_MONITOR_FAILED',
    'UNKNOWN MONITOR_EXISTS INVALID_MONITOR UNKNOWN_MONITOR BAD_COMMAND BAD_FLAGS BAD_TABLE_ID BAD_OUT',
  ],
  [
    'BUNDLE_FAILED',
    'UNKNOWN EPERM BAD_ID BUNDLE_EXIST BUNDLE_CLOSED OUT_OF_BUNDLES BAD_TYPE BAD_FLAGS MSG_BAD_LEN MSG_BAD_XID MSG_UNSUP ' +
      'MSG_CONFLICT MSG_TOO_MANY MSG_FAILED TIMEOUT BUNDLE_IN_PROGRESS',
  ],
]

/**
 * A bridge has sent malformed OpenFlow, such as an action of a wrong length; the connection is closed. `code` is
 * `ERR_NETLOOM_OPENFLOW_PROTOCOL`.
 */
export class OpenflowProtocolError extends NetloomError {
  override name = 'OpenflowProtocolError'
  /** A description of the malformed part. */
  readonly details: string

  constructor(operation: string, bridge: string | undefined, details: string, cause?: unknown) {
    const who = bridge ?? 'the bridge'
    super(`${operation}: what ${who} sends is no OpenFlow: ${details}`, 'ERR_NETLOOM_OPENFLOW_PROTOCOL', {
      operation,
      cause,
    })
    this.details = details
  }
}

/** An OpenflowProtocolError to which call and bridge are added later. */
export function malformed(details: string): OpenflowProtocolError {
  return new OpenflowProtocolError('openflow', undefined, details)
}

const experimenter = 0xffff

/**
 * A bridge has refused an OpenFlow message. `code` is `ERR_NETLOOM_OPENFLOW`. The call has changed nothing, unless it was for many
 * flows and the bridge has no OpenFlow 1.4.
 */
export class OpenflowError extends NetloomError {
  override name = 'OpenflowError'
  /** The error's type, such as `BAD_MATCH`, or its number. */
  readonly type: string
  /** The error's code within its type, such as `BAD_PREREQ`, or its number. */
  readonly reason: string
  /** The index of the refused flow among those of the call; undefined if the error is not about one. */
  readonly index: number | undefined

  constructor(operation: string, bridge: string, body: Buffer, index?: number) {
    if (body.length < 4) throw malformed(`an error of ${body.length} bytes`)
    const type = body.readUInt16BE(0)
    const code = body.readUInt16BE(2)
    const [name, codes = ''] = types[type] ?? []
    const typeName = name ?? (type === experimenter ? 'EXPERIMENTER' : `type ${type}`)
    const reason = codes.split(' ')[code] ?? `code ${code}`
    const which = index === undefined ? '' : ` flow ${index}`
    super(`${operation}${which}: ${bridge} refuses it: ${typeName} ${reason}`, 'ERR_NETLOOM_OPENFLOW', { operation })
    this.type = typeName
    this.reason = reason
    this.index = index
  }
}
