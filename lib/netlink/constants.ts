// Numbers of linux/netlink.h that every family shares.

/** Flags of a message (NLM_F_). */
export const NLM_F = {
  /** It asks for something. */
  REQUEST: 0x1,
  /** One of several, the last of which is NLMSG_DONE. */
  MULTI: 0x2,
  /** It wants an acknowledgement. */
  ACK: 0x4,
  /** It wants what it makes to be told back. */
  ECHO: 0x8,
  /** Things changed during the dump. */
  DUMP_INTR: 0x10,
  /** The kernel has filtered the dump. */
  DUMP_FILTERED: 0x20,
  /** NLM_F_ROOT | NLM_F_MATCH: all of them. */
  DUMP: 0x300,
  /** What is there is replaced. */
  REPLACE: 0x100,
  /** Nothing may be there. */
  EXCL: 0x200,
  /** It is made where nothing is there. */
  CREATE: 0x400,
  /** It is put behind what is there. */
  APPEND: 0x800,
  /** Of an acknowledgement: the message is quoted without its payload. */
  CAPPED: 0x100,
  /** Of an acknowledgement: attributes follow. */
  ACK_TLVS: 0x200,
} as const

/** Types of message that every family has (NLMSG_). */
export const NLMSG = {
  /** Nothing. */
  NOOP: 1,
  /** An acknowledgement, or a refusal. */
  ERROR: 2,
  /** The end of a dump. */
  DONE: 3,
  /** Data were lost. */
  OVERRUN: 4,
} as const

/** Netlink families (NETLINK_). */
export const NETLINK = {
  /** Links, addresses, routes, neighbors, rules, traffic control. */
  ROUTE: 0,
  /** Sockets. */
  SOCK_DIAG: 4,
  /** nftables, conntrack and the rest of netfilter. */
  NETFILTER: 12,
  /** Families that are numbered as they register. */
  GENERIC: 16,
} as const

/** Size of struct nlmsghdr. */
export const messageHeaderSize = 16
