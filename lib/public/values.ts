/**
 * How netloom checks what it is given, and prints what it gives: options, numbers, addresses in text. For libraries on top of it,
 * which want their arguments refused by errors that name the field. Loads no addon.
 * @module netloom/values
 */
export { checkArray, checkKeys, checkObject, type InvalidValue, type PlainObject } from '../wire/invalid'
export { checkInteger } from '../wire/integers'
export { checkPath, checkText } from '../wire/text'
export { checkDeviceName } from '../wire/device'
export { checkName as checkNetnsName } from '../netns/name'
export {
  canonicalIP,
  formatIPv4,
  formatIPv6,
  parseIP,
  parseMac,
  parsePrefix,
  type Family,
  type Prefix,
} from '../wire/ip'
export { printable, printableThroughout } from '../wire/printable'
