// A namespace in a message: its file descriptor, for IFLA_NET_NS_FD and NETNSA_FD.
import type { NetnsReference } from '../native/netns_handle'
import type { Type } from '../wire/type'

/** The descriptor of a namespace, which is known when the message is sent. */
export const netnsFd: Type<NetnsReference> = {
  size: 4,
  encode(writer, value) {
    writer.netnsDescriptor(value)
  },
  // The kernel sends no descriptors of this process.
  decode: () => undefined as never,
}
