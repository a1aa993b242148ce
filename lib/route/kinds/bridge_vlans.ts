// Probes whether bridges of this kernel have VLANs, without which some options have no effect (linux/if_bridge.h).
import { release } from 'node:os'
import { errnoNumber } from '../../errno'
import { NLM_F } from '../../netlink/constants'
import { attributes } from '../../wire/attributes'
import { u16, u32, u8 } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { message } from '../rtnetlink'
import type { Probe } from './kind'

const layout = {
  header: struct('br_vlan_msg', {
    family: ['family', u8],
    _reserved1: ['reserved1', u8],
    _reserved2: ['reserved2', u16],
    index: ['ifindex', u32],
  }),
  attributes: attributes('BRIDGE_VLANDB_', {}),
}
const PF_BRIDGE = 7
/** LOOPBACK_IFINDEX: exists in every namespace, and is no bridge. */
const loopback = 1
const [major = 0, minor = 0] = release().split('.').map(Number)

/** Requests the VLANs of a device that is no bridge: the kernel has RTM_GETVLAN only if bridges have VLANs. */
export const bridgeVlans: Probe = {
  request: () => message('GETVLAN', layout, { flags: NLM_F.DUMP, header: { family: PF_BRIDGE, index: loopback } }),
  name: 'RTM_GETVLAN',
  tolerate: new Set([errnoNumber('EINVAL') ?? 0]),
  available: major > 5 || (major === 5 && minor >= 6),
  lack: '"port.vlanTunnel" and "port.neighVlanSuppress" need a kernel with CONFIG_BRIDGE_VLAN_FILTERING',
}
