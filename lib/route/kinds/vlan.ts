// vlan: the frames of one VLAN on a lower device, without their tag (IFLA_VLAN_ of linux/if_link.h, linux/if_vlan.h).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { be16, u16, u32, within } from '../../wire/integers'
import { checkArray, outOfRange, wrongValue } from '../../wire/invalid'
import { list } from '../../wire/nesting'
import { struct } from '../../wire/struct'
import { switches } from '../../wire/switches'
import { linkKind } from './kind'

/** EtherTypes of VLAN tags (linux/if_ether.h). */
export const vlanProtocol = oneOf(be16, 'ETH_P_', { '802.1Q': ['8021Q', 0x8100], '802.1ad': ['8021AD', 0x88a8] })

const vlanFlags = switches(struct('ifla_vlan_flags', { value: ['flags', u32], mask: ['mask', u32] }), 'VLAN_FLAG_', {
  /** Received frames look as if they had no tag, also to packet sockets. Default: true. */
  reorderHdr: ['REORDER_HDR', 0x1],
  /** Registers the VLAN by GVRP. Default: false. */
  gvrp: ['GVRP', 0x2],
  /** The device's state does not follow that of the lower one. Default: false. */
  looseBinding: ['LOOSE_BINDING', 0x4],
  /** Registers the VLAN by MVRP. Default: false. */
  mvrp: ['MVRP', 0x8],
  /** On a bridge: the device's state follows that of the ports that are in the VLAN. Default: false. */
  bridgeBinding: ['BRIDGE_BINDING', 0x10],
})

// The kernel's headers have one name for the entries of both maps.
const qosMap = list(
  'IFLA_VLAN_QOS_MAPPING',
  1,
  struct('ifla_vlan_qos_mapping', { from: ['from', u32], to: ['to', u32] }),
)

const data = attributes('IFLA_VLAN_', {
  /** The VLAN's id, 0 to 4094. It cannot be changed later. */
  id: ['ID', 1, within(u16, 0, 4094)],
  /** Flags of the device; those that are left out stay as they are. */
  vlanFlags: ['FLAGS', 2, vlanFlags],
  /**
   * Maps the priority of a sent packet (`from`, its skb priority) to that in the tag (`to`, 0 to 7). Other mappings stay;
   * `to: 0` removes one. Default: 0 for all.
   */
  egressQosMap: ['EGRESS_QOS', 3, qosMap],
  /**
   * Maps the priority in the tag (`from`, 0 to 7) to that of the received packet (`to`). Other mappings stay; `to: 0`
   * removes one. Default: 0 for all.
   */
  ingressQosMap: ['INGRESS_QOS', 4, qosMap],
  /** The tag's protocol. It cannot be changed later. Default: `802.1Q`. */
  protocol: ['PROTOCOL', 5, vlanProtocol],
})

/** More than fit into an attribute. */
const mostMappings = 0x1000

interface Mapping {
  readonly from?: number
  readonly to?: number
}

// The kernel uses only the lower three bits of a priority in the tag.
function checkMaps(options: Readonly<Record<string, unknown>>): void {
  for (const [option, side] of [
    ['egressQosMap', 'to'],
    ['ingressQosMap', 'from'],
  ] as const) {
    if (options[option] === undefined) continue
    const map = checkArray(options[option], option, 'an array', mostMappings)
    if (map.length === 0) throw wrongValue(option, 'given with at least one mapping: what is not named stays', map)
    for (const [i, mapping] of (map as readonly Mapping[]).entries()) {
      const priority: unknown = (mapping as Mapping | undefined)?.[side]
      if (typeof priority === 'number' && priority > 7)
        throw outOfRange(`${option}[${i}].${side}`, 'from 0 to 7', priority)
    }
  }
}

export const vlan = linkKind('vlan', data, {
  needs: ['link', 'id'],
  fixed: ['id', 'protocol'],
  // The kernel does not report the flags if none is set (vlan_fill_info, net/8021q/vlan_netlink.c).
  leftOut: {
    vlanFlags: { reorderHdr: false, gvrp: false, looseBinding: false, mvrp: false, bridgeBinding: false },
  },
  partial: ['vlanFlags'],
  check: checkMaps,
})
