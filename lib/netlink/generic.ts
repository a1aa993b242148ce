// Generic netlink: families that the kernel numbers as they register, found by their names (linux/genetlink.h).
import { Lane } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { openNetns } from '../native/netns_jobs'
import { attributes } from '../wire/attributes'
import { bits } from '../wire/choices'
import { u16, u32, u8 } from '../wire/integers'
import { indexedArray, keyed, repeated } from '../wire/nesting'
import { struct } from '../wire/struct'
import { printableThroughout } from '../wire/printable'
import { text } from '../wire/text'
import { NETLINK, NLM_F } from './constants'
import { decodeMessage, encodeMessage, type NumberedFamily, type Received } from './message'
import { map, type Operation } from './operation'
import { perform } from './perform'
import { policyAttributes } from './policy'
import { Shapes } from './shapes'

/** The header of all messages of generic netlink. */
export const genlmsghdr = struct('genlmsghdr', {
  /** The command. */
  command: ['cmd', u8],
  /** The version of the family's protocol. */
  version: ['version', u8],
  /** Zero. */
  _reserved: ['reserved', u16],
})

/** What may be done with a command (GENL_). */
const commandFlags = bits(u32, 'GENL_', {
  /** It takes CAP_NET_ADMIN where the family lives. */
  adminPerm: ['ADMIN_PERM', 0x01],
  /** It is a request for one thing, or a change. */
  do: ['CMD_CAP_DO', 0x02],
  /** It is a request for a list. */
  dump: ['CMD_CAP_DUMP', 0x04],
  /** The kernel tells what attributes it takes. */
  hasPolicy: ['CMD_CAP_HASPOL', 0x08],
  /** It takes CAP_NET_ADMIN in the user namespace of the network namespace. */
  namespaceAdminPerm: ['UNS_ADMIN_PERM', 0x10],
})

const operationAttributes = attributes('CTRL_ATTR_OP_', { id: ['ID', 1, u32], flags: ['FLAGS', 2, commandFlags] })

const groupAttributes = attributes('CTRL_ATTR_MCAST_GRP_', { name: ['NAME', 1, text(15)], id: ['ID', 2, u32] })

/** Which policies the requests of a command have, by number (CTRL_ATTR_POLICY_). */
const operationPolicy = attributes('CTRL_ATTR_POLICY_', { do: ['DO', 1, u32], dump: ['DUMP', 2, u32] })

/** CTRL_ATTR_ of linux/genetlink.h. */
export const controlAttributes = attributes('CTRL_ATTR_', {
  id: ['FAMILY_ID', 1, u16],
  name: ['FAMILY_NAME', 2, text(15)],
  version: ['VERSION', 3, u32],
  headerSize: ['HDRSIZE', 4, u32],
  maxAttribute: ['MAXATTR', 5, u32],
  operations: ['OPS', 6, indexedArray(operationAttributes)],
  groups: ['MCAST_GROUPS', 7, indexedArray(groupAttributes)],
  policies: ['POLICY', 8, repeated(keyed(keyed(policyAttributes)))],
  operationPolicies: ['OP_POLICY', 9, repeated(keyed(operationPolicy))],
  command: ['OP', 10, u32],
})

const control = { header: genlmsghdr, attributes: controlAttributes }
const GENL_ID_CTRL = 16
const CTRL_CMD = { GETFAMILY: 3, GETPOLICY: 10 } as const
const version = 2
const { dump, query } = new Shapes(NETLINK.GENERIC)

/** A command of a generic family. */
export interface GenericOperation {
  /** Its number. */
  readonly command: number
  /** What may be done with it: `do`, `dump`, `adminPerm` … (GENL_). */
  readonly flags: readonly (string | number)[]
}

/** Which policies a command has, by their numbers. */
export interface GenericCommandPolicy {
  /** Of its request. */
  readonly do?: number
  /** Of its request for a list. */
  readonly dump?: number
}

/** A family of generic netlink, as the kernel tells of it. */
export interface GenericFamily {
  /** The type of its messages. It has another one when its module is removed and loaded again. */
  readonly id: number
  /** Its name, such as `ethtool`. */
  readonly name: string
  /** The version of its protocol. */
  readonly version: number
  /** Size of its own header, which stands behind `struct genlmsghdr`. */
  readonly headerSize: number
  /** The highest number of its attributes; 0 if each command has its own. */
  readonly maxAttribute: number
  /** Its commands, and what can be done with each. */
  readonly operations: readonly GenericOperation[]
  /** Its multicast groups: name → number, for `join`. */
  readonly groups: ReadonlyMap<string, number>
}

function familyOf(received: Received): GenericFamily | undefined {
  const found = decodeMessage(control, received)?.attributes
  if (found?.id === undefined || found.name === undefined) return undefined
  const groups = found.groups ?? []
  return {
    id: found.id,
    name: found.name,
    version: found.version ?? 0,
    headerSize: found.headerSize ?? 0,
    maxAttribute: found.maxAttribute ?? 0,
    operations: (found.operations ?? []).map(({ id = 0, flags = [] }) => ({ command: id, flags })),
    groups: new Map(groups.map(({ name = '', id = 0 }) => [name, id] as const)),
  }
}

/** One family. */
export function getFamily(netns: NetnsReference, name: string): Operation<GenericFamily> {
  const request = encodeMessage(control, 'CTRL_CMD_GETFAMILY', GENL_ID_CTRL, {
    header: { command: CTRL_CMD.GETFAMILY, version },
    attributes: { name },
  })
  return query('generic netlink', netns, Lane.read, request, familyOf, `family ${name}`)
}

/** All families that the namespace has. */
export function listFamilies(netns: NetnsReference): Operation<GenericFamily[]> {
  const request = encodeMessage(control, 'CTRL_CMD_GETFAMILY', GENL_ID_CTRL, {
    flags: NLM_F.DUMP,
    header: { command: CTRL_CMD.GETFAMILY, version },
  })
  return dump('generic netlink', netns, Lane.read, request, familyOf)
}

/** What a command takes in an attribute, as the kernel tells of it (NL_POLICY_TYPE_ATTR_). */
export type AttributePolicyEntry = ReturnType<typeof policyAttributes.decode>

/** What attributes the commands of a family take. */
export interface GenericPolicy {
  /** Policies by number: attribute number → what it may be; `policyIndex` leads to that of a nest. */
  readonly policies: Readonly<Record<number, Readonly<Record<number, AttributePolicyEntry>>>>
  /** Of each command, which policy its request and its dump have. */
  readonly operations: Readonly<Record<number, GenericCommandPolicy>>
}

/** Asks what attributes the commands of a family take, or one command. Since Linux 5.7, of one command since 5.10. */
export function getPolicy(netns: NetnsReference, name: string, command?: number): Operation<GenericPolicy> {
  const request = encodeMessage(control, 'CTRL_CMD_GETPOLICY', GENL_ID_CTRL, {
    flags: NLM_F.DUMP,
    header: { command: CTRL_CMD.GETPOLICY, version },
    attributes: { name, command },
  })
  const parts = dump('generic netlink', netns, Lane.read, request, (received) => decodeMessage(control, received))
  return map(parts, (all) => {
    const policies: Record<number, Record<number, AttributePolicyEntry>> = {}
    const operations: Record<number, { do?: number; dump?: number }> = {}
    for (const { attributes: part } of all) {
      for (const entry of part.policies ?? []) {
        for (const [policy, its] of Object.entries(entry)) Object.assign((policies[Number(policy)] ??= {}), its)
      }
      for (const entry of part.operationPolicies ?? []) Object.assign(operations, entry)
    }
    return { policies: printableThroughout(policies), operations }
  })
}

const operation = 'generic netlink'
const ownNetns = { path: '/proc/thread-self/ns/net' }

/** The number of a family. All namespaces have the same. */
class FamilyNumber implements NumberedFamily {
  number: number | undefined

  constructor(readonly name: string) {}

  async find(netns: NetnsReference, options?: CallOptions): Promise<number> {
    this.number = undefined
    // A namespace that is still to be created cannot be asked, and any other has the same.
    const home = netns.use(operation) === 0 ? await openNetns(operation, ownNetns, undefined, options) : undefined
    try {
      const { id } = await perform(getFamily(home ?? netns, this.name), options)
      return (this.number = id)
    } finally {
      home?.close()
    }
  }

  forget(): void {
    this.number = undefined
  }
}

const numbers = new Map<string, NumberedFamily>()

/** What stands for the number of a family. */
export function familyNumber(name: string): NumberedFamily {
  let found = numbers.get(name)
  if (found === undefined) numbers.set(name, (found = new FamilyNumber(name)))
  return found
}
