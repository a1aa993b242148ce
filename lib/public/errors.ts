/**
 * The errors of netloom, those by which it refuses a value, and how long to wait between tries of what fails: for libraries on top of it, whose errors are to read as its own.
 * Loads no addon.
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
