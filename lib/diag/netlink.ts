// Netlink sockets: struct netlink_diag_msg and NETLINK_DIAG_… (linux/netlink_diag.h).
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
import type { Details } from './options'
import { cookie, memory, SOCK_DIAG_BY_FAMILY } from './sock_diag'
import { socketType } from './unix'

const AF_NETLINK = 16

const NDIAG_SHOW = { MEMINFO: 0x1, GROUPS: 0x2 } as const

/** NDIAG_PROTO_ALL: of all families. */
const NDIAG_PROTO_ALL = 0xff

const requestLayout = {
  header: struct('netlink_diag_req', {
    family: ['sdiag_family', u8],
    protocol: ['sdiag_protocol', u8],
    _pad: ['pad', u16],
    inode: ['ndiag_ino', u32],
    show: ['ndiag_show', u32],
    cookie: ['ndiag_cookie', cookie],
  }),
  attributes: attributes('NETLINK_DIAG_', {}),
}

const netlinkFamily = oneOf(u8, 'NETLINK_', {
  /** Links, addresses, routes and the like. */
  route: ['ROUTE', 0],
  /** For programs to talk to each other. */
  usersock: ['USERSOCK', 2],
  /** Lists of sockets. */
  sockDiag: ['SOCK_DIAG', 4],
  /** No longer in use. */
  nflog: ['NFLOG', 5],
  /** IPsec. */
  xfrm: ['XFRM', 6],
  /** Events of SELinux. */
  selinux: ['SELINUX', 7],
  /** iSCSI. */
  iscsi: ['ISCSI', 8],
  /** Auditing. */
  audit: ['AUDIT', 9],
  /** Look-ups in routing tables. */
  fibLookup: ['FIB_LOOKUP', 10],
  /** Events of processes and the like. */
  connector: ['CONNECTOR', 11],
  /** Firewalls and connection tracking. */
  netfilter: ['NETFILTER', 12],
  /** Events of devices (uevents). */
  uevent: ['KOBJECT_UEVENT', 15],
  /** All other families, by name. */
  generic: ['GENERIC', 16],
  /** SCSI. */
  scsi: ['SCSITRANSPORT', 18],
  /** Algorithms of the kernel. */
  crypto: ['CRYPTO', 21],
  /** SMC sockets. */
  smc: ['SMC', 22],
})

/** Numbers of the bits that are set. */
const groups = readOnly({
  size: 0,
  decode(reader: Reader, at: number, end: number): number[] {
    const found: number[] = []
    for (let bit = 0; bit < 8 * ((end - at) & ~3); bit++) {
      // The kernel sends unsigned longs: on little-endian machines the same as 32-bit words.
      if (((reader.u32(at + 4 * (bit >> 5)) >>> (bit & 31)) & 1) !== 0) found.push(bit + 1)
    }
    return found
  },
})

const layout = {
  header: struct('netlink_diag_msg', {
    family: ['ndiag_family', u8],
    type: ['ndiag_type', socketType],
    netlink: ['ndiag_protocol', netlinkFamily],
    state: ['ndiag_state', u8],
    portId: ['ndiag_portid', u32],
    remotePortId: ['ndiag_dst_portid', u32],
    remoteGroup: ['ndiag_dst_group', u32],
    inode: ['ndiag_ino', u32],
    cookie: ['ndiag_cookie', cookie],
  }),
  attributes: attributes('NETLINK_DIAG_', { memory: ['MEMINFO', 0, memory], groups: ['GROUPS', 1, groups] }),
}

/** A netlink socket (netlink_diag); the kernel's own are among them. */
export interface NetlinkSocketInfo extends SocketCommon {
  /** The kind of socket. */
  protocol: 'netlink'
  /** Its family, such as `route`. */
  netlink: ValueOf<typeof netlinkFamily>
  /** Its address: 0 for the kernel's own; usually the pid, for the first socket of a process. */
  portId: number
  /** The multicast groups that it is in. */
  groups: number[]
}

/** The request for the netlink sockets. */
export function netlinkRequest(details: Details): Message {
  return encodeMessage(requestLayout, 'SOCK_DIAG_BY_FAMILY', SOCK_DIAG_BY_FAMILY, {
    flags: NLM_F.DUMP,
    header: {
      family: AF_NETLINK,
      protocol: NDIAG_PROTO_ALL,
      show: NDIAG_SHOW.GROUPS | (details.memory ? NDIAG_SHOW.MEMINFO : 0),
    },
  })
}

/** Decodes a socket. */
export function decodeNetlink(received: Received): NetlinkSocketInfo | undefined {
  const decoded = decodeMessage(layout, received)
  if (decoded === undefined) return undefined
  const { netlink, portId, inode, cookie } = decoded.header
  const { memory, groups = [] } = decoded.attributes
  const socket: NetlinkSocketInfo = { protocol: 'netlink', netlink, portId, groups, inode, cookie }
  if (memory !== undefined) socket.memory = memory
  return printable(socket)
}
