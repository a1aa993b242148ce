/**
 * The errors of netloom, those for wrong values, and the waits between tries: for libraries on top of it, whose errors should have
 * the same form. Does not load the addon.
 * @module netloom/errors
 */
export {
  AbortError,
  BatchError,
  DumpInterruptedError,
  isAlreadyExists,
  isNotFound,
  NetlinkError,
  NetloomError,
  systemError,
  type AttributePolicy,
  type FailureDetails,
  type NetloomErrorDetails,
  type Subject,
} from '../errors'
export { Backoff, type BackoffOptions } from '../backoff'
export { errnoName, errnoNumber } from '../errno'
export { isInvalid, outOfRange, unknownOption, wrongType, wrongValue, type InvalidValue } from '../wire/invalid'
