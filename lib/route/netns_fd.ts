// A namespace in a message: its descriptor, as IFLA_NET_NS_FD and NETNSA_FD want it.
import type { NetnsReference } from '../native/netns_handle'
import type { Type } from '../wire/type'

/** The descriptor of a namespace, which is known when the message is sent. */
export const netnsFd: Type<NetnsReference> = {
  size: 4,
  encode(writer, value) {
    writer.netnsDescriptor(value)
  },
  // The kernel sends no descriptors; whatever stands there is not one of ours.
  decode: () => undefined as never,
}
