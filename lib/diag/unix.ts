// Unix sockets: struct unix_diag_msg and UNIX_DIAG_… (linux/unix_diag.h).
import { printable } from '../wire/printable'
import { NLM_F } from '../netlink/constants'
import { decodeMessage, encodeMessage, type Message, type Received } from '../netlink/message'
import { attributes } from '../wire/attributes'
import { oneOf } from '../wire/choices'
import { u16, u32, u8 } from '../wire/integers'
import { readOnly } from '../wire/read_only'
import type { Reader } from '../wire/reader'
import { struct } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import type { SocketCommon } from './inet'
import type { Filtering, Details } from './options'
import { cookie, memory, shutdownBits, SOCK_DIAG_BY_FAMILY, socketState, words, type SocketState } from './sock_diag'

const AF_UNIX = 1

const UDIAG_SHOW = { NAME: 0x1, VFS: 0x2, PEER: 0x4, ICONS: 0x8, RQLEN: 0x10, MEMINFO: 0x20, UID: 0x40 } as const

const requestLayout = {
  header: struct('unix_diag_req', {
    family: ['sdiag_family', u8],
    protocol: ['sdiag_protocol', u8],
    _pad: ['pad', u16],
    states: ['udiag_states', u32],
    inode: ['udiag_ino', u32],
    show: ['udiag_show', u32],
    cookie: ['udiag_cookie', cookie],
  }),
  attributes: attributes('UNIX_DIAG_', {}),
}

/** SOCK_ of linux/net.h. */
export const socketType = oneOf(u8, 'SOCK_', {
  /** Bytes in order. */
  stream: ['STREAM', 1],
  /** Messages; of packet sockets: without the header of the link. */
  dgram: ['DGRAM', 2],
  /** Of packet sockets: with the header of the link. */
  raw: ['RAW', 3],
  /** Messages in order, over a connection. */
  seqpacket: ['SEQPACKET', 5],
})

/** A path, or an abstract name, which begins with NUL. */
const name = readOnly({
  size: 0,
  decode(reader: Reader, at: number, end: number): string {
    const bytes = reader.copy(at, end)
    const nul = bytes.indexOf(0)
    return (nul > 0 ? bytes.subarray(0, nul) : bytes).toString()
  },
})

const layout = {
  header: struct('unix_diag_msg', {
    family: ['udiag_family', u8],
    type: ['udiag_type', socketType],
    state: ['udiag_state', socketState],
    _pad: ['pad', u8],
    inode: ['udiag_ino', u32],
    cookie: ['udiag_cookie', cookie],
  }),
  attributes: attributes('UNIX_DIAG_', {
    path: ['NAME', 0, name],
    file: ['VFS', 1, struct('unix_diag_vfs', { inode: ['udiag_vfs_ino', u32], device: ['udiag_vfs_dev', u32] })],
    peer: ['PEER', 2, u32],
    pending: ['ICONS', 3, words],
    queues: ['RQLEN', 4, struct('unix_diag_rqlen', { receive: ['udiag_rqueue', u32], send: ['udiag_wqueue', u32] })],
    memory: ['MEMINFO', 5, memory],
    shutdown: ['SHUTDOWN', 6, shutdownBits],
    uid: ['UID', 7, u32],
  }),
}

/** The file of a Unix socket, as in fs.stat. */
export interface SocketFile {
  /** The device that it is on (`dev`). */
  device: number
  /** Its inode (`ino`). */
  inode: number
}

/** A Unix socket (unix_diag). */
export interface UnixSocketInfo extends SocketCommon {
  /** The kind of socket. */
  protocol: 'unix'
  /** Its type (SOCK_). */
  type: ValueOf<typeof socketType>
  /** `listen`, `established`, or `closed`: not connected. */
  state: SocketState
  /** The address that it is bound to, if it is: a path, or an abstract name, which begins with NUL. */
  path?: string
  /** The file of its path. */
  file?: SocketFile
  /** Inode of the socket that it is connected to. */
  peer?: number
  /** Of a listening one: inodes of the sockets that wait to be accepted; 0 for those without a file yet. */
  pending?: number[]
  /** Received and not read yet, in bytes; of a listening one: connections that wait to be accepted. */
  receiveQueue?: number
  /** Sent and not read by the other end yet, in bytes; of a listening one: how many connections may wait. */
  sendQueue?: number
  /** Directions that are shut down. */
  shutdown?: ValueOf<typeof shutdownBits>
  /** The uid that has created it. Since Linux 5.3. */
  uid?: number
}

/** The request for the Unix sockets. */
export function unixRequest({ states }: Filtering, details: Details): Message {
  const { MEMINFO, ...others } = UDIAG_SHOW
  const show = Object.values(others).reduce<number>((all, bit) => all | bit, details.memory ? MEMINFO : 0)
  return encodeMessage(requestLayout, 'SOCK_DIAG_BY_FAMILY', SOCK_DIAG_BY_FAMILY, {
    flags: NLM_F.DUMP,
    header: { family: AF_UNIX, states, show },
  })
}

/** Converts the kernel's number of a device to that of fs.stat. */
function statDevice(device: number): number {
  const [major, minor] = [device >>> 20, device & 0xfffff]
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)
}

/** Decodes a socket. */
export function decodeUnix(received: Received): UnixSocketInfo | undefined {
  const decoded = decodeMessage(layout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: found } = decoded
  const { type, inode, cookie } = header
  const socket: UnixSocketInfo = { protocol: 'unix', type, state: header.state as SocketState, inode, cookie }
  const { path, file, peer, pending, queues, shutdown, uid, memory } = found
  if (path !== undefined) socket.path = path
  if (file?.device !== undefined && file.inode !== undefined) {
    socket.file = { device: statDevice(file.device), inode: file.inode }
  }
  if (peer !== undefined) socket.peer = peer
  if (pending !== undefined) socket.pending = pending
  if (queues?.receive !== undefined) socket.receiveQueue = queues.receive
  if (queues?.send !== undefined) socket.sendQueue = queues.send
  if (shutdown !== undefined) socket.shutdown = shutdown
  if (uid !== undefined) socket.uid = uid
  if (memory !== undefined) socket.memory = memory
  return printable(socket)
}
