// Descriptions: networks, their subnets and their ports.

/** A DHCP option by its number, as RFC 2132 and RFC 8415 count them, or as dnsmasq adds one. */
export interface DhcpOption {
  /** The option's number: 1 to 254, for IPv6 up to 65535, but those of the protocol itself; or dnsmasq's name of it, such as `ntp-server`. */
  code: number | string
  /**
   * Its value, by the kind of the option: addresses or domains, several in an array; a number; a text. Options that dnsmasq does not have
   * are read by their form: `10.0.0.1` and several such are addresses, with `/24` destinations as in option 121; `300` is a number of one,
   * two or four bytes, the fewest that hold it, and `300b`, `300s`, `300i` are of so many; `01:a2` are bytes in hexadecimal, also of
   * options with others within them (43, 125); all others are text. Clients get exactly that, or it is refused; only for an address 0.0.0.0,
   * of IPv6 `[::]`, dnsmasq sends its own. Left out or empty: the option is not sent, even where dnsmasq sends it by default.
   */
  value?: string | readonly string[] | undefined
  /** The family of the option. Default: `ipv4`. */
  family?: 'ipv4' | 'ipv6' | undefined
  /**
   * Only for clients with this tag: `ipxe` and `ipxe6` are those of iPXE, `!ipxe` all others; dnsmasq has more, such as `known`.
   * Default: for all.
   */
  tag?: string | undefined
}

/** A route for clients (option 121, and 249 for old Windows). */
export interface HostRoute {
  /** The destination, such as `10.8.0.0/16`. */
  destination: string
  /** The next router; an address of the subnet or `0.0.0.0` for what is on the link. */
  nexthop: string
}

/** A range of addresses, both ends included. */
export interface AddressRange {
  /** The first address. */
  start: string
  /** The last address. */
  end: string
}

/** A subnet. */
export interface SubnetOptions {
  /** Its id, unique within the network: letters, digits, `-`, `_`, `.`; dnsmasq's tag is made of it. */
  id: string
  /** Its prefix, such as `10.0.0.0/24` or `fd00::/64`. */
  cidr: string
  /** The router of its clients. Default: none. */
  gateway?: string | undefined
  /**
   * The addresses to choose from automatically: for the server, and for ports without `fixedIps`. Default: all of the subnet but
   * the gateway (and, of IPv4, the first and the last).
   */
  pool?: AddressRange | readonly AddressRange[] | undefined
  /** The address of the DHCP server itself in this subnet. Default: the first free one of the pool. */
  serverAddress?: string | undefined
  /** Name servers for its clients (option 6; of DHCPv6 23). Default: the DHCP server, unless the network has `dns: false`. */
  dnsServers?: readonly string[] | undefined
  /**
   * Routes for its clients (options 121 and 249). With them the default route is repeated there, as clients ignore option 3 then. The
   * network's other IPv4 subnets are added as on the link. One to `0.0.0.0/0` is the router if there is no `gateway`.
   */
  hostRoutes?: readonly HostRoute[] | undefined
  /** How long a lease is, in seconds, at least 120; Infinity for ever. Default: 86400. */
  leaseSeconds?: number | undefined
  /** MTU for its clients (option 26), sent also to those that do not ask. Default: the network's `mtu`. */
  mtu?: number | undefined
  /** Domain of its clients (option 15). Default: the network's. */
  domain?: string | undefined
  /** Domains in which its clients look for names (option 119; of DHCPv6 24). Default: none. */
  domainSearch?: readonly string[] | undefined
  /** Time servers (option 42; of DHCPv6 56 is not sent). Default: none. */
  ntpServers?: readonly string[] | undefined
  /** TFTP server for booting, an address or a name (option 66), sent as text. Default: none. */
  tftpServer?: string | undefined
  /** File to boot (option 67), sent as it is, whatever it looks like. Default: none. */
  bootFile?: string | undefined
  /** More options of its clients. */
  options?: readonly DhcpOption[] | undefined
  /**
   * Of IPv6: `stateful`, the server assigns addresses; `stateless`, clients generate their own and request options only, which takes a
   * prefix of 64 bits. Default: `stateful`.
   */
  ipv6Mode?: 'stateful' | 'stateless' | undefined
  /**
   * Of IPv6: dnsmasq sends router advertisements, where no router does: with the prefix and the DHCP flags, never as a router
   * (lifetime 0), as its namespace does not forward. Default: false; a router of `RouterAgent` advertises itself.
   */
  advertise?: boolean | undefined
  /** Whether DHCP serves it. Default: true. */
  dhcp?: boolean | undefined
}

/** A network. */
export interface NetworkOptions {
  /** Its id: letters, digits, `-`, `_`, `.`, at most 64; its directory is called so. */
  id: string
  /** Its subnets, which do not overlap. One of IPv4 and one of IPv6 is common; none is allowed, and no dnsmasq runs then. */
  subnets: readonly SubnetOptions[]
  /** Its VLAN on the switch, 1 to 4094. Default: untagged. */
  vlan?: number | undefined
  /** Its MTU, 576 to 65535 (1280 at least with IPv6): of the DHCP server's device, and for clients. Default: the device's, none for clients. */
  mtu?: number | undefined
  /** Its domain. Default: the agent's, if any. */
  domain?: string | undefined
  /** The name of its namespace. Default: `qdhcp-ID`. */
  namespace?: string | undefined
  /** The device on the switch. Default: `tap` and eleven characters that the id gives. */
  tap?: string | undefined
  /** The device in the namespace. Default: `ns-` and the same; on Open vSwitch the tap itself. */
  device?: string | undefined
  /** The MAC address of the server's device. Default: one that the id gives, beginning with `fa:16:3e`. */
  mac?: string | undefined
  /** Whether dnsmasq answers DNS for the names of its ports. Default: true. */
  dns?: boolean | undefined
  /** Whether the server has 169.254.169.254, and clients get a route to it (the metadata service). Default: false. */
  metadata?: boolean | undefined
  /**
   * The form of lines in the hosts file: `named`, Neutron's `MAC,name,IP`; or `plain`, `MAC,,IP,LEASE`, without names.
   * Default: `named`.
   */
  hostLines?: 'named' | 'plain' | undefined
  /** Whether to take over a namespace, devices or a bridge of others with its names. Default: the agent's `adopt`. */
  adopt?: boolean | undefined
}

/** An address of a port: given, or from a subnet's pool. */
export interface FixedIp {
  /** The subnet. Default: the one that the address lies in. */
  subnet?: string | undefined
  /** The address. Default: the first free one of the subnet's pool. */
  address?: string | undefined
}

/** A port: a client of the network. */
export interface PortOptions {
  /** Its id, unique within the network; as a network's. */
  id: string
  /** Its MAC address. */
  mac: string
  /**
   * Its addresses, at most one of each IPv4 subnet. Default: one of each subnet that DHCP gives addresses in, or those that it has
   * already.
   */
  fixedIps?: readonly (string | FixedIp)[] | undefined
  /**
   * Its name: one label, which lies in the network's or subnet's domain if there is one, and may be given with it. Default:
   * `host-10-0-0-3` for 10.0.0.3.
   */
  hostname?: string | undefined
  /** Its client identifier: bytes in hexadecimal with colons, or text. Default: dnsmasq recognizes it by its MAC. */
  clientId?: string | undefined
  /** Options for it alone. */
  options?: readonly DhcpOption[] | undefined
}

/** Changes of a port; an option that is `undefined` gets its default. */
export type PortChanges = Partial<Omit<PortOptions, 'id'>>

/** A network with all of its ports, for `sync`. */
export interface DesiredNetwork extends NetworkOptions {
  /** All of its ports; others are deleted. */
  ports: readonly PortOptions[]
}
