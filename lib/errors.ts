// The error classes, with the fields of Node's own system errors and those of the kernel's extended acknowledgement. Bad input
// is not here: it is a TypeError or RangeError that names the option (wire/invalid.ts), and never reaches the kernel.
import { errnoMeaning, errnoName, errnoNumber } from './errno'

/** The details of a failed system call or netlink message. */
export interface FailureDetails {
  /** The method that was called, such as `links.add`. */
  readonly operation: string
  /** The errno, a positive number. */
  readonly errno: number
  /** The system call or netlink message that failed, such as `setns` or `RTM_NEWLINK`. */
  readonly syscall?: string | undefined
  /** The namespace: its name, or path, or `net:[inode]`. */
  readonly netns?: string | undefined
  /** The object, such as `link eth0`. */
  readonly about?: string | undefined
  /** More words for the message. */
  readonly detail?: string | undefined
  /** A remedy; by default the usual one for the errno. */
  readonly hint?: string | undefined
  /** `'unknown'` if the kernel may or may not have performed the operation. */
  readonly outcome?: 'unknown' | undefined
  /** True if an object that the operation had created before it failed could not be removed. */
  readonly leftover?: boolean | undefined
}

/**
 * The base of all errors of this library. `code`, `errno` and `syscall` are as in Node's own system errors.
 * @example
 * try { await ns.links.add({ kind: 'bridge', name: 'br0' }) } catch (error) {
 *   if (!isAlreadyExists(error)) throw error
 * }
 */
export class NetloomError extends Error {
  /** The name of the class, `NetloomError`. */
  override name = 'NetloomError'
  /** `EEXIST`, `ENODEV` …, or one of ours: `ERR_NETLOOM_…`. */
  readonly code: string
  /** The negative errno, as Node has it; undefined if no system call failed. */
  readonly errno: number | undefined
  /** The system call or netlink message that failed. */
  readonly syscall: string | undefined
  /** The method that was called, such as `links.add`. */
  readonly operation: string
  /** The namespace it was called for: its name, or path, or `net:[inode]`. */
  readonly netns: string | undefined
  /** `'unknown'` if the operation may or may not have been performed, `'none'` if it was not. */
  readonly outcome: 'unknown' | 'none' | undefined
  /** True if an object that the operation had created before it failed could not be removed. */
  readonly leftover: boolean

  constructor(message: string, code: string, details: NetloomErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.errno = details.errno === undefined ? undefined : -details.errno
    this.syscall = details.syscall
    this.operation = details.operation
    this.netns = details.netns
    this.outcome = details.outcome
    this.leftover = details.leftover ?? false
  }
}

/** The details of a failure, not necessarily of a system call. */
export interface NetloomErrorDetails extends Omit<FailureDetails, 'errno' | 'outcome'> {
  /** The errno, a positive number, if a system call failed. */
  readonly errno?: number | undefined
  /** `'unknown'` if the operation may or may not have been performed, `'none'` if it was not. */
  readonly outcome?: 'unknown' | 'none' | undefined
  /** Another error that has led to this one. */
  readonly cause?: unknown
}

function messageOf(details: FailureDetails, said?: string): string {
  const { operation, errno, syscall, netns, about, detail, outcome, leftover } = details
  const parts = [`${errnoName(errno)}: ${said ?? errnoMeaning(errno)}, ${operation}`]
  if (about !== undefined) parts.push(` ${about}`)
  if (syscall !== undefined) parts.push(` (${syscall})`)
  if (netns !== undefined) parts.push(` in netns ${netns}`)
  if (detail !== undefined) parts.push(`: ${detail}`)
  if (outcome === 'unknown') parts.push('; the outcome is unknown')
  if (leftover === true) parts.push('; what had been made before could not be removed')
  return parts.join('')
}

/** The usual remedy for a failure. */
function hintOf({ errno, syscall }: FailureDetails): string | undefined {
  if (errno === errnoNumber('EPERM') && syscall === 'socket')
    return 'this needs CAP_NET_RAW, or for a ping that net.ipv4.ping_group_range allows it'
  if (errno === errnoNumber('EPERM')) return 'this needs CAP_SYS_ADMIN and CAP_NET_ADMIN'
  if (errno === errnoNumber('EMFILE')) return 'close handles, or raise the limit (ulimit -n, LimitNOFILE= of systemd)'
  if (errno === errnoNumber('ENFILE')) return 'raise the limit (sysctl fs.file-max), or close what is open'
  if (errno !== errnoNumber('ENOSPC')) return undefined
  if (syscall === 'mount' || syscall === 'move_mount') return 'there are fs.mount-max mounts: raise that sysctl'
  if (syscall !== 'unshare') return undefined
  return 'there are user.max_net_namespaces of them (raise that sysctl), perhaps some that are still being freed'
}

function joined(...parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined)
  return said.length === 0 ? undefined : said.join('; ')
}

/** A system call failed. */
export function systemError(details: FailureDetails): NetloomError {
  const hint = details.hint ?? hintOf(details)
  const all = { ...details, detail: joined(details.detail, hint) }
  return new NetloomError(messageOf(all), errnoName(details.errno), all)
}

/** The kernel's policy for an attribute (NLMSGERR_ATTR_POLICY), which it reports for few, since Linux 5.10. */
export interface AttributePolicy {
  /** The attribute's type, such as `u32`, `nulString` or `nested` (NL_ATTR_TYPE_). */
  readonly type?: string
  /** The smallest number (NL_POLICY_TYPE_ATTR_MIN_VALUE_U or _S). */
  readonly minValue?: bigint
  /** The largest number (NL_POLICY_TYPE_ATTR_MAX_VALUE_U or _S). */
  readonly maxValue?: bigint
  /** The shortest payload in bytes (NL_POLICY_TYPE_ATTR_MIN_LENGTH). */
  readonly minLength?: number
  /** The longest payload in bytes (NL_POLICY_TYPE_ATTR_MAX_LENGTH). */
  readonly maxLength?: number
  /** Bits that may be set (NL_POLICY_TYPE_ATTR_MASK, or _BITFIELD32_MASK). */
  readonly mask?: bigint
}

/** The kernel's extended acknowledgement of a message that it has refused. */
export interface Refusal {
  readonly kernelMessage?: string | undefined
  readonly attribute?: string | undefined
  readonly missingAttribute?: string | undefined
  readonly policy?: AttributePolicy | undefined
}

/** The kernel refused a netlink message. */
export class NetlinkError extends NetloomError {
  /** The name of the class, `NetlinkError`. */
  override name = 'NetlinkError'
  /** The kernel's error message, if it gave one (NLMSGERR_ATTR_MSG). */
  readonly kernelMessage: string | undefined
  /**
   * The attribute that it refused, as a path of the kernel's names: `linkinfo.data.peer.ifname` (NLMSGERR_ATTR_OFFS).
   */
  readonly attribute: string | undefined
  /** The required attribute that was missing, as such a path (NLMSGERR_ATTR_MISS_TYPE). Since Linux 6.1. */
  readonly missingAttribute: string | undefined
  /** The policy of the refused attribute (NLMSGERR_ATTR_POLICY). Since Linux 5.10. */
  readonly policy: AttributePolicy | undefined

  constructor(details: FailureDetails, refusal: Refusal) {
    const detail = joined(details.detail ?? describeRefusal(refusal), details.hint)
    const all = { ...details, detail }
    super(messageOf(all, refusal.kernelMessage), errnoName(details.errno), all)
    this.kernelMessage = refusal.kernelMessage
    this.attribute = refusal.attribute
    this.missingAttribute = refusal.missingAttribute
    this.policy = refusal.policy
  }
}

function describeRefusal({ attribute, missingAttribute, policy }: Refusal): string | undefined {
  const parts: string[] = []
  if (attribute !== undefined) parts.push(`attribute ${attribute}`)
  if (missingAttribute !== undefined) parts.push(`attribute ${missingAttribute} is missing`)
  if (policy !== undefined) {
    const limits = Object.entries(policy).map(([key, value]) => `${key} ${String(value)}`)
    if (limits.length > 0) parts.push(`allowed: ${limits.join(', ')}`)
  }
  return parts.length === 0 ? undefined : parts.join(', ')
}

/** A dump that was interrupted in every try (NLM_F_DUMP_INTR): the objects changed while they were read. */
export class DumpInterruptedError extends NetloomError {
  /** The name of the class, `DumpInterruptedError`. */
  override name = 'DumpInterruptedError'
  /** The result of the last try, in which entries may be missing or duplicated. Undefined for `flush`, which removed nothing. */
  readonly partial: unknown

  constructor(operation: string, netns: string, tries: number, partial: unknown) {
    super(
      `${operation} in netns ${netns}: the kernel interrupted the dump ${tries} times (NLM_F_DUMP_INTR)`,
      'ERR_NETLOOM_DUMP_INTERRUPTED',
      { operation, netns },
    )
    this.partial = partial
  }
}

/** The method that was called, and its namespace. */
export type Subject = Pick<FailureDetails, 'operation' | 'netns'>

/** A call that was aborted by its signal (`code` is `ABORT_ERR`) or by its time limit (`ETIMEDOUT`). */
export class AbortError extends NetloomError {
  /** The name of the class, `AbortError`. */
  override name = 'AbortError'

  /**
   * @param holder - If the outcome is unknown, what was performing the operation (by default the kernel); if nothing was sent, what
   * the call was waiting for.
   */
  constructor(subject: Subject, outcome: 'none' | 'unknown', reason: unknown, holder?: string) {
    const { operation, netns } = subject
    const late = reason === undefined
    const what = late ? `${operation} timed out` : `${operation} was aborted`
    const where = netns === undefined ? '' : ` in netns ${netns}`
    const waited = holder === undefined ? 'before anything was sent' : `while it waited for ${holder}`
    const how = outcome === 'none' ? waited : `while ${holder ?? 'the kernel'} had it: the outcome is unknown`
    super(`${what}${where} ${how}`, late ? 'ETIMEDOUT' : 'ABORT_ERR', { operation, netns, outcome, cause: reason })
  }
}

/** The details of a batch that has failed. */
interface BatchFailure extends Subject {
  readonly errno: number
  readonly index: number
  readonly failedOperation: string
  readonly cause: unknown
  readonly results: readonly PromiseSettledResult<unknown>[]
  readonly rolledBack: boolean
  readonly leftovers: readonly number[]
  readonly leftover: boolean
  readonly tried: number
}

/** A batch of which an operation failed; `code`, `errno` and `cause` are those of that operation's error. */
export class BatchError extends NetloomError {
  override name = 'BatchError'
  /** The index of the operation that has failed. */
  readonly index: number
  /**
   * The result of each operation, in their order. The reason of one that was not tried has the code `ERR_NETLOOM_NOT_TRIED`, of
   * one that was rolled back `ERR_NETLOOM_ROLLED_BACK`, and of one that has succeeded and could not be rolled back
   * `ERR_NETLOOM_NOT_ROLLED_BACK`.
   */
  readonly results: readonly PromiseSettledResult<unknown>[]
  /** Whether the operations that had succeeded were rolled back. */
  readonly rolledBack: boolean
  /** The indices of the operations that could not be rolled back. */
  readonly leftovers: readonly number[]
  /** Of `PreparedBatch.runMany`: the number of the row whose operation failed. */
  row: number | undefined

  constructor(failure: BatchFailure) {
    const { errno, index, failedOperation, cause, results, rolledBack, leftovers, tried } = failure
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    const left = leftovers.length === 0 ? '' : `, but ${leftovers.length} of them could not be`
    const rest = rolledBack ? `; what succeeded was taken back${left}` : `; ${results.length - tried} were not tried`
    super(`operation ${index} of ${results.length} failed (${failedOperation})${rest}${why}`, errnoName(errno), failure)
    this.index = index
    this.results = results
    this.rolledBack = rolledBack
    this.leftovers = leftovers
  }
}

/** A handle that was used after it was closed. */
export function closedError(operation: string, netns?: string, what?: string): NetloomError {
  const where = netns === undefined ? 'the namespace' : `the namespace ${netns}`
  const closed = what === undefined ? `the handle of ${where}` : `${what} in ${where}`
  return new NetloomError(`${operation}: ${closed} is closed`, 'ERR_NETLOOM_CLOSED', { operation, netns })
}

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && codes.has(code)
}

/** The codes of errors for objects that do not exist. */
export const notFoundCodes = ['ENOENT', 'ENODEV', 'ESRCH', 'ENXIO', 'EADDRNOTAVAIL'] as const

const notFound: ReadonlySet<string> = new Set(notFoundCodes)
const exists = new Set(['EEXIST'])

/**
 * Whether an error means that the object to query or delete does not exist, for which the kernel has five errnos. With
 * `EADDRNOTAVAIL` it also refuses to add or bind to an address that may not be used: this errno counts for deletions only.
 * @example
 * await ns.links.delete('eth0').catch((error) => { if (!isNotFound(error)) throw error })
 */
export function isNotFound(error: unknown): boolean {
  if (!hasCode(error, notFound)) return false
  const { code, syscall } = (error instanceof BatchError ? error.cause : error) as Partial<NetloomError>
  return code !== 'EADDRNOTAVAIL' || syscall === undefined || syscall.startsWith('RTM_DEL')
}

/** Whether an error means that the object to create exists already. */
export function isAlreadyExists(error: unknown): boolean {
  return hasCode(error, exists)
}
