// team: several devices as one; its mode, ports and options are set by another family (generic netlink, team). Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const team = linkKind('team', attributes('IFLA_TEAM_', {}))
