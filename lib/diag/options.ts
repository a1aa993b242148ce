// Checks filters and other options of lists of sockets.
import { checkWide } from '../wire/integers'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkArray, checkKeys, checkObject, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { parsePrefix, type Family } from '../wire/ip'
import {
  all,
  any,
  boundTo,
  hasMark,
  hasPort,
  inCgroup,
  inPrefix,
  portBetween,
  type End,
  type Program,
} from './bytecode'
import { socketState, stateMask, type SocketState } from './sock_diag'

/** Protocols over IP whose sockets the kernel lists (inet_diag). */
export type InetProtocol = 'tcp' | 'udp' | 'udplite' | 'raw' | 'mptcp'

/** Kinds of sockets that the kernel lists. */
export type SocketProtocol = InetProtocol | 'unix' | 'packet' | 'netlink'

/** Ports from one to another, both included. */
export interface PortRange {
  /** The lowest. Default: 0. */
  from?: number | undefined
  /** The highest. Default: 65535. */
  to?: number | undefined
}

/** A port, or a range of them. */
export type PortCondition = number | PortRange

/** Some bits of a mark. */
export interface MarkCondition {
  /** The value of these bits. */
  readonly value: number
  /** The bits that are compared. */
  readonly mask: number
}

/** A filter for sockets over IP, which the kernel applies. All conditions have to hold; of a list, one value. */
export interface SocketFilter {
  /** Of one family; an IPv6 socket may serve IPv4, too. Default: both. */
  family?: Family | undefined
  /** In one of these states. Default: all but `boundInactive`. */
  state?: SocketState | readonly SocketState[] | undefined
  /** With this local address, or one of this prefix; of IPv4, also those of IPv6 sockets (`::ffff:10.0.0.1`). */
  localAddress?: string | readonly string[] | undefined
  /** With this local port. */
  localPort?: PortCondition | readonly PortCondition[] | undefined
  /** Connected with this address, or one of this prefix. */
  remoteAddress?: string | readonly string[] | undefined
  /** Connected with this port. */
  remotePort?: PortCondition | readonly PortCondition[] | undefined
  /** Bound to this device (SO_BINDTODEVICE), by name or index. */
  dev?: Device | undefined
  /** With this mark (SO_MARK). It takes CAP_NET_ADMIN. */
  mark?: number | MarkCondition | undefined
  /** Created in this cgroup, by its inode below /sys/fs/cgroup. Since Linux 5.9. */
  cgroup?: bigint | number | undefined
}

/** Options of a list: a filter, and the details of each socket. */
export interface SocketsOptions<Protocol extends SocketProtocol = SocketProtocol> extends SocketFilter {
  /**
   * Of these kinds. With `unix` only `state` may be given; with `packet` and `netlink` no condition. Default: `tcp` and `udp`.
   */
  protocol?: Protocol | readonly Protocol[] | undefined
  /** With `info`, the state of a TCP connection. Default: false. */
  info?: boolean | undefined
  /** With `memory`, the memory that each uses. Default: false. */
  memory?: boolean | undefined
  /**
   * With `processes`, the processes that have it open: true for this process and those in the namespace, `everywhere` for all
   * on the machine. Reads /proc, which takes time for each descriptor of each process. Default: false.
   */
  processes?: boolean | 'everywhere' | undefined
}

const inetProtocols: readonly InetProtocol[] = ['tcp', 'udp', 'udplite', 'raw', 'mptcp']
const protocols: readonly SocketProtocol[] = [...inetProtocols, 'unix', 'packet', 'netlink']

const endKeys = ['localAddress', 'localPort', 'remoteAddress', 'remotePort', 'dev', 'mark', 'cgroup'] as const
const filterKeys = ['family', 'state', ...endKeys] as const
const destroyKeys = new Set([...filterKeys, 'protocol'])
const listKeys = new Set([...destroyKeys, 'info', 'memory', 'processes'])

/** Whether sockets of a protocol are those of inet_diag. */
export function isInet(protocol: SocketProtocol): protocol is InetProtocol {
  return (inetProtocols as readonly string[]).includes(protocol)
}

/** One name or a list of names; undefined if none was given. */
function namesOf<Name extends string>(value: unknown, field: string, names: readonly Name[]): Name[] | undefined {
  if (value === undefined) return undefined
  return listOf(value, field, (name, where) => {
    const expected = `one of ${names.join(', ')}`
    if (typeof name !== 'string') throw wrongType(where, expected, name)
    const found = names.find((one) => one === name)
    if (found === undefined) throw wrongValue(where, expected, name)
    return found
  })
}

/** Converts one value, or each of a list. Refuses an empty list, which no socket would match. */
function listOf<Made>(value: unknown, field: string, make: (one: unknown, field: string) => Made): Made[] {
  if (!Array.isArray(value)) return [make(value, field)]
  const list = checkArray(value, field)
  if (list.length === 0) throw outOfRange(field, 'a list of one or more', value)
  return list.map((one, i) => make(one, `${field}[${i}]`))
}

const portRangeKeys = new Set(['from', 'to'])
const markKeys = new Set(['value', 'mask'])

function portProgram(end: End, value: unknown, field: string): Program {
  if (typeof value === 'number') return hasPort(end, checkInteger(value, 0, 65_535, field))
  checkObject(value, field, 'a port or a range of ports')
  checkKeys(value, portRangeKeys, field)
  const { from = 0, to = 65_535 } = value as PortRange
  checkInteger(from, 0, 65_535, `${field}.from`)
  return portBetween(end, from, checkInteger(to, from, 65_535, `${field}.to`))
}

function markProgram(mark: NonNullable<SocketFilter['mark']>): Program {
  if (typeof mark !== 'object') return hasMark(checkInteger(mark, 0, 0xffffffff, 'mark'), 0xffffffff)
  checkKeys(mark, markKeys, 'mark')
  return hasMark(
    checkInteger(mark.value, 0, 0xffffffff, 'mark.value'),
    checkInteger(mark.mask, 0, 0xffffffff, 'mark.mask'),
  )
}

function cgroupProgram(id: unknown): Program {
  return inCgroup(checkWide(id, 'cgroup'))
}

function addressProgram(end: End, value: unknown, field: string): Program {
  return any(listOf(value, field, (one, where) => inPrefix(end, parsePrefix(one, where))))
}

function programOf(filter: SocketFilter): Program {
  const { localAddress, localPort, remoteAddress, remotePort, dev, mark, cgroup } = filter
  const conditions: Program[] = []
  const ports = (end: End, value: unknown, field: string): Program =>
    any(listOf(value, field, (one, where) => portProgram(end, one, where)))
  if (localPort !== undefined) conditions.push(ports('local', localPort, 'localPort'))
  if (remotePort !== undefined) conditions.push(ports('remote', remotePort, 'remotePort'))
  if (localAddress !== undefined) conditions.push(addressProgram('local', localAddress, 'localAddress'))
  if (remoteAddress !== undefined) conditions.push(addressProgram('remote', remoteAddress, 'remoteAddress'))
  if (dev !== undefined) conditions.push(boundTo(checkDevice(dev, 'dev')))
  if (mark !== undefined) conditions.push(markProgram(mark))
  if (cgroup !== undefined) conditions.push(cgroupProgram(cgroup))
  return all(conditions)
}

/** A checked filter. */
export interface Filtering {
  readonly protocols: readonly SocketProtocol[]
  readonly families: readonly Family[]
  readonly states: number
  readonly program: Program
}

function filtering(
  options: SocketFilter & { readonly protocol?: unknown },
  kinds: readonly SocketProtocol[],
): Filtering {
  const chosen = namesOf(options.protocol, 'protocol', kinds) ?? (['tcp', 'udp'] as const)
  const families = namesOf(options.family, 'family', ['ipv4', 'ipv6'] as const) ?? (['ipv4', 'ipv6'] as const)
  if (families.length > 1 && options.family !== undefined) throw wrongType('family', 'one family', options.family)
  const states = namesOf(options.state, 'state', Object.keys(socketState.names) as SocketState[])
  const program = programOf(options)
  for (const protocol of chosen) refuseUseless(protocol, options)
  return { protocols: [...new Set(chosen)], families, states: stateMask(states), program }
}

/** Refuses conditions that do not apply to a kind of socket: the kernel would return all of that kind, or none. */
function refuseUseless(protocol: SocketProtocol, options: SocketFilter): void {
  if (isInet(protocol)) return
  const useless = protocol === 'unix' ? (['family', ...endKeys] as const) : filterKeys
  for (const key of useless) {
    if (options[key] !== undefined) throw wrongValue(key, `left out for the protocol "${protocol}"`, options[key])
  }
}

/** The checked options for the details of sockets. */
export interface Details {
  readonly info: boolean
  readonly memory: boolean
  readonly processes: boolean | 'everywhere'
}

function switchOf(value: unknown, field: string): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
  return value === true
}

/** Checks the options of a list. */
export function checkSockets(options: SocketsOptions = {}): Filtering & Details {
  checkKeys(options, listKeys)
  const { processes = false } = options
  if (typeof processes === 'string' && (processes as string) !== 'everywhere') {
    throw wrongValue('processes', 'a boolean or "everywhere"', processes)
  }
  return {
    ...filtering(options, protocols),
    info: switchOf(options.info, 'info'),
    memory: switchOf(options.memory, 'memory'),
    processes: processes === 'everywhere' ? processes : switchOf(processes, 'processes'),
  }
}

/** Checks the filter of sockets to destroy: at least one condition has to be given, so that not all are destroyed by mistake. */
export function checkDestroyed(options: SocketFilter & { readonly protocol?: unknown }): Filtering {
  checkKeys(options, destroyKeys)
  const checked = filtering(options, ['tcp', 'udp', 'udplite', 'raw'])
  if (!filterKeys.some((key) => options[key] !== undefined)) {
    throw outOfRange('filter', 'a filter with at least one condition', options)
  }
  return checked
}
