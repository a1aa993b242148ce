// The public face of netloom/dhcp: what OpenStack's DHCP agent does, with dnsmasq in namespaces.
export { DhcpAgent, type DhcpAgentOptions } from './agent'
export type { DhcpNetworks } from './networks'
export type { DhcpNetwork } from './network'
export type { Ports } from './ports'
export type { Port, PortAddress } from './ports_table'
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
} from './options'
export type { Differences, NetworkDifferences } from './sync'
export type { DhcpAgentEvents, LeaseEvent, ReleaseEvent, RepairEvent, RestartEvent } from './events'
export { parseLeases, type Lease, type LeaseFile } from './leases'
export type { Attached, Attachment, Detachment, Plug } from '../agents/plug'
export type { DhcpErrorCode } from './errors'
export { NetloomError } from '../errors'
export type { InvalidValue } from '../wire/invalid'
