// The verb `replace` of rules. The kernel has none (it ignores NLM_F_REPLACE), so it is made of others.
import { Ending } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { errnoNumber } from '../errno'
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import type { Operation, Step } from '../netlink/operation'
import { perform } from '../netlink/perform'
import { Reader } from '../wire/reader'
import { wrongType } from '../wire/invalid'
import { vanished } from '../netlink/ensure'
import { causeForRule } from './likely_cause'
import { ruleLayout } from './rule_attributes'
import { agrees } from './rule_filter'
import { aboutRule, decodeRule, familyOfRule, listRules, ruleContent, ruleFields } from './rule_messages'
import type { Rule, RuleOptions } from './rule_messages'
import { change, message } from './rtnetlink'

const name = 'rules.replace'

/** What was removed by somebody else meanwhile is what shall be removed. */
const isGone: ReadonlySet<number> = new Set([errnoNumber('ENOENT') ?? 0])

/** rules.replace */
export async function replaceRule(netns: NetnsReference, options: RuleOptions, call?: CallOptions): Promise<Rule> {
  const request = message('NEWRULE', ruleLayout, { flags: NLM_F.CREATE, ...ruleContent(options, true) })
  const { priority } = options
  if (priority === undefined) throw wrongType('priority', 'given: what has it is replaced', priority)
  const wanted = decodeRule({ reader: new Reader(request.bytes), at: messageHeaderSize, end: request.length })
  const it = { name, netns, about: aboutRule(options) }
  if (wanted === undefined) throw vanished(it)
  const list = listRules(netns, { family: familyOfRule(options), priority }, name)
  const begun = performance.now()
  const before = await perform(list, call)
  const place = before.findIndex((rule) => isExactly(rule, wanted, options))
  const found = before[place]
  if (found !== undefined && before.length === 1) return found
  // The kernel puts a new rule behind those of its priority, and removes the first one that has all that a message says:
  // what stays has to be the last one, or a less specific rule behind it would take it along.
  const isLast = found !== undefined && place === before.length - 1
  const making: Step[] = isLast ? [] : [{ netns, messages: [request], ending: Ending.ack }]
  const removing = (isLast ? before.slice(0, -1) : before).map((rule): Step => {
    const removal = message('DELRULE', ruleLayout, ruleContent(rule, false))
    return { netns, messages: [removal], ending: Ending.ack, tolerate: isGone }
  })
  const replacing: Operation<void> = { ...change(name, netns, [...making, ...removing], it.about), cause: causeForRule }
  await perform(replacing, restOf(call, begun))
  const value = (await perform(list, restOf(call, begun))).find((rule) => isExactly(rule, wanted, options))
  if (value === undefined) throw vanished(it)
  return value
}

/** The options of a call that has begun: a time limit is one for all that it sends. */
function restOf(call: CallOptions | undefined, begun: number): CallOptions | undefined {
  if (call?.timeout === undefined) return call
  return { ...call, timeout: Math.max(1, Math.ceil(call.timeout - (performance.now() - begun))) }
}

/** Whether a rule is the very one that the options mean; who made it counts only if they say so. */
function isExactly(rule: Rule, wanted: Rule, options: RuleOptions): boolean {
  return ruleFields.every(
    (field) => (field === 'protocol' && options.protocol === undefined) || agrees(field, rule, wanted, options),
  )
}
