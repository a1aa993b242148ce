/**
 * The public API.
 * @module netloom
 */
export { NetNs } from './netns/netns'
export type { CreateOptions } from './netns/create'
export type { NamedNetns } from './netns/named'
export type { Inside } from './netns/inside'
export type { View } from './netns/view'
export { Batch, type BatchOptions } from './netns/batch'
export { BatchBuilder, type BatchCreateOptions, type NewNetNs } from './netns/batch_builder'
export {
  hole,
  type Fills,
  type Hole,
  type HoleMaker,
  type HoleRange,
  type Holes,
  type HoleValues,
  type ValuesOf,
} from './netns/holes'
export type { AnswersTo, AskedFor } from './netns/description'
export type { PreparedBatch } from './netns/prepared_batch'
export type { PreparedResult } from './netns/prepared_result'
export type { RunManyOptions } from './netns/prepared_batch'
export type { BatchEthtool, BatchNetNs } from './netns/batch_netns'
export type { BatchEntry, BatchTarget, BatchVerbs } from './netlink/verbs'
export type { CreateManyOptions, Progress, ProgressOptions } from './netns/many'
export { configure, type Limits } from './netns/configure'
export type { SharedNetNs } from './netns/share'
export { Pool } from './netns/pool'
export type { PoolBatch, PoolOptions } from './netns/prepared'
export type { BatchResult } from './netlink/batch'
export type { CallOptions, KernelWarning } from './native/jobs'
export type { NetnsIdentity, NetnsTarget } from './native/netns_handle'
export { Namespace } from './namespaces/namespace'
export type { NamespaceOf, NamespaceSet, NamespaceSetCommon } from './namespaces/set'
export type { NamespaceMembers, TimeOffsets, UserNamespaceOptions } from './namespaces/create'
export type { NamespaceEntry } from './namespaces/list_namespaces'
export type { NamespaceKind } from './native/kind_jobs'
export type { Outside, OutsideOptions, OutsideProgram } from './rootless/outside'
export type { IdRange, RootlessOptions } from './rootless/options'
export type { ConnectionOptions, ConnectOptions, TcpConnectOptions, UnixConnectOptions } from './sockets/connection'
export type { CreateConnection, CreateConnectionOptions } from './clients/client_socket'
export type {
  DispatcherConnectOptions,
  DispatcherOptions,
  FetchDispatcher,
  UndiciClass,
  UndiciModule,
} from './clients/dispatcher'
export type { NameLookup, NameLookupOptions } from './names/lookup'
export type { DatagramOptions } from './sockets/datagram'
export type { ListenOptions } from './sockets/server'
export type { ExistingNamespace, ProcessOptions, UserOptions, UtsOptions } from './processes/options'
export type { DestroyedSockets, SocketInfo } from './diag/sockets'
export type { InetSocketInfo, SocketCommon, SocketProcess, SocketTimer } from './diag/inet'
export type { NetlinkSocketInfo } from './diag/netlink'
export type {
  InetProtocol,
  MarkCondition,
  PortCondition,
  PortRange,
  SocketFilter,
  SocketProtocol,
  SocketsOptions,
} from './diag/options'
export type { PacketSocketInfo } from './diag/packet'
export type { SocketMemory, SocketState } from './diag/sock_diag'
export type { TcpInfo } from './diag/tcp_info'
export type { SocketFile, UnixSocketInfo } from './diag/unix'
export type { Exec, ExecFile, ExecFileSync, ExecSync, Fork, Spawn, SpawnSync } from './processes/types'
export type { ReadFileOptions } from './files/read'
export { Sysctl, type SysctlInput, type SysctlValue } from './files/sysctl'
export { Sysfs } from './files/sysfs'
export { lockFile, type FileLock } from './native/file_lock'
export { sendUnixDatagram } from './native/unix_datagram'
export { Pidfd } from './processes/pidfd'
export { findProgram } from './programs'
export { Tap } from './taps/tap'
export { Taps, type TapLink, type TapOpenOptions, type TapOptions } from './taps/taps'
export type { TapFormat, TapOffload } from './taps/flags'
export { Packets, type PacketStatistics } from './packets/packets'
export type { EtherType, Fanout, PacketsOptions } from './packets/options'
export type { CaptureOptions, CaptureResult } from './packets/capture'
export type { FilterInstruction } from './packets/filter'
export type { Frame, PacketType, VlanTag } from './packets/frame'
export type { SendTarget } from './packets/send_target'
export { Ping, type PingOptions } from './packets/ping'
export type { IcmpCode, PingError, PingEvent, PingReply, PingSummary, PingTimeout } from './packets/ping_events'
export type { PingErrorKind } from './packets/icmp'
export type { DeleteOptions } from './netlink/deletion'
export type { Ensured } from './netlink/ensure'
export type { Device } from './wire/device'
export type { UnknownAttribute } from './wire/attributes'
export type { InvalidValue } from './wire/invalid'

export { Links } from './route/links'
export type {
  KnownLink,
  Link,
  LinkCommon,
  LinkKindName,
  LinkPort,
  LinkReference,
  LinkStatistics,
  OtherLink,
  PlainLink,
  PortKindName,
  VethLink,
} from './route/link'
export type {
  LinkChanges,
  LinkCreation,
  LinkOptions,
  LinkOptionsOf,
  LinkPortSettings,
  LinkSettings,
  OtherLinkOptions,
  PeerOptions,
} from './route/link_options'
export type { LinkDetail, LinkFilter } from './route/link_list'
export type { LinkName } from './route/link_messages'

export { Netlink, type NetlinkOptions, type NetlinkProtocol } from './netlink/netlink'
export { NetlinkMessage, type NetlinkRequest } from './netlink/requests'
export { Ethtool } from './ethtool/ethtool'
export { Features, type Feature, type FeatureChanges } from './ethtool/features'

export { Classes, Filters, Qdiscs } from './tc/resources'
export type { Qdisc, QdiscFilter, QdiscKey, QdiscKindName, QdiscOptions } from './tc/qdisc'
export type { ClassFilter, ClassKey, ClassKindName, ClassOptions, TrafficClass } from './tc/class'
export type { Filter, FilterKey, FilterKindName, FilterOptions, FilterPlace } from './tc/filter'
export type { Action, ActionKindName, ActionOptions } from './tc/action'
export type { Impairment } from './tc/impair'
export type { TcStatistics } from './tc/statistics'
export { Addresses } from './route/addresses'
export type { Address, AddressFilter, AddressKey, AddressOptions } from './route/address_messages'
export { Routes } from './route/routes'
export type {
  Nexthop,
  Route,
  RouteFlags,
  RouteKey,
  RouteMetrics,
  RouteNexthop,
  RouteOptions,
  RouteTable,
} from './route/route'
export type { LookupOptions } from './route/route_operations'
export type { RouteFilter } from './route/route_filter'
export { Neighbors } from './route/neighbors'
export type {
  Neighbor,
  NeighborFilter,
  NeighborFlag,
  NeighborKey,
  NeighborOptions,
  NeighborState,
} from './route/neighbor_messages'
export { Rules } from './route/rules'
export type { Rule, RuleOptions, RuleRange } from './route/rule'
export type { Family } from './wire/ip'

export {
  AbortError,
  BatchError,
  DumpInterruptedError,
  isAlreadyExists,
  isNotFound,
  NetlinkError,
  NetloomError,
  type AttributePolicy,
  type FailureDetails,
} from './errors'
