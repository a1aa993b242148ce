// Packet sockets: struct packet_diag_msg and PACKET_DIAG_… (linux/packet_diag.h).
import { printable } from '../wire/printable'
import { NLM_F } from '../netlink/constants'
import { decodeMessage, encodeMessage, type Message, type Received } from '../netlink/message'
import { attributes } from '../wire/attributes'
import { bits } from '../wire/choices'
import { u16, u32, u8 } from '../wire/integers'
import { struct } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import type { SocketCommon } from './inet'
import type { Details } from './options'
import { cookie, memory, SOCK_DIAG_BY_FAMILY } from './sock_diag'
import { socketType } from './unix'

const AF_PACKET = 17

const PACKET_SHOW = { INFO: 0x1, FANOUT: 0x8, MEMINFO: 0x10 } as const

const requestLayout = {
  header: struct('packet_diag_req', {
    family: ['sdiag_family', u8],
    protocol: ['sdiag_protocol', u8],
    _pad: ['pad', u16],
    inode: ['pdiag_ino', u32],
    show: ['pdiag_show', u32],
    cookie: ['pdiag_cookie', cookie],
  }),
  attributes: attributes('PACKET_DIAG_', {}),
}

const packetFlags = bits(u32, 'PDI_', {
  /** It is bound and receives packets. */
  running: ['RUNNING', 0x1],
  /** PACKET_AUXDATA. */
  auxData: ['AUXDATA', 0x2],
  /** PACKET_ORIGDEV. */
  originalDevice: ['ORIGDEV', 0x4],
  /** PACKET_VNET_HDR. */
  vnetHeader: ['VNETHDR', 0x8],
  /** PACKET_LOSS. */
  loss: ['LOSS', 0x10],
})

const layout = {
  header: struct('packet_diag_msg', {
    family: ['pdiag_family', u8],
    type: ['pdiag_type', socketType],
    etherType: ['pdiag_num', u16],
    inode: ['pdiag_ino', u32],
    cookie: ['pdiag_cookie', cookie],
  }),
  attributes: attributes('PACKET_DIAG_', {
    info: [
      'INFO',
      0,
      struct('packet_diag_info', {
        dev: ['pdi_index', u32],
        version: ['pdi_version', u32],
        reserve: ['pdi_reserve', u32],
        copyThreshold: ['pdi_copy_thresh', u32],
        timestamp: ['pdi_tstamp', u32],
        flags: ['pdi_flags', packetFlags],
      }),
    ],
    fanout: ['FANOUT', 4, u32],
    uid: ['UID', 5, u32],
    memory: ['MEMINFO', 6, memory],
  }),
}

/** A packet socket (packet_diag). */
export interface PacketSocketInfo extends SocketCommon {
  /** The kind of socket. */
  protocol: 'packet'
  /** `raw`: with the link's header; `dgram`: without. */
  type: ValueOf<typeof socketType>
  /** Protocol of the packets that it receives, such as 0x0800; 3 (ETH_P_ALL) for all, 0 for none. */
  etherType: number
  /** Index of its device; undefined for all devices. */
  dev?: number
  /** The options that are switched on. */
  flags?: ValueOf<typeof packetFlags>
  /** Its group (the lower 16 bits) and mode (the upper 16), if it shares packets with others (PACKET_FANOUT). */
  fanout?: number
  /** The uid that has created it. */
  uid?: number
}

/** The request for the packet sockets. */
export function packetRequest(details: Details): Message {
  const { INFO, FANOUT, MEMINFO } = PACKET_SHOW
  return encodeMessage(requestLayout, 'SOCK_DIAG_BY_FAMILY', SOCK_DIAG_BY_FAMILY, {
    flags: NLM_F.DUMP,
    header: { family: AF_PACKET, show: INFO | FANOUT | (details.memory ? MEMINFO : 0) },
  })
}

/** Decodes a socket. */
export function decodePacket(received: Received): PacketSocketInfo | undefined {
  const decoded = decodeMessage(layout, received)
  if (decoded === undefined) return undefined
  const { type, etherType, inode, cookie } = decoded.header
  const socket: PacketSocketInfo = { protocol: 'packet', type, etherType, inode, cookie }
  const { info, fanout, uid, memory } = decoded.attributes
  if (info?.dev !== undefined && info.dev !== 0) socket.dev = info.dev
  if (info?.flags !== undefined) socket.flags = info.flags
  if (fanout !== undefined) socket.fanout = fanout
  if (uid !== undefined) socket.uid = uid
  if (memory !== undefined) socket.memory = memory
  return printable(socket)
}
