// The far end of a pair of devices, as in VETH_INFO_PEER: a link's header and attributes within the attributes of the near end.
// The kernel creates it in its final namespace. It accepts fewer attributes than the near end: no IFF_UP, no master, no alias.
import { attributes, type AttributesOf } from '../../wire/attributes'
import type { StructValue } from '../../wire/struct'
import type { Type } from '../../wire/type'
import { creationAttributes, ifinfomsg } from '../link_creation'
import { netnsFd } from '../netns_fd'

const peerAttributes = attributes('IFLA_', { ...creationAttributes, netnsFd: ['NET_NS_FD', 28, netnsFd] })

/** The far end in a message. */
export interface PeerMessage {
  readonly header: Partial<StructValue<typeof ifinfomsg.fields>>
  readonly attributes: AttributesOf<typeof peerAttributes.table>
}

/** The type of an attribute that is the far end: a link of its own, and no setting of the near one. */
export type FarEnd = Type<PeerMessage> & { readonly farEnd: true }

/** The far end; tables of kinds have it under the name `peer`. */
export const farEnd: FarEnd = {
  farEnd: true,
  size: ifinfomsg.size,
  nested: true,
  encode(writer, { header, attributes: value }, field) {
    ifinfomsg.encode(writer, header, field)
    peerAttributes.encode(writer, value, field)
  },
  decode: (reader, at, end) => ({
    header: ifinfomsg.whole(reader, at),
    attributes: peerAttributes.decode(reader, at + ifinfomsg.size, end),
  }),
  path: (reader, at, end, target) => peerAttributes.path(reader, at + ifinfomsg.size, end, target),
}
