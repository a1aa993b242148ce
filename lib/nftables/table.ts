// A table of IPv4 that is one program's alone: put in, taken away and looked at as a whole.
import type { NetnsTarget } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import type { Message } from '../netlink/message'
import { perform } from '../netlink/perform'
import { checkContent, checkTableName, checkTarget } from './check'
import { inOnePiece, listOf, message } from './batch'
import { chainLayout, elementsLayout, hookNumber, ruleLayout, setLayout, tableLayout } from './messages'
import type { Expression } from './rule'

/** A chain that a hook of the kernel's leads to; what it does not decide is accepted. */
export interface BaseChain {
  /** At most 255 bytes. */
  readonly name: string
  /** What its rules may do: translate the first packet of a connection, or let packets pass. */
  readonly type: 'nat' | 'filter'
  /** Where packets meet it (NF_INET_). */
  readonly hook: keyof typeof hookNumber.names
  /** Its turn among the chains of the same hook: the lowest is first. */
  readonly priority: number
}

/** A set of keys, or with data a map. */
export interface AddressSet {
  /** At most 255 bytes. */
  readonly name: string
  /** How many addresses a key is made of. */
  readonly width: 1 | 2
  /** What is in it. */
  readonly elements: readonly {
    /** The addresses of the key, four bytes each. */
    readonly key: Uint8Array
    /** The address that a map has for it. */
    readonly data?: Uint8Array
  }[]
  /** Whether it has an address for each key. */
  readonly map: boolean
}

/** What a table has, in the order in which it is made. */
export interface TableContent {
  /** Its chains. */
  readonly chains: readonly BaseChain[]
  /** Its sets and maps. */
  readonly sets: readonly AddressSet[]
  /** The rules of all chains; those of one in the order in which packets meet them. */
  readonly rules: readonly {
    /** The chain's name. */
    readonly chain: string
    /** What is loaded, compared and done, one after another. */
    readonly expressions: readonly Expression[]
  }[]
}

/** TYPE_IPADDR of nft(8), which the kernel keeps for whoever lists the set; types are joined by 6 bits each. */
const typeIPv4 = 7
const NF_ACCEPT = 1
/** What an attribute has room for. */
const elementsAtOnce = 1000

function setMessages(table: string, { name, width, elements, map }: AddressSet, id: number): Message[] {
  const keyType = width === 1 ? typeIPv4 : (typeIPv4 << 6) | typeIPv4
  const values = map ? ({ flags: ['map'], dataType: typeIPv4, dataLength: 4 } as const) : {}
  const made = [
    message('NEWSET', setLayout, { table, name, id, keyType, keyLength: 4 * width, ...values }, NLM_F.CREATE),
  ]
  for (let at = 0; at < elements.length; at += elementsAtOnce) {
    const some = elements.slice(at, at + elementsAtOnce).map(({ key, data }) => ({
      key: { value: key },
      ...(data === undefined ? {} : { data: { value: data } }),
    }))
    made.push(message('NEWSETELEM', elementsLayout, { table, set: name, elements: some }, NLM_F.CREATE))
  }
  return made
}

function chainMessage(table: string, { name, type, hook, priority }: BaseChain): Message {
  const [, number] = hookNumber.names[hook]
  return message(
    'NEWCHAIN',
    chainLayout,
    { table, name, type, hook: { number, priority }, policy: NF_ACCEPT },
    NLM_F.CREATE,
  )
}

/**
 * Puts a table of IPv4 into the place of the one of that name, if there is one, in one transaction: no packet sees a part of it. All that
 * was in the former one is gone, whoever put it in; connections that it translates stay.
 * @param table - Its name, at most 255 bytes.
 * @param content - What it has; undefined for no table of that name.
 * @param operation - What errors call this call, for who has a name of its own for it.
 * @throws TypeError, RangeError for wrong content, with the field's name; NetlinkError if the kernel refuses it.
 */
export async function replaceTable(
  netns: NetnsTarget,
  table: string,
  content: TableContent | undefined,
  operation = 'replaceTable',
): Promise<void> {
  const reference = checkTarget(netns)
  checkTableName(table)
  if (content !== undefined) checkContent(content)
  return perform(inOnePiece(operation, reference, messagesOf(table, content)))
}

function messagesOf(table: string, content: TableContent | undefined): Message[] {
  const make = message('NEWTABLE', tableLayout, { name: table }, NLM_F.CREATE)
  // It is made so that it can be deleted in any case.
  const cleared = [make, message('DELTABLE', tableLayout, { name: table })]
  if (content === undefined) return cleared
  const { chains, sets, rules } = content
  return [
    ...cleared,
    message('NEWTABLE', tableLayout, { name: table }, NLM_F.CREATE),
    ...chains.map((chain) => chainMessage(table, chain)),
    ...sets.flatMap((set, i) => setMessages(table, set, i + 1)),
    ...rules.map(({ chain, expressions }) =>
      message('NEWRULE', ruleLayout, { table, chain, expressions }, NLM_F.CREATE | NLM_F.APPEND),
    ),
  ]
}

/**
 * What a table has, as a text to compare: the same of the same content, whoever put it in, without what the kernel numbers and counts.
 * @param table - The name of a table of IPv4.
 * @param operation - What errors call this call, for who has a name of its own for it.
 * @returns An empty text if there is no such table.
 * @throws NetlinkError if the kernel refuses to tell.
 */
export async function describeTable(target: NetnsTarget, table: string, operation = 'describeTable'): Promise<string> {
  const netns = checkTarget(target)
  checkTableName(table)
  const tables = await perform(listOf(operation, netns, 'GETTABLE', tableLayout, {}))
  if (!tables.some(({ name }) => name === table)) return ''
  const ours = <T extends { table?: string | undefined }>(all: readonly T[]): T[] =>
    all.filter((one) => one.table === table)
  const chains = ours(await perform(listOf(operation, netns, 'GETCHAIN', chainLayout, {})))
  const rules = ours(await perform(listOf(operation, netns, 'GETRULE', ruleLayout, { table })))
  const sets = ours(await perform(listOf(operation, netns, 'GETSET', setLayout, { table })))
  const elements: string[][] = []
  for (const { name } of sets) {
    const parts = await perform(listOf(operation, netns, 'GETSETELEM', elementsLayout, { table, set: name }))
    // A hash has them in any order.
    elements.push(parts.flatMap((part) => (part.elements ?? []).map((element) => JSON.stringify(element))).sort())
  }
  return JSON.stringify([chains, rules, sets, elements], (key, value: unknown) =>
    counted.has(key) ? undefined : value,
  )
}

/** What the kernel numbers and counts by itself: another one each time. */
const counted: ReadonlySet<string> = new Set(['handle', 'position', 'use'])
