// The verb `replace` of rules: composed of others, as the kernel ignores NLM_F_REPLACE for rules.
import { Ending, Lane } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { errnoNumber } from '../errno'
import { NLM_F } from '../netlink/constants'
import { vanished } from '../netlink/ensure'
import type { Operation, Step } from '../netlink/operation'
import { perform } from '../netlink/perform'
import { matches } from '../netlink/rollback/matches'
import { wrongType } from '../wire/invalid'
import { causeForRule } from './likely_cause'
import { aboutRule, ruleContent, type Rule, type RuleOptions } from './rule'
import { ruleLayout } from './rule_attributes'
import { allOf, decodeRule, exactly } from './rule_messages'
import { change, dump, message, protocol } from './rtnetlink'

const name = 'rules.replace'
const headerSize = ruleLayout.header.size

/** A rule that another program has removed meanwhile is no error. */
const isGone: ReadonlySet<number> = new Set([errnoNumber('ENOENT') ?? 0])

/** rules.replace */
export async function replaceRule(netns: NetnsReference, options: RuleOptions, call?: CallOptions): Promise<Rule> {
  const request = message('NEWRULE', ruleLayout, { flags: NLM_F.CREATE, ...ruleContent(options, true) })
  const { priority } = options
  if (priority === undefined) throw wrongType('priority', 'given: what has it is replaced', priority)
  const it = { name, protocol, netns, about: aboutRule(options) }
  const wanted = exactly(options, request)
  const list = dump(name, netns, Lane.read, allOf(options), (received) => {
    const rule = decodeRule(received)
    return rule?.priority === priority ? { rule, isWanted: matches(received, headerSize, wanted) } : undefined
  })
  const begun = performance.now()
  const before = await perform(list, call)
  const place = before.findIndex(({ isWanted }) => isWanted)
  const found = before[place]
  if (found !== undefined && before.length === 1) return found.rule
  // The kernel puts a new rule behind those of its priority, and removes the first one that matches a message. So the rule
  // that stays has to be the last one: else the message for a less specific rule behind it would remove it.
  const isLast = found !== undefined && place === before.length - 1
  const making: Step[] = isLast ? [] : [{ netns, messages: [request], ending: Ending.ack }]
  const removing = (isLast ? before.slice(0, -1) : before).map(({ rule }): Step => {
    const removal = message('DELRULE', ruleLayout, ruleContent(rule, false))
    return { netns, messages: [removal], ending: Ending.ack, tolerate: isGone }
  })
  const replacing: Operation<void> = { ...change(name, netns, [...making, ...removing], it.about), cause: causeForRule }
  await perform(replacing, restOf(call, begun))
  const value = (await perform(list, restOf(call, begun))).find(({ isWanted }) => isWanted)
  if (value === undefined) throw vanished(it)
  return value.rule
}

/** The options for the rest of a call: its time limit applies to all its messages together. */
function restOf(call: CallOptions | undefined, begun: number): CallOptions | undefined {
  if (call?.timeout === undefined) return call
  return { ...call, timeout: Math.max(1, Math.ceil(call.timeout - (performance.now() - begun))) }
}
