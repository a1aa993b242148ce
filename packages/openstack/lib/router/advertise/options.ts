// Descriptions of router advertisements.

/** The preference of a router or route (RFC 4191). */
export type RouterPreference = 'high' | 'medium' | 'low'

/** A prefix that is advertised (RFC 4861, 4.6.2). */
export interface AdvertisedPrefix {
  /** The prefix, such as `fd00:1::/64`. */
  prefix: string
  /** Whether hosts reach its addresses without a router. Default: true. */
  onLink?: boolean | undefined
  /**
   * Whether hosts generate addresses of it (SLAAC), which takes 64 bits. Default: true for a prefix of 64 bits, unless `managed`.
   */
  autonomous?: boolean | undefined
  /** Its valid lifetime in seconds, 0 to 4294967294; Infinity for ever. Default: 86400. */
  validSeconds?: number | undefined
  /** Its preferred lifetime in seconds, at most `validSeconds`. Default: 14400, or `validSeconds`. */
  preferredSeconds?: number | undefined
}

/** A route that is advertised besides the default one (RFC 4191). Linux accepts those that `accept_ra_rt_info_max_plen` allows. */
export interface AdvertisedRoute {
  /** The destination, such as `fd00:9::/48`. */
  destination: string
  /** Its preference. Default: `medium`. */
  preference?: RouterPreference | undefined
  /** Its lifetime in seconds, 0 to 4294967294; Infinity for ever. Default: three times `maxIntervalSeconds`. */
  lifetimeSeconds?: number | undefined
}

/** What a router advertises on a network (RFC 4861, 6.2.1; RFC 8106). Seconds are whole numbers. */
export interface RouterAdvertisement {
  /** The prefixes of the link. Default: the IPv6 subnets of the port's addresses. */
  prefixes?: readonly (string | AdvertisedPrefix)[] | undefined
  /**
   * The lifetime as a default router in seconds: 0 for none, or `maxIntervalSeconds` to 65535. Default: three times
   * `maxIntervalSeconds`.
   */
  lifetimeSeconds?: number | undefined
  /** The preference as a default router. Default: `medium`. */
  preference?: RouterPreference | undefined
  /** Hosts get addresses by DHCPv6 (flag M). Default: false. */
  managed?: boolean | undefined
  /** Hosts get other settings by DHCPv6 (flag O). Default: false. */
  other?: boolean | undefined
  /** The link's MTU, 1280 to 65535, at most the port's `mtu`. Default: the port's `mtu`; without it none is told. */
  mtu?: number | undefined
  /** The hop limit of hosts' packets, 1 to 255; 0 leaves it to them. Default: 64. */
  hopLimit?: number | undefined
  /** How long hosts take a neighbor to be reachable, in milliseconds, 1 to 3600000; 0 leaves it to them. Default: 0. */
  reachableMs?: number | undefined
  /** How long hosts wait before they solicit a neighbor again, in milliseconds, 1 to 4294967295; 0 leaves it to them. Default: 0. */
  retransmitMs?: number | undefined
  /** The longest time between two unsolicited advertisements, in seconds, 4 to 1800. Default: 600. */
  maxIntervalSeconds?: number | undefined
  /** The shortest one, in seconds, 3 to three quarters of the longest. Default: a third of the longest, at least 3. */
  minIntervalSeconds?: number | undefined
  /** Name servers (RDNSS), IPv6 addresses. Default: none. */
  dnsServers?: readonly string[] | undefined
  /** Domains in which hosts look for names (DNSSL). Default: none. */
  domainSearch?: readonly string[] | undefined
  /**
   * How long name servers and domains hold, in seconds, at least `maxIntervalSeconds`, to 4294967294; Infinity for ever. Default: three
   * times `maxIntervalSeconds`.
   */
  dnsSeconds?: number | undefined
  /** Routes beside the default one. Default: none. */
  routes?: readonly (string | AdvertisedRoute)[] | undefined
}
