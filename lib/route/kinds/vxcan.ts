// vxcan: a pair of CAN devices; one receives the frames that the other sends (linux/can/vxcan.h).
import { attributes } from '../../wire/attributes'
import { farEnd } from './far_end'
import { linkKind } from './kind'

export const vxcan = linkKind('vxcan', attributes('VXCAN_INFO_', { peer: ['PEER', 1, farEnd] }))
