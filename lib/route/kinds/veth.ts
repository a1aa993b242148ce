// veth: a pair of devices; one receives the packets that the other sends (linux/veth.h).
import { attributes } from '../../wire/attributes'
import { farEnd } from './far_end'
import { linkKind } from './kind'

export const veth = linkKind('veth', attributes('VETH_INFO_', { peer: ['PEER', 1, farEnd] }))
