// The table of link kinds: a new one is a file of its own and a line here.
import { bridge } from './bridge'
import { bridgePort } from './bridge_port'
import { dummy } from './dummy'
import { ifb } from './ifb'
import { macvlan, macvtap } from './macvlan'
import { tun } from './tun'
import { veth } from './veth'
import { vlan } from './vlan'
import { vrf, vrfPort } from './vrf'
import { vxlan } from './vxlan'

/** Link kinds by name. */
export const linkKinds = { bridge, veth, vlan, vxlan, macvlan, macvtap, dummy, ifb, vrf, tun }

/** IFLA_INFO_DATA by kind. */
export const linkData = {
  bridge: bridge.data,
  veth: veth.data,
  vlan: vlan.data,
  vxlan: vxlan.data,
  macvlan: macvlan.data,
  macvtap: macvtap.data,
  dummy: dummy.data,
  ifb: ifb.data,
  vrf: vrf.data,
  tun: tun.data,
}

/** IFLA_INFO_SLAVE_DATA by the kind of the master. */
export const portData = { bridge: bridgePort, vrf: vrfPort }
