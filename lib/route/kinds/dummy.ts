// dummy: drops all packets that are sent, and can have addresses. Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const dummy = linkKind('dummy', attributes('IFLA_DUMMY_', {}))
