// What generic netlink has, asked by users: its families and what their commands take.
import type { CallOptions } from '../native/jobs'
import { checkNetns, type NetnsTarget } from '../native/netns_handle'
import { checkInteger } from '../wire/integers'
import { checkKeys } from '../wire/invalid'
import { checkText } from '../wire/text'
import { getFamily, getPolicy, listFamilies, type GenericFamily, type GenericPolicy } from './generic'
import { perform } from './perform'

/** GENL_NAMSIZ - 1 of linux/genetlink.h. */
const longestName = 15

/**
 * A family of generic netlink (CTRL_CMD_GETFAMILY): its number, commands and multicast groups.
 * @throws TypeError, RangeError; NetlinkError: `ENOENT` if the kernel does not have it, or not in this namespace.
 * @example
 * const { groups } = await genericFamily(ns, 'nlctrl')
 * const generic = ns.netlink('generic')
 * await generic.join(groups.get('notify'))
 */
export async function genericFamily(netns: NetnsTarget, name: string, call?: CallOptions): Promise<GenericFamily> {
  const reference = checkNetns(netns, 'netns')
  return perform(getFamily(reference, checkText(name, 1, longestName, 'name')), call)
}

/**
 * All families of generic netlink that a namespace has (CTRL_CMD_GETFAMILY).
 * @example
 * for (const { name, id } of await genericFamilies(ns)) console.log(id, name)
 */
export async function genericFamilies(netns: NetnsTarget, call?: CallOptions): Promise<GenericFamily[]> {
  return perform(listFamilies(checkNetns(netns, 'netns')), call)
}

/** Which policies `genericPolicy` is asked for. */
export interface GenericPolicyOptions {
  /** Those of one command. Default: of all. */
  readonly command?: number | undefined
}

const policyKeys = new Set(['command'])

/**
 * What attributes the commands of a family take, as the kernel checks them (CTRL_CMD_GETPOLICY). Since Linux 5.7; of one
 * command since 5.10.
 * @throws TypeError, RangeError; NetlinkError: `ENOENT`; `ENODATA` if the command has none.
 * @example
 * const { policies, operations } = await genericPolicy(ns, 'ethtool', { command: 11 })
 */
export async function genericPolicy(
  netns: NetnsTarget,
  name: string,
  options: GenericPolicyOptions = {},
  call?: CallOptions,
): Promise<GenericPolicy> {
  const reference = checkNetns(netns, 'netns')
  checkKeys(options, policyKeys)
  const { command } = options
  if (command !== undefined) checkInteger(command, 0, 0xff, 'command')
  return perform(getPolicy(reference, checkText(name, 1, longestName, 'name'), command), call)
}
