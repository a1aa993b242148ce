// The list of link kinds: a new one has a file of its own and an entry here.
import { bond } from './bond'
import { bondPort } from './bond_port'
import { bridge } from './bridge'
import { bridgePort } from './bridge_port'
import { dummy } from './dummy'
import { erspan, ip6erspan } from './erspan'
import { geneve } from './geneve'
import { gre, gretap } from './gre'
import { ifb } from './ifb'
import { ip6gre, ip6gretap } from './ip6gre'
import { ip6tnl } from './ip6tnl'
import { ipip } from './ipip'
import { ipvlan, ipvtap } from './ipvlan'
import { byKind, dataByKind } from './kind'
import { macvlan, macvtap } from './macvlan'
import { netkit } from './netkit'
import { nlmon } from './nlmon'
import { sit } from './sit'
import { team } from './team'
import { tun } from './tun'
import { vcan } from './vcan'
import { veth } from './veth'
import { vlan } from './vlan'
import { vrf, vrfPort } from './vrf'
import { vti } from './vti'
import { vti6 } from './vti6'
import { vxcan } from './vxcan'
import { vxlan } from './vxlan'
import { wireguard } from './wireguard'
import { xfrm } from './xfrm'

/** Link kinds by name. */
export const linkKinds = byKind([
  bridge,
  veth,
  vlan,
  vxlan,
  macvlan,
  macvtap,
  dummy,
  ifb,
  vrf,
  tun,
  netkit,
  vxcan,
  geneve,
  gre,
  gretap,
  ip6gre,
  ip6gretap,
  erspan,
  ip6erspan,
  ipip,
  sit,
  ip6tnl,
  vti,
  vti6,
  xfrm,
  ipvlan,
  ipvtap,
  nlmon,
  vcan,
  wireguard,
  team,
  bond,
])

/** The settings of links as ports, by the kind of their master. */
export const portKinds = byKind([bridgePort, vrfPort, bondPort])

/** IFLA_INFO_DATA by kind. */
export const linkData = dataByKind(linkKinds)

/** IFLA_INFO_SLAVE_DATA by the kind of the master. */
export const portData = dataByKind(portKinds)
