// The addon's jobs that open packet sockets and sockets for ICMP echo, as promises.
import { addon, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import type { NetnsHandle } from './netns_handle'
import { unwrap, type About } from './netns_jobs'

/** How a packet socket is opened: OpenPackets::Options of native/packets/packet_jobs.h. */
export interface PacketsRequest {
  /** EtherType. */
  readonly protocol: number
  /** Name, or index as text; empty for all. */
  readonly device: string
  readonly cooked: boolean
  readonly promiscuous: boolean
  readonly allMulticast: boolean
  readonly ignoreOutgoing: boolean
  /** Group | mode << 16. */
  readonly fanout: number | undefined
  readonly bufferSize: number
  /** Instructions of eight bytes. */
  readonly filter: Uint8Array
}

/** Opens a packet socket: its number among the addon's datagrams; index and type (ARPHRD_) of the device, 0 for all. */
export async function openPackets(
  about: About,
  netns: NetnsHandle,
  request: PacketsRequest,
  options?: CallOptions,
): Promise<readonly [datagrams: number, device: number, deviceType: number]> {
  const { protocol, device, fanout = -1, bufferSize, filter } = request
  const switches = [request.cooked, request.promiscuous, request.allMulticast, request.ignoreOutgoing]
  const bits = switches.reduce((sum, on, bit) => sum | (on ? 1 << bit : 0), 0)
  const start = (): Started =>
    addon.openPackets(netns.use(about.operation), protocol, device, bits, fanout, bufferSize, filter)
  return unwrap(await runJob<readonly [number, number, number]>(about, start, options), about)
}

/** How a socket for ICMP echo is opened: OpenPing::Options of native/packets/packet_jobs.h. */
export interface PingRequest {
  readonly version: 4 | 6
  /** An address, with its zone. */
  readonly host: string
  readonly source: string
  readonly device: string
  readonly ttl: number
  readonly trafficClass: number
  readonly dontFragment: boolean
}

/**
 * Opens a socket for ICMP echo: its number among the addon's datagrams; the identifier of a raw one, -1 where the kernel
 * takes care of that; the destination as a sockaddr.
 */
export async function openPing(
  about: About,
  netns: NetnsHandle,
  { version, host, source, device, ttl, trafficClass, dontFragment }: PingRequest,
  options?: CallOptions,
): Promise<readonly [datagrams: number, identifier: number, destination: Uint8Array]> {
  const start = (): Started =>
    addon.openPing(netns.use(about.operation), version, host, source, device, ttl, trafficClass, dontFragment)
  return unwrap(await runJob<readonly [number, number, Uint8Array]>(about, start, options), about)
}
