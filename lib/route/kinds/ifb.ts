// ifb: takes redirected packets, so that received packets can pass a queueing discipline. Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const ifb = linkKind('ifb', attributes('IFLA_IFB_', {}))
