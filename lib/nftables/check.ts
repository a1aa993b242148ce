// What a table of nftables may be asked to have: refused with the field's name before a message is made.
import { handleOf, type NetnsReference, type NetnsTarget } from '../native/netns_handle'
import { checkInteger } from '../wire/integers'
import { checkArray, checkKeys, isBytes, wrongType, wrongValue } from '../wire/invalid'
import { checkText } from '../wire/text'
import { hookNumber } from './messages'
import type { TableContent } from './table'

/** NFT_NAME_MAXLEN - 1 of linux/netfilter/nf_tables.h. */
const longestName = 255
/** Bytes of an IPv4 address. */
const addressSize = 4

const contentNames = new Set(['chains', 'sets', 'rules'])
const chainNames = new Set(['name', 'type', 'hook', 'priority'])
const setNames = new Set(['name', 'width', 'map', 'elements'])
const elementNames = new Set(['key', 'data'])
const ruleNames = new Set(['chain', 'expressions'])

/** The namespace that is meant. */
export function checkTarget(netns: NetnsTarget): NetnsReference {
  const reference: unknown = (netns as NetnsTarget | null | undefined)?.[handleOf]
  if (reference === undefined) throw wrongType('netns', 'a NetNs', netns)
  return reference as NetnsReference
}

function checkName(value: unknown, field: string): string {
  return checkText(value, 1, longestName, field)
}

/** Checks the name of a table. */
export function checkTableName(table: unknown): string {
  return checkName(table, 'table')
}

/** Checks each of a list of objects that have no other keys than the known ones. */
function eachOf(
  value: unknown,
  field: string,
  known: ReadonlySet<string>,
  check: (one: Readonly<Record<string, unknown>>, field: string) => void,
): void {
  checkArray(value, field).forEach((one, i) => {
    const at = `${field}[${i}]`
    checkKeys(one, known, at)
    check(one as Readonly<Record<string, unknown>>, at)
  })
}

function oneOf(value: unknown, words: readonly unknown[], field: string): void {
  if (words.includes(value)) return
  throw wrongValue(field, `one of ${words.map((word) => JSON.stringify(word)).join(', ')}`, value)
}

function checkAddresses(value: unknown, count: number, field: string): void {
  const expected = `a Uint8Array of ${count * addressSize} bytes`
  if (!isBytes(value)) throw wrongType(field, expected, value)
  if (value.byteLength !== count * addressSize) throw wrongValue(field, expected, value)
}

/** Checks what a table is to have; what expressions have inside, their encoder checks. */
export function checkContent(content: TableContent): void {
  checkKeys(content, contentNames, 'content')
  eachOf(content.chains, 'content.chains', chainNames, ({ name, type, hook, priority }, at) => {
    checkName(name, `${at}.name`)
    oneOf(type, ['nat', 'filter'], `${at}.type`)
    oneOf(hook, Object.keys(hookNumber.names), `${at}.hook`)
    checkInteger(priority, -0x8000_0000, 0x7fff_ffff, `${at}.priority`)
  })
  eachOf(content.sets, 'content.sets', setNames, ({ name, width, map, elements }, at) => {
    checkName(name, `${at}.name`)
    oneOf(width, [1, 2], `${at}.width`)
    if (typeof map !== 'boolean') throw wrongType(`${at}.map`, 'a boolean', map)
    eachOf(elements, `${at}.elements`, elementNames, ({ key, data }, element) => {
      checkAddresses(key, width as number, `${element}.key`)
      if (map) checkAddresses(data, 1, `${element}.data`)
      else if (data !== undefined) throw wrongValue(`${element}.data`, 'left out where the set is no map', data)
    })
  })
  eachOf(content.rules, 'content.rules', ruleNames, ({ chain, expressions }, at) => {
    checkName(chain, `${at}.chain`)
    checkArray(expressions, `${at}.expressions`)
  })
}
