// Makes all networks equal to a description, and says what that changed.
import { forEach } from '../agents/for_each'
import { wrongValue } from 'netloom/errors'
import { checkArray, checkObject } from 'netloom/values'
import { checkNetwork, type Network } from './check_network'
import { checkOptions } from './check_options'
import type { State } from './host_files'
import { filled, type DhcpNetwork } from './network'
import { optionsOf, type GivenOptions } from './option_tester'
import type { DesiredNetwork, PortOptions } from './options'
import { checkPort, PortTable } from './ports_table'
import { readBack, writeDown } from './network_record'

/** What `sync` changed of one network. */
export interface NetworkDifferences {
  /** The network's id. */
  readonly id: string
  /** Whether it was made, its own description changed, or only its ports. */
  readonly network: 'created' | 'changed' | 'unchanged'
  /** Ids of ports that were added. */
  readonly added: readonly string[]
  /** Ids of ports that were changed. */
  readonly updated: readonly string[]
  /** Ids of ports that were deleted. */
  readonly deleted: readonly string[]
}

/** What `sync` changed. */
export interface Differences {
  /** The networks in which something changed, those that were created among them. */
  readonly networks: readonly NetworkDifferences[]
  /** Ids of networks that were deleted. */
  readonly deleted: readonly string[]
}

/** A network as it shall be, checked. */
interface Wanted {
  readonly network: Network
  readonly ports: readonly PortOptions[]
  /** How it was described. */
  readonly text: string
  /** The state that was made of the same description before; then the ports are left out here. */
  readonly known?: State
}

/** How states were described that were checked and made: the same words again need neither. */
const descriptions = new WeakMap<State, string>()

/** The words of a description; what has none is refused where it is checked. */
function textOf(one: unknown): string {
  try {
    return writeDown(one)
  } catch {
    return ''
  }
}

/**
 * Checks a whole description before anything is done.
 * @param present - The states of networks that are there.
 */
export function checkDesired(
  desired: unknown,
  domain: string | undefined,
  present: (id: string) => State | undefined,
): Wanted[] {
  const { networks } = checkObject(desired, 'networks', 'an array in an object')
  const given = checkArray(networks, 'networks')
  const ids = new Set<string>()
  return (given as DesiredNetwork[]).map((one, i) => {
    const field = `networks[${i}]`
    checkObject(one, field)
    const { ports, ...options } = one
    const text = textOf(one)
    const known = typeof one.id === 'string' ? present(one.id) : undefined
    const isKnown = known !== undefined && descriptions.get(known) === text
    const network = isKnown ? known.network : checkNetwork(options, domain, field)
    if (ids.has(network.id)) throw wrongValue(`${field}.id`, 'another one', network.id)
    ids.add(network.id)
    if (isKnown) return { network, ports: [], text, known }
    for (const [j, port] of (checkArray(ports, `${field}.ports`) as PortOptions[]).entries())
      checkPort(port, `${field}.ports[${j}]`)
    try {
      filled(undefined, network, ports)
    } catch (error) {
      throw inField(error, field)
    }
    return { network, ports: structuredClone(ports), text }
  })
}

/** All options of a network and its ports, by field. */
export function optionsIn({ network, ports }: Wanted, i: number): GivenOptions[] {
  const field = `networks[${i}].`
  const own = ports.flatMap(({ options }, j) => {
    const at = `${field}ports[${j}].options`
    return options === undefined ? [] : { field: at, options: checkOptions(options, at) }
  })
  return [...optionsOf(network, field), ...own]
}

/** Puts what is before it before the field of an error. */
function inField(error: unknown, field: string): unknown {
  const refused = error as Error & { field?: string }
  if (refused.field === undefined) return error
  refused.message = refused.message.replace(`"${refused.field}"`, `"${field}.${refused.field}"`)
  refused.field = `${field}.${refused.field}`
  return refused
}

/** What differs between a network as it is and as it shall be; undefined if nothing does. */
export function differences(before: State | undefined, { network, ports }: Wanted): NetworkDifferences | undefined {
  const after = filled(before?.ports, network, ports)
  const old = before?.ports ?? PortTable.empty(network)
  const added: string[] = []
  const updated: string[] = []
  for (const port of after) {
    const known = old.get(port.id)
    if (known === undefined) added.push(port.id)
    else if (known.written !== port.written) updated.push(port.id)
  }
  const deleted = Array.from(old, ({ id }) => id).filter((id) => after.get(id) === undefined)
  const own = before === undefined ? 'created' : before.network.key === network.key ? 'unchanged' : 'changed'
  if (own === 'unchanged' && added.length + updated.length + deleted.length === 0) return undefined
  return { id: network.id, network: own, added, updated, deleted }
}

/** What carries it out. */
export interface Reality {
  list(): readonly DhcpNetwork[]
  create(network: Network, ports: readonly PortOptions[]): Promise<DhcpNetwork>
  delete(id: string): Promise<void>
}

/** A description that was known, as if it were not. */
function again({ text }: Wanted, domain: string | undefined): Wanted {
  const [whole] = checkDesired({ networks: [readBack(text)] }, domain, () => undefined)
  if (whole === undefined) throw new Error('a list of one is empty')
  return whole
}

/** Carries a description out. */
export async function sync(
  reality: Reality,
  wanted: readonly Wanted[],
  domain: string | undefined,
): Promise<Differences> {
  const ids = new Set(wanted.map(({ network }) => network.id))
  const deleted = reality.list().flatMap(({ id }) => (ids.has(id) ? [] : [id]))
  // What goes goes first: it may have the names of what comes.
  await forEach(deleted, (id) => reality.delete(id))
  const found: NetworkDifferences[] = []
  const present = new Map(reality.list().map((network) => [network.id, network]))
  await forEach(wanted, async (one) => {
    let now = present.get(one.network.id)
    await now?.idle()
    if (one.known !== undefined && now?.described === one.known) return
    // Somebody has changed it since.
    const whole = one.known === undefined ? one : again(one, domain)
    const difference = differences(now?.described, whole)
    if (difference !== undefined) {
      if (now === undefined) now = await reality.create(whole.network, whole.ports)
      else await now.become(whole.network, whole.ports)
      found.push(difference)
    }
    if (now?.described !== undefined) descriptions.set(now.described, one.text)
  })
  return { networks: found, deleted }
}
