// Encodes options of routing rules as messages, and decodes rules.
import { printable } from '../wire/printable'
import { NLM_F } from '../netlink/constants'
import { asReceived, decodeMessage, type Message, type Received } from '../netlink/message'
import { objectVerbs, type Selection } from '../netlink/objects'
import { numbersOf } from '../netlink/rollback/offsets'
import { word, type Condition, type Pattern, type Test } from '../netlink/rollback/pattern'
import type { UndoRecipe } from '../netlink/rollback/recipe'
import { outOfRange } from '../wire/invalid'
import { checkFamily } from './families'
import { causeForRule } from './likely_cause'
import { message, Mode, ofIP, protocol, RTM } from './rtnetlink'
import { aboutRule, direct, familyOfRule, ruleContent, ruleFields, type Rule, type RuleOptions } from './rule'
import { ruleLayout } from './rule_attributes'
import { conditionsOf, unsaidOf } from './rule_filter'
import { anyRule, deletedRule } from './rollback/recipes'

function newRule(options: RuleOptions, flags: number): Message {
  return message('NEWRULE', ruleLayout, { flags, ...ruleContent(options, true) })
}

/** Requests all rules of a key's family. */
export function allOf(options: RuleOptions): Message {
  return message('GETRULE', ruleLayout, { flags: NLM_F.DUMP, header: { family: familyOfRule(options) } })
}

/** Matches rules that equal these options in all fields, also in those that are left out. */
export function exactly(options: RuleOptions, request: Message, told = decodeRule(asReceived(request))): Pattern {
  const pattern: Condition[] = [ofIP]
  for (const field of ruleFields) {
    const free = field === 'priority' || field === 'protocol'
    if (options[field] === undefined && free) continue
    pattern.push(...(unsaidOf(field, options) ?? conditionsOf(field, request.bytes, told)))
  }
  return pattern
}

function naming(key: RuleOptions): Message {
  return message('DELRULE', ruleLayout, ruleContent(key, false))
}

function deletion(key: RuleOptions): Message {
  const request = naming(key)
  if (!Object.entries(key).some(([name, value]) => isCondition(name, value))) {
    throw outOfRange('rule', 'named by at least one condition', key)
  }
  return request
}

/** Selects exactly the rule of a key, if the key has fields that the kernel does not compare. */
function rest(key: RuleOptions, request: Message): Selection | undefined {
  if (isListed(key)) return { request: allOf(key), pattern: exactly(key, request) }
  return saysMore(key) ? filtering({ ...key, family: familyOfRule(key) }) : undefined
}

function recipeOf({ from, to, tos = 0, action, goto }: RuleOptions): UndoRecipe {
  return deletedRule({
    from: from !== undefined && isCondition('from', from),
    to: to !== undefined && isCondition('to', to),
    tos: tos !== 0,
    action: goto !== undefined || (action !== undefined && isCondition('action', action)),
  })
}

/** Whether the kernel compares a field when it searches the rule to delete: it does not if the field is 0. */
function isCondition(name: string, value: unknown): boolean {
  if (value === undefined || name === 'family' || name === 'flags') return false
  if (name === 'from' || name === 'to') return typeof value === 'string' && !value.endsWith('/0')
  return name === 'priority' || (value !== 0 && value !== 0n && value !== false && value !== 'unspec')
}

/** Whether a key is a listed rule, which is compared in all fields, also in those that it lacks. */
function isListed(key: RuleOptions & Partial<Pick<Rule, 'flags'>>): boolean {
  return key.flags !== undefined && key.priority !== undefined && key.action !== undefined
}

/** Fields that not every kernel compares when it deletes a rule; no kernel compares `invert` and `goto` (rule_find). */
const uncompared: ReadonlySet<string> = new Set([
  'invert',
  'goto',
  'flow',
  'dscp',
  'dscpMask',
  'flowLabel',
  'flowLabelMask',
  'sourcePortMask',
  'destinationPortMask',
])

/** Whether a key has fields that the kernel does not compare. */
function saysMore(key: RuleOptions): boolean {
  return Object.entries(key).some(
    ([name, value]) => value !== undefined && name !== 'family' && (uncompared.has(name) || !isCondition(name, value)),
  )
}

/** The selection of a key: the kernel filters by family, and the rest is compared with the key's own message. */
function filtering(key: RuleOptions): Selection {
  const own = naming(key)
  const told = decodeRule(asReceived(own))
  const pattern: Condition[] = [ofIP]
  for (const field of ruleFields) {
    if (key[field] !== undefined) pattern.push(...conditionsOf(field, own.bytes, told))
  }
  const wanted = key.from === undefined && key.to === undefined ? checkFamily(key.family) : familyOfRule(key)
  const request = message('GETRULE', ruleLayout, { flags: NLM_F.DUMP, header: { family: wanted ?? 'any' } })
  return { request, pattern }
}

/** Decodes a rule from an RTM_NEWRULE message. */
export function decodeRule(received: Pick<Received, 'reader' | 'at' | 'end'>): Rule | undefined {
  const decoded = decodeMessage(ruleLayout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: found } = decoded
  if (header.family !== 'ipv4' && header.family !== 'ipv6') return undefined
  const rule: Rule = {
    family: header.family,
    priority: found.priority ?? 0,
    action: header.action,
    invert: header.flags.includes('invert'),
    flags: header.flags,
  }
  if (found.from !== undefined) rule.from = `${found.from}/${header.srcLength}`
  if (found.to !== undefined) rule.to = `${found.to}/${header.dstLength}`
  if (header.tos !== 0) rule.tos = header.tos
  if (header.action === 'table' && found.l3mdev !== true) rule.table = found.table ?? header.table
  const { sourcePorts, destinationPorts, uids } = found
  if (sourcePorts !== undefined) rule.sourcePorts = sourcePorts
  if (destinationPorts !== undefined) rule.destinationPorts = destinationPorts
  if (uids !== undefined) rule.uids = uids
  if (found.unknown !== undefined) rule.unknown = found.unknown
  const none = 0xffffffff
  for (const key of direct) {
    const value = found[key]
    // The kernel reports -1 where nothing is suppressed.
    if (value === undefined || (key.startsWith('suppress') && value === none) || key === 'uids') continue
    ;(rule as unknown as Record<string, unknown>)[key] = value
  }
  return rule.tunnelId === undefined ? rule : printable(rule)
}

const removedAgain = { inverse: RTM.DELRULE }
const isFirst: Test = { attribute: numbersOf(ruleLayout.attributes, 'PRIORITY'), value: word(0), zeroIsAbsent: true }

export const ruleVerbs = objectVerbs<RuleOptions, RuleOptions, RuleOptions, Rule, 'add'>({
  name: 'rules',
  protocol,
  headerSize: ruleLayout.header.size,
  decode: decodeRule,
  make: {
    message: newRule,
    modes: { add: { flags: Mode.add, undo: removedAgain } },
    about: aboutRule,
    cause: causeForRule,
  },
  // The kernel takes some different rules for the same: an equal rule is searched first, and if there is none, the new one is
  // created even where the kernel would answer EEXIST.
  ensure: {
    flags: NLM_F.CREATE,
    undo: removedAgain,
    select: (options, told, request) => ({ request: allOf(options), pattern: exactly(options, request, told) }),
    lookFirst: () => true,
  },
  get: {
    select: filtering,
    dump: true,
    about: ({ priority }) => (priority === undefined ? 'rule' : `rule ${priority}`),
  },
  list: { select: filtering },
  remove: {
    message: deletion,
    undo: { recipe: recipeOf, lookup: allOf },
    exactly: rest,
    removable: [[{ ...isFirst, not: true }]],
    symbol: 'RTM_DELRULE',
    recipe: anyRule,
  },
})
