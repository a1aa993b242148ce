// The options of a network namespace without privilege: its owning user namespace.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { NetloomError } from '../errors'
import { handleOf, NetnsHandle, type NetnsTarget } from '../native/netns_handle'
import type { RootlessRequest } from '../native/rootless_jobs'
import { checkArray, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'

/** A range of uids or gids that a user namespace maps to ids of its parent. */
export interface IdRange {
  /** The first id inside. */
  inside: number
  /** The first id outside, in the parent namespace. */
  outside: number
  /** How many there are. Default: 1. */
  count?: number | undefined
}

/** Options of `NetNs.create({ rootless })`. */
export interface RootlessOptions {
  /**
   * A namespace whose owning user namespace is to own this one, too: a veth can connect two namespaces, and devices can be
   * moved between them, only if they have the same owner. Default: those that are created with the same maps share one.
   */
  with?: NetnsTarget | undefined
  /**
   * The uids inside: ranges, or `'subordinate'`, which maps the caller’s own user to root, and behind it all that /etc/subuid
   * gives to the user (`newuidmap`, Debian’s package uidmap). Default: only the caller’s own user, as root.
   */
  uidMap?: readonly IdRange[] | 'subordinate' | undefined
  /** The gids, in the same way, with /etc/subgid. Default: only the caller’s own group, as root’s. */
  gidMap?: readonly IdRange[] | 'subordinate' | undefined
}

const keys = new Set(['with', 'uidMap', 'gidMap'])
const rangeKeys = new Set(['inside', 'outside', 'count'])
/** UID_GID_MAP_MAX_EXTENTS. */
const mostRanges = 340
/** The largest id; the next one, (uid_t)-1, stands for none. */
const lastId = 0xfffffffe

/** Checks the `rootless` option; undefined if it is false. */
export function checkRootless(value: unknown): RootlessRequest | undefined {
  if (value === undefined || value === false) return undefined
  if (value === true) return { users: '', groups: '' }
  if (typeof value !== 'object') throw wrongType('rootless', 'a boolean or an object', value)
  checkKeys(value, keys, 'rootless')
  const { with: other, uidMap, gidMap } = value as RootlessOptions
  const users = mapOf(uidMap, 'rootless.uidMap', '/etc/subuid')
  const groups = mapOf(gidMap, 'rootless.gidMap', '/etc/subgid')
  if (other === undefined) return { users, groups }
  const handle = (other as Partial<NetnsTarget> | null)?.[handleOf]
  if (!(handle instanceof NetnsHandle)) throw wrongType('rootless.with', 'a NetNs', other)
  const maps = uidMap ?? gidMap
  if (maps !== undefined) {
    const field = uidMap === undefined ? 'rootless.gidMap' : 'rootless.uidMap'
    throw wrongValue(field, 'left out where "with" says which user namespace it is', maps)
  }
  return { users, groups, with: handle }
}

/** Refuses options that would pin a namespace which is created without privilege. */
export function refusePinned(places: Readonly<Record<'name' | 'path' | 'prefix', unknown>>): void {
  for (const [field, value] of Object.entries(places)) {
    if (value !== undefined)
      throw wrongValue(field, 'left out where "rootless" is given: only who may mount can pin a namespace', value)
  }
}

/** Checks a map, and returns its lines as in /proc/PID/uid_map; empty for the default. */
export function mapOf(value: unknown, field: string, file: '/etc/subuid' | '/etc/subgid'): string {
  if (value === undefined) return ''
  if (value === 'subordinate') return subordinate(file)
  const given = checkArray(value, field, 'ranges, or "subordinate"', mostRanges)
  if (given.length < 1) throw outOfRange(field, `1 to ${mostRanges} ranges`, value)
  const ranges = given.map((range, i) => checkRange(range, `${field}[${i}]`))
  for (const side of ['inside', 'outside'] as const) checkApart(ranges, side, field)
  return lines(ranges)
}

type Range = Required<Record<keyof IdRange, number>>

function lines(ranges: readonly Range[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('')
}

function checkRange(value: unknown, field: string): Range {
  checkKeys(value, rangeKeys, field)
  const { inside, outside, count = 1 } = value as IdRange
  checkInteger(inside, 0, lastId, `${field}.inside`)
  checkInteger(outside, 0, lastId, `${field}.outside`)
  checkInteger(count, 1, lastId + 1 - Math.max(inside, outside), `${field}.count`)
  return { inside, outside, count }
}

function checkApart(ranges: readonly Range[], side: 'inside' | 'outside', field: string): void {
  for (const [i, a] of ranges.entries()) {
    const b = ranges.slice(0, i).find((other) => a[side] < other[side] + other.count && other[side] < a[side] + a.count)
    if (b !== undefined) throw wrongValue(`${field}[${i}].${side}`, 'in no other range of the map', a[side])
  }
}

/** The user’s name; its uid where it is not in /etc/passwd, which subuid(5) allows, too. */
function userName(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}

/** The caller’s own id as root, and behind it those that a file gives to the user. */
function subordinate(file: '/etc/subuid' | '/etc/subgid'): string {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0]
  const username = userName(uid)
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // As if the file were empty.
  }
  const ranges: Range[] = [{ inside: 0, outside: file === '/etc/subuid' ? uid : gid, count: 1 }]
  let inside = 1
  for (const line of text.split('\n')) {
    const [owner, outside, count] = line.split(':')
    if (owner !== username && owner !== String(uid)) continue
    if (!/^\d+$/.test(outside ?? '') || !/^[1-9]\d*$/.test(count ?? '')) continue
    ranges.push({ inside, outside: Number(outside), count: Number(count) })
    inside += Number(count)
  }
  if (ranges.length > 1) return lines(ranges)
  throw new NetloomError(
    `NetNs.create: ${file} gives nothing to the user ${username}: usermod --add-sub${file.slice(8)}s FIRST-LAST ${username}`,
    'ERR_NETLOOM_NO_SUBORDINATE_IDS',
    { operation: 'NetNs.create' },
  )
}
