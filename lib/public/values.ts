/**
 * The functions with which netloom checks arguments and formats values: options, numbers, addresses as text. For libraries on top
 * of it, whose errors for wrong arguments should name the field, too. Does not load the addon.
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
