// The options of an interface by its type: properties of ours, and keys of the table's column `options`.
import { outOfRange, unknownOption, wrongType, wrongValue } from 'netloom/errors'
import { checkDeviceName } from 'netloom/values'
import { changeKeys, type Changes, type Values } from './columns'
import { checkAddress, checkWhole, checkWords, strings } from './codecs'
import type { InterfaceKind } from './interface'

/** One option of a type. */
interface Option {
  readonly key: string
  readonly write: (value: unknown, field: string) => string
  readonly read: (value: string) => unknown
  readonly required?: boolean
}

const asText = (value: string): unknown => value
const asNumber = (value: string): unknown => (/^\d+$/.test(value) ? Number(value) : value)

function addressOr(key: string, required: boolean): Option {
  return {
    key,
    required,
    read: asText,
    write: (value, field) => (value === 'flow' ? 'flow' : checkAddress(value, field)),
  }
}

function numberOr(key: string, most: number, word?: string): Option {
  return {
    key,
    read: asNumber,
    write: (value, field) => {
      if (word !== undefined && value === word) return word
      if (typeof value === 'string' && word !== undefined) throw wrongValue(field, `a number or "${word}"`, value)
      return String(checkWhole(value, 0, most, field))
    },
  }
}

function switchOf(key: string): Option {
  return {
    key,
    read: (value) => value === 'true',
    write: (value, field) => {
      if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
      return String(value)
    },
  }
}

const name: Option['write'] = (value, field) => {
  const checked = checkWords(value, field)
  if (checked === '') throw wrongValue(field, 'the name of an interface', value)
  return checked
}

function tunnel(mostKey: number, withPort: boolean): Readonly<Record<string, Option>> {
  return {
    remoteIp: addressOr('remote_ip', true),
    localIp: addressOr('local_ip', false),
    key: numberOr('key', mostKey, 'flow'),
    ...(withPort && { dstPort: numberOr('dst_port', 65_535) }),
    ttl: numberOr('ttl', 255, 'inherit'),
    tos: numberOr('tos', 255, 'inherit'),
    dfDefault: switchOf('df_default'),
    csum: switchOf('csum'),
  }
}

const kinds: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  system: {},
  internal: {},
  tap: {},
  patch: { peer: { key: 'peer', required: true, read: asText, write: name } },
  vxlan: tunnel(2 ** 24 - 1, true),
  geneve: tunnel(2 ** 24 - 1, true),
  gre: tunnel(2 ** 32 - 1, false),
  other: {},
}

/** All properties that some type has. */
export const kindProperties: readonly string[] = [...new Set(Object.values(kinds).flatMap(Object.keys)), 'options']

type Given = Readonly<Record<string, unknown>>

function optionsOf(type: string): Readonly<Record<string, Option>> {
  return kinds[type] ?? {}
}

function at(prefix: string, property: string): string {
  return prefix === '' ? property : `${prefix}.${property}`
}

function keysOf(type: string, given: Given, prefix: string): Values {
  const options = optionsOf(type)
  const keys: Values =
    given.options === undefined || given.options === null
      ? {}
      : { ...(strings.write(given.options, at(prefix, 'options')) as Values) }
  for (const property of kindProperties) {
    const value = given[property]
    if (property === 'options' || value === undefined) continue
    const option = options[property]
    if (option === undefined) throw unknownOption(at(prefix, property), property, [...Object.keys(options), 'options'])
    if (value === null && option.required === true) throw wrongType(at(prefix, property), 'a value', value)
    keys[option.key] = value === null ? null : option.write(value, at(prefix, property))
  }
  return keys
}

/** The type of a new interface, and what its column `options` gets. */
export function newKind(given: Given, prefix: string): { readonly type: string; readonly options: Values } {
  const { type = 'system', otherType } = given
  if (typeof type !== 'string') throw wrongType(at(prefix, 'type'), 'a string', type)
  if (!Object.hasOwn(kinds, type)) {
    throw wrongValue(at(prefix, 'type'), `one of ${Object.keys(kinds).join(', ')}`, type)
  }
  if (type !== 'other' && otherType !== undefined) {
    throw wrongValue(at(prefix, 'otherType'), 'left out, unless the type is "other"', otherType)
  }
  const keys = keysOf(type, given, prefix)
  for (const [property, { key, required }] of Object.entries(optionsOf(type))) {
    if (required === true && keys[key] === undefined) throw wrongType(at(prefix, property), 'given', undefined)
  }
  const options = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null))
  return { type: type === 'other' ? name(otherType, at(prefix, 'otherType')) : type === 'system' ? '' : type, options }
}

/** Whether a name has to be one that the kernel takes for a device. */
export function checkInterfaceName(given: unknown, type: unknown, field: string): string {
  if (type === undefined || type === 'system' || type === 'internal' || type === 'tap')
    return checkDeviceName(given, field)
  const checked = name(given, field)
  if (/[/\s]/.test(checked) || checked === '.' || checked === '..') {
    throw wrongValue(field, 'a name without "/" and white space', given)
  }
  if (Buffer.byteLength(checked) > 127) throw outOfRange(field, 'at most 127 bytes', given)
  return checked
}

/** Adds changes of an interface's options to those of its row. */
export function changeKind(changes: Changes, type: string, given: Given, prefix: string): void {
  const keys = keysOf(typeOf(type), given, prefix)
  if (given.options === null) changes.update.options = keys
  else if (Object.keys(keys).length > 0) changeKeys(changes, 'options', keys)
}

function typeOf(word: string): string {
  if (word === '' || word === 'system') return 'system'
  return Object.hasOwn(kinds, word) && word !== 'other' ? word : 'other'
}

/** What an interface is, from its row's columns. */
export function readKind(word: string, options: ReadonlyMap<string, string>): InterfaceKind {
  const type = typeOf(word)
  const properties: Record<string, unknown> = type === 'other' ? { type, otherType: word } : { type }
  for (const [property, { key, read }] of Object.entries(optionsOf(type))) {
    const value = options.get(key)
    if (value !== undefined) properties[property] = read(value)
  }
  return properties
}
