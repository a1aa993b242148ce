// veth: a pair of devices, what goes in at one end comes out at the other (linux/veth.h). The far end stands in the same
// message and is born in its final namespace. It takes less there than the near end: no IFF_UP, no master, no alias.
import { attributes, type AttributesOf } from '../../wire/attributes'
import type { StructValue } from '../../wire/struct'
import type { Type } from '../../wire/type'
import { creationAttributes, ifinfomsg } from '../link_creation'
import { linkKind } from './kind'
import { netnsFd } from '../netns_fd'

const peerAttributes = attributes('IFLA_', { ...creationAttributes, netnsFd: ['NET_NS_FD', 28, netnsFd] })

/** The far end as the message has it: a link's header and attributes. */
export interface PeerMessage {
  readonly header: Partial<StructValue<typeof ifinfomsg.fields>>
  readonly attributes: AttributesOf<typeof peerAttributes.table>
}

const peer: Type<PeerMessage> = {
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

export const veth = linkKind('veth', attributes('VETH_INFO_', { peer: ['PEER', 1, peer] }))
