// DHCP options by number or name, checked.
import { wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkInteger, checkKeys } from 'netloom/values'
import { checkOptionText, checkTag } from '../agents/names'
import { isOfProtocol, writtenValues } from './option_grammar'
import type { DhcpOption } from './options'

/** A checked option, for a line of dnsmasq's file. */
export interface CheckedOption {
  readonly code: string
  /** Its values, as written for dnsmasq. */
  readonly values: readonly string[]
  readonly family: 'ipv4' | 'ipv6'
  readonly tag: string | undefined
}

const keys = new Set(['code', 'value', 'family', 'tag'])

/** Checks an array, or what one may leave out. */
export function checkList(value: unknown, field: string): readonly unknown[] {
  return value === undefined ? [] : checkArray(value, field)
}

function checkCode(value: unknown, family: 'ipv4' | 'ipv6', field: string): string {
  if (typeof value === 'number') return String(checkInteger(value, 1, family === 'ipv4' ? 254 : 65_535, field))
  if (typeof value !== 'string') throw wrongType(field, 'a number, or a name that dnsmasq knows', value)
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(value)) throw wrongValue(field, 'a number, or a name such as "ntp-server"', value)
  return value
}

function checkOption(option: unknown, field: string): CheckedOption {
  checkKeys(option, keys, field)
  const { code, value, family = 'ipv4', tag } = option as DhcpOption
  if (!['ipv4', 'ipv6'].includes(family)) throw wrongValue(`${field}.family`, '"ipv4" or "ipv6"', family)
  const list = typeof value === 'string' ? [value] : checkList(value, `${field}.value`)
  const at = (i?: number): string => `${field}.value${i === undefined || typeof value === 'string' ? '' : `[${i}]`}`
  const given = list.map((one, i) => checkOptionText(one, at(i)))
  const checked = checkCode(code, family, `${field}.code`)
  if (isOfProtocol(checked, family)) {
    throw wrongValue(`${field}.code`, 'an option that is not the server’s own to say', code)
  }
  return {
    code: checked,
    values: given.length === 1 && given[0] === '' ? [] : writtenValues(checked, family, given, at),
    family,
    tag: tag === undefined ? undefined : checkTag(tag, `${field}.tag`),
  }
}

/** Checks a list of options. */
export function checkOptions(value: unknown, field: string): readonly CheckedOption[] {
  return checkList(value, field).map((option, i) => checkOption(option, `${field}[${i}]`))
}
