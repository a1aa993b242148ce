// Descriptions in files: JSON, with Infinity as text.
import { isOwner } from '../agents/state_directory'
import type { NetworkOptions, PortOptions } from './options'

/** The content of a network's file. */
export interface NetworkRecord {
  readonly network: NetworkOptions
  readonly ports: readonly PortOptions[]
  /** The network is being deleted. */
  readonly deleted: boolean
  /** The owner in the marks of its namespace and devices; undefined if an older version has made them, without marks. */
  readonly owner: string | undefined
}

/** A description as text. */
export function writeDown(options: unknown): string {
  return JSON.stringify(options, (_, value: unknown) => (value === Infinity ? 'Infinity' : value))
}

/** A description from text. */
export function readBack(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => (key.endsWith('Seconds') && value === 'Infinity' ? Infinity : value))
}

/** The text of a network's file, from the texts of its parts. */
export function networkFile(
  network: string,
  ports: Iterable<{ readonly written: string }>,
  { deleted, owner }: Pick<NetworkRecord, 'deleted' | 'owner'>,
): string {
  const lines = Array.from(ports, ({ written }) => written)
  const whose = owner === undefined ? '' : `,"owner":"${owner}"`
  return `{"version":1,"deleted":${deleted}${whose},"network":${network},"ports":[\n${lines.join(',\n')}\n]}\n`
}

/** Parses a network's file; undefined if it is malformed. */
export function readNetworkFile(text: string): NetworkRecord | undefined {
  try {
    const file = readBack(text) as Partial<NetworkRecord> & { version?: unknown }
    if (file.version !== 1 || typeof file.network !== 'object' || !Array.isArray(file.ports)) return undefined
    const owner = isOwner(file.owner) ? file.owner : undefined
    return { network: file.network, ports: file.ports as PortOptions[], deleted: file.deleted === true, owner }
  } catch {
    return undefined
  }
}
