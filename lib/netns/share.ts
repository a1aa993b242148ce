// What stands for an open namespace in a message to another thread of the process.
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import type { NetnsIdentity } from '../native/netns_handle'
import { checkName } from './name'
import { checkPath } from '../wire/text'

/**
 * Stands for an open namespace in a message to another thread of this process: what `NetNs.share` gives and
 * `NetNs.adopt` takes. Plain data, which `postMessage` and `workerData` copy.
 */
export interface SharedNetNs {
  /** Tells that it is one: `netloom.SharedNetNs`. */
  readonly type: 'netloom.SharedNetNs'
  /** Which process it is of, and which copy of the addon there. */
  readonly registry: string
  /** Which of the handles shared there. */
  readonly number: number
  /** Device and inode of the namespace. */
  readonly identity: NetnsIdentity
  /** The name of the handle that was shared. */
  readonly name?: string | undefined
  /** The path of the handle that was shared. */
  readonly path?: string | undefined
}

const type = 'netloom.SharedNetNs'
const known = new Set(['type', 'registry', 'number', 'identity', 'name', 'path'])

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** Makes one, plain enough for JSON too. */
export function describeShared(
  { registry, number }: Pick<SharedNetNs, 'registry' | 'number'>,
  { device, inode }: NetnsIdentity,
  { name, path }: Pick<SharedNetNs, 'name' | 'path'>,
): SharedNetNs {
  const names = { ...(name === undefined ? {} : { name }), ...(path === undefined ? {} : { path }) }
  return { type, registry, number, identity: { device, inode }, ...names }
}

/** Checks one that came with a message. */
export function checkShared(value: unknown): SharedNetNs {
  const given = value as Partial<Record<keyof SharedNetNs, unknown>> | null | undefined
  if (given?.type !== type) throw wrongType('shared', 'what NetNs.share gave', value)
  checkKeys(given, known, 'shared')
  const { registry, number, identity, name, path } = given
  const { device, inode } = (identity ?? {}) as Partial<Record<keyof NetnsIdentity, unknown>>
  if (typeof registry !== 'string') throw wrongType('shared.registry', 'a string', registry)
  if (!isCount(number)) throw wrongValue('shared.number', 'as NetNs.share gave it', number)
  if (!isCount(device) || !isCount(inode)) throw wrongValue('shared.identity', 'as NetNs.share gave it', identity)
  if (name !== undefined) checkName(name, 'shared.name')
  if (path !== undefined) checkPath(path, 'shared.path')
  return given as SharedNetNs
}
