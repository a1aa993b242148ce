// wireguard: an encrypted tunnel; its keys and peers are set by another family (generic netlink, wireguard). Has no attributes of its own.
import { attributes } from '../../wire/attributes'
import { linkKind } from './kind'

export const wireguard = linkKind('wireguard', attributes('IFLA_WIREGUARD_', {}))
