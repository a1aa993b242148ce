// Sockets over IP: struct inet_diag_msg and INET_DIAG_… (linux/inet_diag.h).
import { printable } from '../wire/printable'
import { NLM_F } from '../netlink/constants'
import { decodeMessage, encodeMessage, type Message, type Received } from '../netlink/message'
import { attributes } from '../wire/attributes'
import { oneOf } from '../wire/choices'
import { be16, boolean, u32, u64, u8 } from '../wire/integers'
import { formatIPv4, formatIPv6, type Family } from '../wire/ip'
import { readOnly } from '../wire/read_only'
import { struct, type StructValue } from '../wire/struct'
import { binary, text } from '../wire/text'
import type { Scalar, ValueOf } from '../wire/type'
import { program } from './bytecode'
import type { Filtering, InetProtocol, Details } from './options'
import {
  cookie,
  memory,
  shutdownBits,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
  socketState,
  type SocketMemory,
  type SocketState,
} from './sock_diag'
import { readTcpInfo, type TcpInfo } from './tcp_info'

/** IPPROTO_ of linux/in.h. */
const protocolNumber = oneOf(u32, 'IPPROTO_', {
  tcp: ['TCP', 6],
  udp: ['UDP', 17],
  udplite: ['UDPLITE', 136],
  raw: ['RAW', 255],
  mptcp: ['MPTCP', 262],
})

const family = oneOf(u8, 'AF_', { ipv4: ['INET', 2], ipv6: ['INET6', 10] })

/** An address of either family: the header says which. */
const address: Scalar<Uint8Array> = {
  size: 16,
  fixed: true,
  encode(writer, value) {
    writer.bytes(value)
  },
  decode: (reader, at) => reader.copy(at, at + 16),
}

const socketId = struct('inet_diag_sockid', {
  localPort: ['idiag_sport', be16],
  remotePort: ['idiag_dport', be16],
  local: ['idiag_src', address],
  remote: ['idiag_dst', address],
  dev: ['idiag_if', u32],
  cookie: ['idiag_cookie', cookie],
})

const request = struct('inet_diag_req_v2', {
  family: ['sdiag_family', family],
  protocol: ['sdiag_protocol', u8],
  extensions: ['idiag_ext', u8],
  _pad: ['pad', u8],
  states: ['idiag_states', u32],
  id: ['id', socketId],
})

const requestLayout = {
  header: request,
  attributes: attributes('INET_DIAG_REQ_', {
    program: ['BYTECODE', 1, program],
    protocol: ['PROTOCOL', 3, protocolNumber],
  }),
}

const header = struct('inet_diag_msg', {
  family: ['idiag_family', family],
  state: ['idiag_state', socketState],
  timer: ['idiag_timer', u8],
  retransmits: ['idiag_retrans', u8],
  id: ['id', socketId],
  expires: ['idiag_expires', u32],
  receiveQueue: ['idiag_rqueue', u32],
  sendQueue: ['idiag_wqueue', u32],
  uid: ['idiag_uid', u32],
  inode: ['idiag_inode', u32],
})

const layout = {
  header,
  attributes: attributes('INET_DIAG_', {
    info: ['INFO', 2, readOnly({ size: 0, decode: readTcpInfo })],
    congestion: ['CONG', 4, text(16)],
    tos: ['TOS', 5, u8],
    trafficClass: ['TCLASS', 6, u8],
    memory: ['SKMEMINFO', 7, memory],
    shutdown: ['SHUTDOWN', 8, shutdownBits],
    ipProtocol: ['PROTOCOL', 10, u8],
    v6Only: ['SKV6ONLY', 11, boolean(u8)],
    mark: ['MARK', 15, u32],
    classId: ['CLASS_ID', 17, u32],
    cgroup: ['CGROUP_ID', 21, u64],
    options: ['SOCKOPT', 22, binary()],
  }),
}

/** The names of timers, by number; the kernel's headers have no names for them. */
const timers = ['off', 'retransmit', 'keepAlive', 'timeWait', 'probe'] as const

/** The timer of a socket. */
export interface SocketTimer {
  /**
   * What the kernel does when it expires: retransmits a segment or detects a loss; sends a keep-alive probe; frees the socket;
   * probes a closed receive window.
   */
  name: 'retransmit' | 'keepAlive' | 'timeWait' | 'probe'
  /** Time until then, in ms. */
  remaining: number
  /** How often it has expired. */
  tries: number
}

/** A process that has a socket. */
export interface SocketProcess {
  /** Its id in the PID namespace of this process. */
  pid: number
  /** Its descriptor. */
  fd: number
  /** The name of its program, to 15 bytes (/proc/PID/comm). */
  command: string
}

/** The fields of sockets of all kinds. */
export interface SocketCommon {
  /** Inode of its file, as in `socket:[12345]`; 0 for one without a file: in `timeWait`, or not accepted yet. */
  inode: number
  /** A number that identifies it, and is never reused (SO_COOKIE). */
  cookie: bigint
  /** Memory that it uses; only with `memory: true`. */
  memory?: SocketMemory
  /** The processes that have it open; only with `processes`. */
  processes?: SocketProcess[]
}

/** A socket over IP (inet_diag). */
export interface InetSocketInfo<Protocol extends InetProtocol = InetProtocol> extends SocketCommon {
  /** Its protocol. */
  protocol: Protocol
  /** Its family; one of IPv6 may have IPv4 addresses: `::ffff:10.0.0.1`. */
  family: Family
  /** Its state. */
  state: SocketState
  /** Its own address: `0.0.0.0` or `::` for all. */
  localAddress: string
  /** Its own port; of raw sockets the protocol's number. */
  localPort: number
  /** The other end's address, if it is connected. */
  remoteAddress?: string
  /** The other end's port, if it is connected. */
  remotePort?: number
  /** Index of the device that it is bound to, if it is (SO_BINDTODEVICE). */
  dev?: number
  /** The uid that has created it. */
  uid: number
  /** Received and not read yet, in bytes; of a listening one: connections that wait to be accepted. */
  receiveQueue: number
  /** Sent and not acknowledged yet, in bytes; of a listening one: how many connections may wait. */
  sendQueue: number
  /** Its timer, if one runs. */
  timer?: SocketTimer
  /** Directions that are shut down; empty if none is, undefined in `timeWait` and the like. */
  shutdown?: ValueOf<typeof shutdownBits>
  /** Mark of its packets (SO_MARK), which the kernel reports with CAP_NET_ADMIN only. */
  mark?: number
  /** Its cgroup, by the inode below /sys/fs/cgroup. */
  cgroup?: bigint
  /** Of IPv6: no IPv4 (IPV6_V6ONLY). */
  v6Only?: boolean
  /** Type of service of its IPv4 packets (IP_TOS). */
  tos?: number
  /** Traffic class of its IPv6 packets (IPV6_TCLASS). */
  trafficClass?: number
  /** Of TCP: the algorithm that reacts to congestion, such as `cubic`. */
  congestion?: string
  /** Of TCP: the kernel's state of the connection; only with `info: true`. */
  info?: TcpInfo
}

function requestFor(protocol: InetProtocol): { number: number; protocol?: InetProtocol } {
  const [, number] = protocolNumber.names[protocol]
  // A number that does not fit into the header's byte goes into an attribute.
  return number > 0xff ? { number: number & 0xff, protocol } : { number }
}

/** The bit of a request for an attribute. */
function extension(name: keyof typeof layout.attributes.table): number {
  return 1 << (layout.attributes.table[name][1] - 1)
}

/** The requests for the sockets of a protocol, one for each family. */
export function inetRequests(
  protocol: InetProtocol,
  { families, states, program }: Filtering,
  details: Details,
): Message[] {
  const { number, protocol: wide } = requestFor(protocol)
  const asked = ['congestion', 'tos', 'trafficClass', details.info && 'info', details.memory && 'memory'] as const
  const extensions = asked.reduce((bits, name) => (name === false ? bits : bits | extension(name)), 0)
  return families.map((family) =>
    encodeMessage(requestLayout, 'SOCK_DIAG_BY_FAMILY', SOCK_DIAG_BY_FAMILY, {
      flags: NLM_F.DUMP,
      header: { family, protocol: number, extensions, states },
      attributes: { program: program.length === 0 ? undefined : program, protocol: wide },
    }),
  )
}

/** The request to destroy a socket. */
export function destruction(received: Received, protocol: InetProtocol): Message | undefined {
  const decoded = decodeMessage(layout, received)
  if (decoded === undefined) return undefined
  const { number } = requestFor(protocol)
  const { family, id } = decoded.header
  return encodeMessage(requestLayout, 'SOCK_DESTROY', SOCK_DESTROY, {
    flags: NLM_F.ACK,
    header: { family, protocol: number, id },
  })
}

function ends({
  family,
  id,
}: StructValue<typeof header.fields>): Pick<
  InetSocketInfo,
  'localAddress' | 'localPort' | 'remoteAddress' | 'remotePort'
> {
  const format = family === 'ipv4' ? formatIPv4 : formatIPv6
  const local = { localAddress: format(id.local ?? none), localPort: id.localPort ?? 0 }
  const remote = id.remote ?? none
  // A raw socket may be connected without a port.
  if (id.remotePort === 0 && remote.every((byte) => byte === 0)) return local
  return { ...local, remoteAddress: format(remote), remotePort: id.remotePort ?? 0 }
}

const none = new Uint8Array(16)

/** Decodes a socket. */
export function decodeInet(received: Received, protocol: InetProtocol): InetSocketInfo | undefined {
  const decoded = decodeMessage(layout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: found } = decoded
  const { dev = 0, cookie = 0n } = header.id
  const socket: InetSocketInfo = {
    protocol,
    family: header.family as Family,
    state: header.state as SocketState,
    ...ends(header),
    uid: header.uid,
    inode: header.inode,
    cookie,
    receiveQueue: header.receiveQueue,
    sendQueue: header.sendQueue,
  }
  if (dev !== 0) socket.dev = dev
  const timer = timers[header.timer]
  if (timer !== undefined && timer !== 'off') {
    socket.timer = { name: timer, remaining: header.expires, tries: header.retransmits }
  }
  const { info, memory, shutdown, mark, cgroup, v6Only, tos, trafficClass, congestion } = found
  if (shutdown !== undefined) socket.shutdown = shutdown
  if (mark !== undefined) socket.mark = mark
  if (cgroup !== undefined) socket.cgroup = cgroup
  if (v6Only !== undefined) socket.v6Only = v6Only
  if (tos !== undefined) socket.tos = tos
  if (trafficClass !== undefined) socket.trafficClass = trafficClass
  if (congestion !== undefined && congestion !== '') socket.congestion = congestion
  if (memory !== undefined) socket.memory = memory
  // Other protocols have another struct in this attribute.
  if (info !== undefined && protocol === 'tcp') socket.info = info
  return printable(socket)
}
