// Shared by the listings of all kinds of sockets: message types, states and memory (linux/sock_diag.h, net/tcp_states.h).
import { bits, oneOf } from '../wire/choices'
import { u8 } from '../wire/integers'
import { readOnly } from '../wire/read_only'
import type { Reader } from '../wire/reader'
import type { Scalar } from '../wire/type'

/** Types of messages of NETLINK_SOCK_DIAG. */
export const SOCK_DIAG_BY_FAMILY = 20
export const SOCK_DESTROY = 21

/** States of a socket (TCP_); other protocols use some of them. */
export const socketState = oneOf(u8, 'TCP_', {
  /** Connected. Of UDP: it has a remote address. */
  established: ['ESTABLISHED', 1],
  /** Has sent SYN, and waits for the answer. */
  synSent: ['SYN_SENT', 2],
  /** Has received SYN and answered. */
  synReceived: ['SYN_RECV', 3],
  /** Closed here, which is not acknowledged yet. */
  finWait1: ['FIN_WAIT1', 4],
  /** Closed here; the other end may still send. */
  finWait2: ['FIN_WAIT2', 5],
  /** Closed by both ends; waits for late segments. No process has it open any more. */
  timeWait: ['TIME_WAIT', 6],
  /** Without a connection: what ss calls UNCONN. Of UDP: without a remote address. */
  closed: ['CLOSE', 7],
  /** Closed by the other end, not here. */
  closeWait: ['CLOSE_WAIT', 8],
  /** Closed by both ends; the last acknowledgement is missing. */
  lastAck: ['LAST_ACK', 9],
  /** Waits for connections. */
  listen: ['LISTEN', 10],
  /** Closed by both ends at once. */
  closing: ['CLOSING', 11],
  /** Bound, neither listening nor connected. Only listed if `state` names it. Since Linux 6.8. */
  boundInactive: ['BOUND_INACTIVE', 13],
})

/** A state of a socket. */
export type SocketState = keyof typeof socketState.names

/** A connection request without a socket. The kernel filters by this state, and reports TCP_SYN_RECV for it. */
const TCP_NEW_SYN_RECV = 12

/** The bits of these states; by default of all but `boundInactive`. */
export function stateMask(states: readonly SocketState[] | undefined): number {
  if (states === undefined) return (1 << socketState.names.boundInactive[1]) - 1
  const mask = states.reduce((mask, state) => mask | (1 << socketState.names[state][1]), 0)
  return states.includes('synReceived') ? mask | (1 << TCP_NEW_SYN_RECV) : mask
}

/** Directions in which a socket is shut down (sk_shutdown of net/sock.h). */
export const shutdownBits = bits(u8, '', {
  /** Nothing is received any more. */
  receive: ['RCV_SHUTDOWN', 1],
  /** Nothing is sent any more. */
  send: ['SEND_SHUTDOWN', 2],
})

/** Indices of the numbers in the attribute of a socket's memory. */
const SK_MEMINFO = {
  RMEM_ALLOC: 0,
  RCVBUF: 1,
  WMEM_ALLOC: 2,
  SNDBUF: 3,
  FWD_ALLOC: 4,
  WMEM_QUEUED: 5,
  OPTMEM: 6,
  BACKLOG: 7,
  DROPS: 8,
} as const

/** Memory of a socket, in bytes (SK_MEMINFO_). */
export interface SocketMemory {
  /** Received and not read yet, with the overhead of buffers. */
  received: number
  /** The limit of `received`: SO_RCVBUF. */
  receiveBuffer: number
  /** Passed to the device, not sent yet. */
  sending: number
  /** The limit of data to be sent: SO_SNDBUF. */
  sendBuffer: number
  /** Reserved, not in use. */
  reserved: number
  /** In the send queue, to be sent or retransmitted. */
  queued: number
  /** Used for options and the like. */
  options: number
  /** In the backlog, which takes packets while the socket is locked. */
  backlog: number
  /** Packets that were dropped, a number; undefined before Linux 4.10. */
  drops?: number
}

function readMemory(reader: Reader, at: number, end: number): SocketMemory {
  const word = (place: number): number => (at + 4 * place + 4 <= end ? reader.u32(at + 4 * place) : 0)
  return {
    received: word(SK_MEMINFO.RMEM_ALLOC),
    receiveBuffer: word(SK_MEMINFO.RCVBUF),
    sending: word(SK_MEMINFO.WMEM_ALLOC),
    sendBuffer: word(SK_MEMINFO.SNDBUF),
    reserved: word(SK_MEMINFO.FWD_ALLOC),
    queued: word(SK_MEMINFO.WMEM_QUEUED),
    options: word(SK_MEMINFO.OPTMEM),
    backlog: word(SK_MEMINFO.BACKLOG),
    ...(at + 4 * SK_MEMINFO.DROPS + 4 <= end ? { drops: word(SK_MEMINFO.DROPS) } : {}),
  }
}

export const memory = readOnly({ size: 4 * SK_MEMINFO.BACKLOG, decode: readMemory })

/** A list of numbers of four bytes. */
export const words = readOnly({
  size: 0,
  decode: (reader: Reader, at: number, end: number) =>
    Array.from({ length: (end - at) >> 2 }, (_, i) => reader.u32(at + 4 * i)),
})

/** The cookie of a socket, which identifies it: two words, the lower one first in either byte order. */
export const cookie: Scalar<bigint> = {
  size: 8,
  fixed: true,
  encode(writer, value) {
    writer.u32(Number(value & 0xffffffffn))
    writer.u32(Number(value >> 32n))
  },
  decode: (reader, at) => BigInt(reader.u32(at)) | (BigInt(reader.u32(at + 4)) << 32n),
}
