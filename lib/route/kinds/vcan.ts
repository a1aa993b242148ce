// vcan: a virtual CAN device: what one program sends, the others receive. Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const vcan = linkKind('vcan', attributes('IFLA_VCAN_', {}))
