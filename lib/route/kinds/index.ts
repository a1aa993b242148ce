// The table of link kinds: a new one is a file of its own and a line here.
import { ifb } from './ifb'
import { macvlan, macvtap } from './macvlan'
import { veth } from './veth'

/** Link kinds by name. */
export const linkKinds = { veth, macvlan, macvtap, ifb }

/** IFLA_INFO_DATA by kind. */
export const linkData = {
  veth: veth.data,
  macvlan: macvlan.data,
  macvtap: macvtap.data,
  ifb: ifb.data,
}

/** IFLA_INFO_SLAVE_DATA by the kind of the master. */
export const portData = {}
