// Sysctl: a namespace's settings below /proc/sys/net.
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { accessFiles, FileAccess, FileTree, foundIn, type FileRequest } from '../native/file_jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { systemError } from '../errors'
import { errnoNumber } from '../errno'
import { checkArray, checkObject, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { checkRelative } from './paths'

/** A setting as it is read: a number if JavaScript can represent it exactly, else the text. */
export type SysctlValue = number | string

/** A setting as it may be written: several numbers as an array; a boolean as 1 or 0. */
export type SysctlInput = number | bigint | string | boolean | readonly (number | bigint)[]

/** The longest value that the kernel accepts. */
const longestValue = 4095

/**
 * A network namespace's sysctls. A key begins with `net`, with dots or slashes, as in sysctl(8): the first separator separates
 * all parts, so the key of a device with a dot in its name is `net.ipv4.conf.eth0/100.forwarding`, or
 * `net/ipv4/conf/eth0.100/forwarding`.
 * @example
 * await ns.sysctl.set('net.ipv4.ip_forward', 1)
 */
export class Sysctl {
  readonly #netns: NetnsHandle

  /** @internal NetNs.sysctl */
  constructor(netns: NetnsHandle) {
    this.#netns = netns
  }

  /**
   * Reads one setting, or several in one job.
   * @throws TypeError for a key that does not begin with `net`; NetloomError: `ENOENT`; `EACCES` if it can only be written.
   * @example
   * const forwards = (await ns.sysctl.get('net.ipv4.ip_forward')) === 1
   */
  async get(key: string, options?: CallOptions): Promise<SysctlValue>
  async get<const Keys extends readonly string[]>(
    keys: Keys,
    options?: CallOptions,
  ): Promise<Record<Keys[number], SysctlValue>>
  async get(
    what: string | readonly string[],
    options?: CallOptions,
  ): Promise<SysctlValue | Record<string, SysctlValue>> {
    const keys: readonly unknown[] = Array.isArray(what) ? checkArray(what, 'keys') : [what]
    const files = keys.map((key, i) => fileOf(key, Array.isArray(what) ? `keys[${i}]` : 'key'))
    checkCallOptions(options)
    const about = { operation: 'sysctl.get', netns: this.#netns.label }
    const results = await accessFiles(about, this.#netns, FileTree.sysctl, FileAccess.read, files, options)
    const value = (i: number, shown: string): SysctlValue => valueOf(foundIn(results[i], about, shown))
    if (typeof what === 'string') return value(0, what)
    return Object.fromEntries(files.map(({ shown }, i) => [shown, value(i, shown)]))
  }

  /**
   * Writes one setting, or several: all of them, in their order, or none if one is refused.
   * @throws TypeError, RangeError for a wrong key or value; NetloomError: `ENOENT`; `EINVAL` if the kernel refuses the value;
   *   `EACCES`, `EPERM`.
   * @example
   * await ns.sysctl.set({ 'net.ipv4.ip_forward': 1, 'net.ipv4.tcp_rmem': [4096, 131072, 6291456] })
   */
  async set(key: string, value: SysctlInput, options?: CallOptions): Promise<void>
  async set(values: Readonly<Record<string, SysctlInput>>, options?: CallOptions): Promise<void>
  async set(
    first: string | Readonly<Record<string, SysctlInput>>,
    second?: SysctlInput | CallOptions,
    third?: CallOptions,
  ): Promise<void> {
    const one = typeof first === 'string'
    if (!one) checkObject(first, 'values', 'a key, or an object of values by key')
    const options = one ? third : (second as CallOptions | undefined)
    const files = one
      ? [fileOf(first, 'key', textOf(second, 'value'))]
      : Object.entries(first).map(([key, value]) => fileOf(key, 'key', textOf(value, key)))
    checkCallOptions(options)
    const about = { operation: 'sysctl.set', netns: this.#netns.label }
    const results = await accessFiles(about, this.#netns, FileTree.sysctl, FileAccess.write, files, options)
    for (const [i, { shown, content = '' }] of files.entries()) {
      foundIn(results[i], about, `${shown} = ${content.trimEnd()}`)
    }
  }

  /**
   * All readable settings below a key, by key with dots.
   * @param prefix - Default: `net`.
   * @throws NetloomError: `ENOENT` if there is no such key.
   * @example
   * const ofEth0 = await ns.sysctl.list('net.ipv4.conf.eth0')
   */
  async list(prefix = 'net', options?: CallOptions): Promise<Record<string, SysctlValue>> {
    const file = prefix === 'net' ? { path: '', shown: 'net' } : fileOf(prefix, 'prefix')
    checkCallOptions(options)
    const about = { operation: 'sysctl.list', netns: this.#netns.label }
    const [result] = await accessFiles(about, this.#netns, FileTree.sysctl, FileAccess.walk, [file], options)
    const flat = foundIn(result, about, file.shown) as readonly (string | Buffer)[]
    if (flat.length === 0) throw systemError({ ...about, errno: errnoNumber('ENOENT') ?? 0, detail: file.shown })
    const found: [string, SysctlValue][] = []
    for (let i = 0; i < flat.length; i += 2) found.push([keyOf(flat[i] as string), valueOf(flat[i + 1])])
    return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

function fileOf(key: unknown, field: string, content?: string): FileRequest {
  if (typeof key !== 'string') throw wrongType(field, 'a sysctl such as "net.ipv4.ip_forward"', key)
  const slashed = /[./]/.exec(key)?.[0] === '/'
  const path = slashed ? key : key.replace(/[./]/g, (one) => (one === '.' ? '/' : '.'))
  if (key.includes('\0') || !path.startsWith('net/')) {
    throw wrongValue(
      field,
      'a sysctl of net, such as "net.ipv4.ip_forward": no others belong to network namespaces',
      key,
    )
  }
  return { path: checkRelative(path.slice('net/'.length), field, key), shown: key, content }
}

/** The key of a path below /proc/sys/net. */
function keyOf(path: string): string {
  return `net.${path.replace(/[./]/g, (one) => (one === '/' ? '.' : '/'))}`
}

function textOf(value: unknown, field: string): string {
  const text = Array.isArray(value)
    ? checkArray(value, field)
        .map((one, i) => scalarOf(one, `${field}[${i}]`))
        .join(' ')
    : scalarOf(value, field)
  if (text.length > longestValue) throw outOfRange(field, `a value of at most ${longestValue} bytes`, text)
  return `${text}\n`
}

function scalarOf(value: unknown, field: string): string {
  switch (typeof value) {
    case 'number':
      if (!Number.isSafeInteger(value)) throw outOfRange(field, 'an integer', value)
      return String(value)
    case 'bigint':
      return String(value)
    case 'boolean':
      return value ? '1' : '0'
    case 'string':
      if (/[\0\n]/.test(value)) throw wrongValue(field, 'a value of one line', value)
      return value
    default:
      throw wrongType(field, 'a number, string, boolean or array of numbers', value)
  }
}

function valueOf(content: unknown): SysctlValue {
  const text = String(content).replace(/\n$/, '')
  const number = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(number) && String(number) === text ? number : text
}
