// nlmon: a copy of all netlink messages of its namespace, for captures. Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const nlmon = linkKind('nlmon', attributes('IFLA_NLMON_', {}))
