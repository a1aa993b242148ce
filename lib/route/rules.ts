// The routing policy rules of a namespace: they choose the table for a packet (rtnetlink(7), linux/fib_rules.h).
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import type { Rule, RuleOptions } from './rule'
import { replaceRule } from './rule_replace'
import { ruleVerbs } from './verbs'

/**
 * Routing rules: `ns.rules`.
 * @example
 * await red.rules.add({ from: '10.0.0.0/24', table: 100, priority: 1000 })
 * await red.rules.add({ mark: 0x10, table: 1000, family: 'ipv6' })
 */
export class Rules {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds a rule (RTM_NEWRULE). Without a `priority` each call adds another one.
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST` if the kernel takes an existing one for
   *   the same. It does not compare all fields: the two may differ in `invert`, `tos`, `dscp`, `markMask`, or in fields that
   *   only one of them has. `ensure` compares all fields, and adds such a rule.
   */
  async add(options: RuleOptions, call?: CallOptions): Promise<void> {
    return perform(ruleVerbs.add(this.#netns, options), call)
  }

  /**
   * Adds a rule, or finds an equal one: compares all options, also those that are left out, except `priority` and `protocol`,
   * which are compared only if they are given. Does not change other rules.
   * @throws TypeError, RangeError for a wrong option, by name.
   * @example
   * const { made } = await ns.rules.ensure({ from: '10.0.0.0/24', table: 100, priority: 1000 })
   */
  async ensure(options: RuleOptions, call?: CallOptions): Promise<Ensured<Rule>> {
    return perform(ruleVerbs.ensure(this.#netns, options), call)
  }

  /**
   * Makes a rule the only one of its family and priority, if it is not: adds it first, and then removes all others of that
   * priority, so that one of them applies at any time. It takes several messages, as the kernel has none for this: so batches
   * do not have it, and if a removal fails, the new rule stays beside the others.
   * @param options - As of `add`; `priority` is needed. `protocol` is compared only if it is given.
   * @returns The rule that exists now.
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError.
   * @example
   * await ns.rules.replace({ priority: 1000, from: '10.0.0.0/24', table: 200 })
   */
  async replace(options: RuleOptions, call?: CallOptions): Promise<Rule> {
    return replaceRule(this.#netns, options, call)
  }

  /**
   * The first rule that matches.
   * @throws NetloomError with `ENOENT` if there is none (`isNotFound`).
   * @example
   * const { table } = await ns.rules.get({ priority: 1000 })
   */
  async get(key: RuleOptions, call?: CallOptions): Promise<Rule> {
    return perform(ruleVerbs.get(this.#netns, key), call)
  }

  /**
   * As `get`, but undefined if there is none.
   * @throws What `get` throws, except that.
   */
  async find(key: RuleOptions, call?: CallOptions): Promise<Rule | undefined> {
    return perform(ruleVerbs.find(this.#netns, key), call)
  }

  /**
   * All rules of both families, or those that match (RTM_GETRULE, NLM_F_DUMP).
   * @throws TypeError, RangeError for a wrong option, by name; DumpInterruptedError if it was interrupted in every try.
   * @example
   * const ours = await ns.rules.list({ family: 'ipv4', table: 100 })
   */
  async list(filter?: RuleOptions, call?: CallOptions): Promise<Rule[]> {
    return perform(ruleVerbs.list(this.#netns, filter), call)
  }

  /**
   * Removes the first rule that matches (RTM_DELRULE); default family: IPv4.
   * @param options - `force: true` to succeed if there is none.
   * @throws RangeError for a key without a condition; NetlinkError: `ENOENT`.
   * @example
   * await ns.rules.delete({ priority: 1000, family: 'ipv6' })
   */
  async delete(key: RuleOptions, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(ruleVerbs.delete(this.#netns, key, { force }), call)
  }

  /**
   * Removes all rules that match, except those of priority 0 (the table `local`), as `ip rule flush`; none is no error.
   * `{ family }` alone removes the default rules, too.
   * @throws RangeError for a filter without a condition.
   * @example
   * await ns.rules.flush({ table: 100 })
   */
  async flush(filter: RuleOptions, call?: CallOptions): Promise<void> {
    return perform(ruleVerbs.flush(this.#netns, filter), call)
  }
}
