// ifb: redirects what is received through a queueing discipline. Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const ifb = linkKind('ifb', attributes('IFLA_IFB_', {}))
