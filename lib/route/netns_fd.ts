// A namespace in a message: its descriptor, as IFLA_NET_NS_FD and NETNSA_FD want it.
import type { NetnsHandle } from '../native/netns_handle'
import type { Type } from '../wire/type'

/** The descriptor of a namespace, which stays open until the message is sent. */
export const netnsFd: Type<NetnsHandle> = {
  size: 4,
  encode(writer, value) {
    writer.namespaces.push(value)
    writer.u32(value.fd('IFLA_NET_NS_FD'))
  },
  // The kernel sends no descriptors; whatever stands there is not one of ours.
  decode: () => undefined as never,
}
