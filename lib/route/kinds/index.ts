// The list of link kinds: a new one has a file of its own and an entry here.
import { bridge } from './bridge'
import { bridgePort } from './bridge_port'
import { dummy } from './dummy'
import { ifb } from './ifb'
import { byKind, dataByKind } from './kind'
import { macvlan, macvtap } from './macvlan'
import { netkit } from './netkit'
import { tun } from './tun'
import { veth } from './veth'
import { vlan } from './vlan'
import { vrf, vrfPort } from './vrf'
import { vxcan } from './vxcan'
import { vxlan } from './vxlan'

/** Link kinds by name. */
export const linkKinds = byKind([bridge, veth, vlan, vxlan, macvlan, macvtap, dummy, ifb, vrf, tun, netkit, vxcan])

/** The settings of links as ports, by the kind of their master. */
export const portKinds = byKind([bridgePort, vrfPort])

/** IFLA_INFO_DATA by kind. */
export const linkData = dataByKind(linkKinds)

/** IFLA_INFO_SLAVE_DATA by the kind of the master. */
export const portData = dataByKind(portKinds)
