/**
 * The errors of netloom, and those by which it refuses a value: for libraries on top of it, whose errors are to read as its own.
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
export { errnoName, errnoNumber } from '../errno'
export { isInvalid, outOfRange, unknownOption, wrongType, wrongValue, type InvalidValue } from '../wire/invalid'
