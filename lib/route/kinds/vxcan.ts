// vxcan: a pair of CAN devices, what goes in at one end comes out at the other (linux/can/vxcan.h).
import { attributes } from '../../wire/attributes'
import { farEnd } from './far_end'
import { linkKind } from './kind'

export const vxcan = linkKind('vxcan', attributes('VXCAN_INFO_', { peer: ['PEER', 1, farEnd] }))
