// The link kinds of Linux, with the module and the configuration option of each (drivers/net/Kconfig, net/*/Kconfig). Also those
// for which this library has no options: it lists them, and creates them with their attributes as bytes.
import { nearest } from '../../wire/nearest'

/** The name of a module for `modprobe`, and an option of the kernel's configuration. */
type Needs = readonly [module: string | undefined, config: string]

const needs: Readonly<Record<string, Needs>> = {
  amt: ['amt', 'CONFIG_AMT'],
  bareudp: ['bareudp', 'CONFIG_BAREUDP'],
  batadv: ['batman-adv', 'CONFIG_BATMAN_ADV'],
  bond: ['bonding', 'CONFIG_BONDING'],
  bridge: ['bridge', 'CONFIG_BRIDGE'],
  caif: ['chnl_net', 'CONFIG_CAIF_NETDEV'],
  can: ['can-dev', 'CONFIG_CAN_DEV'],
  dsa: ['dsa_core', 'CONFIG_NET_DSA'],
  dummy: ['dummy', 'CONFIG_DUMMY'],
  erspan: ['ip_gre', 'CONFIG_NET_IPGRE'],
  geneve: ['geneve', 'CONFIG_GENEVE'],
  gre: ['ip_gre', 'CONFIG_NET_IPGRE'],
  gretap: ['ip_gre', 'CONFIG_NET_IPGRE'],
  gtp: ['gtp', 'CONFIG_GTP'],
  hsr: ['hsr', 'CONFIG_HSR'],
  ifb: ['ifb', 'CONFIG_IFB'],
  ip6erspan: ['ip6_gre', 'CONFIG_IPV6_GRE'],
  ip6gre: ['ip6_gre', 'CONFIG_IPV6_GRE'],
  ip6gretap: ['ip6_gre', 'CONFIG_IPV6_GRE'],
  ip6tnl: ['ip6_tunnel', 'CONFIG_IPV6_TUNNEL'],
  ipip: ['ipip', 'CONFIG_NET_IPIP'],
  ipoib: ['ib_ipoib', 'CONFIG_INFINIBAND_IPOIB'],
  ipvlan: ['ipvlan', 'CONFIG_IPVLAN'],
  ipvtap: ['ipvtap', 'CONFIG_IPVTAP'],
  lowpan: ['ieee802154_6lowpan', 'CONFIG_IEEE802154_6LOWPAN'],
  macsec: ['macsec', 'CONFIG_MACSEC'],
  macvlan: ['macvlan', 'CONFIG_MACVLAN'],
  macvtap: ['macvtap', 'CONFIG_MACVTAP'],
  netdevsim: ['netdevsim', 'CONFIG_NETDEVSIM'],
  netkit: [undefined, 'CONFIG_NETKIT'],
  nlmon: ['nlmon', 'CONFIG_NLMON'],
  openvswitch: ['openvswitch', 'CONFIG_OPENVSWITCH'],
  ovpn: ['ovpn', 'CONFIG_OVPN'],
  pfcp: ['pfcp', 'CONFIG_PFCP'],
  ppp: ['ppp_generic', 'CONFIG_PPP'],
  rmnet: ['rmnet', 'CONFIG_RMNET'],
  sit: ['sit', 'CONFIG_IPV6_SIT'],
  team: ['team', 'CONFIG_NET_TEAM'],
  tun: ['tun', 'CONFIG_TUN'],
  vcan: ['vcan', 'CONFIG_CAN_VCAN'],
  veth: ['veth', 'CONFIG_VETH'],
  virt_wifi: ['virt_wifi', 'CONFIG_VIRT_WIFI'],
  vlan: ['8021q', 'CONFIG_VLAN_8021Q'],
  vrf: ['vrf', 'CONFIG_NET_VRF'],
  vti: ['ip_vti', 'CONFIG_NET_IPVTI'],
  vti6: ['ip6_vti', 'CONFIG_IPV6_VTI'],
  vxcan: ['vxcan', 'CONFIG_CAN_VXCAN'],
  vxlan: ['vxlan', 'CONFIG_VXLAN'],
  wireguard: ['wireguard', 'CONFIG_WIREGUARD'],
  wwan: ['wwan', 'CONFIG_WWAN'],
  xfrm: ['xfrm_interface', 'CONFIG_XFRM_INTERFACE'],
}

/** The names of the link kinds of Linux (IFLA_INFO_KIND). */
export const kernelKinds: ReadonlySet<string> = new Set(Object.keys(needs))

/** What a kernel lacks that does not support a link kind. */
export function lacking(kind: string): string {
  const known = Object.hasOwn(needs, kind) ? needs[kind] : undefined
  // The kernel itself requests a module of this name (rtnl_newlink, net/core/rtnetlink.c).
  if (known === undefined) {
    const near = nearest(kind, kernelKinds)
    const hint = near === undefined ? '' : `: did you mean "${near}"?`
    return `this kernel has no link kind "${kind}", and no module rtnl-link-${kind} for it (modprobe)${hint}`
  }
  const [module, config] = known
  const load = module === undefined ? '' : `load the module (modprobe ${module}), or `
  return `this kernel has no link kind "${kind}": ${load}take a kernel with ${config}`
}
