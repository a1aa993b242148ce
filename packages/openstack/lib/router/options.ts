// Descriptions: routers.
import type { RouterAdvertisement } from './advertise/options'

/** A port of a router: its device on a network. */
export interface RouterPort {
  /** Its id, unique on the switch: letters, digits, `-`, `_`, `.`; its device is called after it. */
  id: string
  /** The network's id, which names its bridge (`brq…`), as that of `DhcpAgent` does. */
  network: string
  /** Its addresses with their lengths, such as `10.0.0.1/24`: the router of these subnets. */
  addresses: readonly string[]
  /** Its MAC address. Default: one that the id gives, beginning with `fa:16:3e`. */
  mac?: string | undefined
  /** The network's VLAN on Open vSwitch, 1 to 4094. Default: untagged. */
  vlan?: number | undefined
  /** Its MTU, 576 to 65535. Default: the device's. */
  mtu?: number | undefined
  /** The bridge. Default: the agent's `bridge`, or the network's own. */
  bridge?: string | undefined
  /**
   * Whether, and with what content, router advertisements (IPv6) are sent to the network; `true` for the defaults. The agent sends them:
   * they end with it, and hosts keep their content for `lifetimeSeconds`. Default: false.
   */
  advertise?: boolean | RouterAdvertisement | undefined
  /** The device, on the switch and in the namespace. Default: `qr-` (`qg-` of a gateway) and eleven characters of the id. */
  device?: string | undefined
}

/** The port that leads outside. */
export interface RouterGateway extends Omit<RouterPort, 'advertise'> {
  /** The next routers, at most one of each family; on a subnet of `addresses`, or link-local. Default: none. */
  nexthops?: readonly string[] | undefined
  /** Whether IPv4 connections to the outside get the gateway's address as their source. Default: true. */
  snat?: boolean | undefined
}

/** A static route. */
export interface StaticRoute {
  /** Where to, such as `10.8.0.0/16`. */
  destination: string
  /** The next router, on a subnet of one of the ports or of the gateway. */
  nexthop: string
}

/** An address outside that is translated to one inside. IPv4 only. */
export interface FloatingIp {
  /** The address outside, of a subnet of the gateway. */
  address: string
  /** The address inside, of a subnet of a port. */
  fixed: string
}

/** A router. */
export interface RouterOptions {
  /** Its id: letters, digits, `-`, `_`, `.`, at most 64; its directory is called so. */
  id: string
  /** Its ports; their subnets do not overlap. */
  ports: readonly RouterPort[]
  /** The port that leads outside. Default: none. */
  gateway?: RouterGateway | undefined
  /** Static routes. Default: none. */
  routes?: readonly StaticRoute[] | undefined
  /** Floating addresses; they need a gateway. Default: none. */
  floatingIps?: readonly FloatingIp[] | undefined
  /** The name of its namespace. Default: `qrouter-ID`. */
  namespace?: string | undefined
  /** Whether to take over a namespace, devices or a bridge of others with its names. Default: the agent's `adopt`. */
  adopt?: boolean | undefined
}

/** Changes of a router; an option that is `undefined` gets its default. */
export type RouterChanges = Partial<Omit<RouterOptions, 'id' | 'namespace'>>
