// vrf: its ports share a routing table of their own (IFLA_VRF_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { u32, within } from '../../wire/integers'
import { readOnly } from '../../wire/read_only'
import { linkKind, portKind } from './kind'

const data = attributes('IFLA_VRF_', {
  /** The routing table of its ports, 1 to 4294967295. It cannot be changed later. */
  table: ['TABLE', 1, within(u32, 1, 0xffffffff)],
})

export const vrf = linkKind('vrf', data, { needs: ['table'], fixed: ['table'] })

/** The settings of a device as a port of a vrf (IFLA_VRF_PORT_). */
const portData = attributes('IFLA_VRF_PORT_', {
  /** The routing table that the vrf gives it. Only reported. */
  table: ['TABLE', 1, readOnly(u32)],
})

export const vrfPort = portKind('vrf', portData)
