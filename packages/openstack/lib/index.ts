/**
 * OpenStack's networks on one host: what its DHCP agent does, with dnsmasq in namespaces, and its L3 agent, with nftables.
 * @module @netloom/openstack
 */
export { DhcpAgent, type DhcpAgentOptions } from './dhcp/agent'
export type { DhcpNetworks } from './dhcp/networks'
export type { DhcpNetwork } from './dhcp/network'
export type { Ports } from './dhcp/ports'
export type { Port, PortAddress } from './dhcp/ports_table'
export type {
  AddressRange,
  DesiredNetwork,
  DhcpOption,
  FixedIp,
  HostRoute,
  NetworkOptions,
  PortChanges,
  PortOptions,
  SubnetOptions,
} from './dhcp/options'
export type { Differences, NetworkDifferences } from './dhcp/sync'
export type { DhcpAgentEvents, LeaseEvent, ReleaseEvent, RepairEvent, RestartEvent } from './dhcp/events'
export { parseLeases, type Lease, type LeaseFile } from './dhcp/leases'
export type { DhcpErrorCode } from './dhcp/errors'
export { RouterAgent, type RouterAgentOptions } from './router/agent'
export type { Routers } from './router/routers'
export type { Router, RouterDevice } from './router/router'
export type { FloatingIp, RouterChanges, RouterGateway, RouterOptions, RouterPort, StaticRoute } from './router/options'
export type {
  AdvertisedPrefix,
  AdvertisedRoute,
  RouterAdvertisement,
  RouterPreference,
} from './router/advertise/options'
export type { RouterDifferences } from './router/sync'
export type { RouterAgentEvents, RouterRepairEvent } from './router/events'
export type { RouterErrorCode } from './router/errors'
export type { Attached, Attachment, Detachment, Plug } from './agents/plug'
export { NetloomError, type InvalidValue } from 'netloom/errors'
