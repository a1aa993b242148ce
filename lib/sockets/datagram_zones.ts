// UDP sockets over IPv6 in another namespace than that of the thread: the zone of an address, `fe80::1%eth0`, is a device of
// the socket's namespace. Node and libuv would look it up in the namespace of the thread.
import { constants, endianness } from 'node:os'
import { addon } from '../native/addon'
import { addressOf, Datagrams, portOf, Possible, Slab, wordOf } from '../native/datagrams'
import type { NetnsHandle } from '../native/netns_handle'
import { formatIPv6, parseIP } from '../wire/ip'
import { addressesInside, withZone, zoned, type SendRequest, type UdpHandle } from './zones'

const AF_INET6 = 10
const { EAGAIN: again, ECANCELED: cancelled } = constants.errno

/** The largest datagram, and the memory for several. */
const longest = 65_536
const slabSize = 4 * longest
const mostInOneTurn = 64

/** Makes bind and connect take link-local addresses with devices of the socket's namespace. */
function namesInside(handle: UdpHandle): void {
  const original = { bind: handle.bind.bind(handle), connect: handle.connect.bind(handle) }
  // As the kernel does with sin6_scope_id: from then on the socket uses this device only.
  const use = (zone: string | undefined): number => {
    if (zone === undefined) return 0
    const index = addon.deviceIndex(handle.fd, zone)
    return index < 0 ? index : addon.bindToDevice(handle.fd, index)
  }
  handle.bind = (text, port, flags) => {
    const [address, zone] = zoned(text)
    return use(zone) || original.bind(address, port, flags)
  }
  handle.connect = (text, port) => {
    const [address, zone] = zoned(text)
    return use(zone) || original.connect(address, port)
  }
}

/** struct sockaddr_in6 of linux/in6.h. */
function socketAddress(address: string, port: number, scope: number): Uint8Array {
  const bytes = new Uint8Array(28)
  const view = new DataView(bytes.buffer)
  const little = endianness() === 'LE'
  view.setUint16(0, AF_INET6, little)
  view.setUint16(2, port)
  bytes.set(parseIP(address, 'address', 'ipv6'), 8)
  view.setUint32(24, scope, little)
  return bytes
}

interface Unsent {
  readonly request: SendRequest
  readonly message: Buffer
  readonly to: Uint8Array
}

/** Datagrams that wait until the send buffer has room. */
interface Waiting {
  send(): void
  /** Calls back all requests that wait: their datagrams were not sent. */
  giveUp(): void
}

/** Makes send take link-local addresses with devices of the socket's namespace. */
function sendInside(handle: UdpHandle, datagrams: Datagrams): Waiting {
  const unsent: Unsent[] = []
  const original = handle.send.bind(handle)
  handle.send = (request, list, count, ...rest) => {
    const [port, text] = rest
    const [address, zone] = typeof text === 'string' ? zoned(text) : []
    if (address === undefined || zone === undefined) return original(request, list, count, ...rest)
    const index = addon.deviceIndex(handle.fd, zone)
    if (index < 0) return index
    const message = Buffer.concat(list.slice(0, count))
    const to = socketAddress(address, port as number, index)
    const result = unsent.length > 0 ? -again : datagrams.sendOne(message, to)
    // Node takes the length plus one for a datagram that was sent at once.
    if (result !== -again) return result < 0 ? result : message.length + 1
    unsent.push({ request, message, to })
    datagrams.begin(Possible.write)
    return 0
  }
  const told = (status: number): void => {
    const done = unsent.shift()
    done?.request.oncomplete?.(status, status === 0 ? done.message.length : 0)
  }
  return {
    send() {
      for (let [next] = unsent; next !== undefined && datagrams.isOpen; [next] = unsent) {
        const result = datagrams.sendOne(next.message, next.to)
        if (result === -again) return
        told(Math.min(result, 0))
      }
      datagrams.stop(Possible.write)
    },
    giveUp() {
      while (unsent.length > 0) told(-cancelled)
    },
  }
}

/**
 * Makes a UDP socket receive through the addon: Node's own code throws an exception that no caller can catch when a datagram
 * comes from a link-local address.
 * @returns 0, or -errno.
 */
export function receiveInside(handle: UdpHandle, netns: NetnsHandle): number {
  const number = addon.watchSocket(handle.fd)
  if (number < 0) return number
  const slab = new Slab(slabSize)
  const datagrams = new Datagrams(number, ready, {
    what: `UDP socket in netns ${netns.label}`,
    label: netns.label,
    inode: netns.identity.inode,
    opener: receiveInside,
  })
  const waiting = sendInside(handle, datagrams)
  function ready(events: number): void {
    if ((events & Possible.write) !== 0) waiting.send()
    if ((events & Possible.read) !== 0) receive()
  }
  function receive(): void {
    const { count, errno } = datagrams.receive(slab, longest, mostInOneTurn)
    // All are read before listeners are called, which may receive from other sockets.
    const received = Array.from({ length: count }, (_, i) => {
      const message = slab.take(wordOf(i, 'captured'))
      const address = formatIPv6(addressOf(i, 16))
      return { message, address: withZone(handle.fd, address, scopeOf(i)), port: portOf(i) }
    })
    for (const { message, address, port } of received) {
      if (!datagrams.isOpen) return
      handle.onmessage(message.length, handle, message, { address, family: 'IPv6', port, size: message.length })
    }
    if (errno !== 0 && datagrams.isOpen) handle.onmessage(-errno, handle)
  }
  const original = { close: handle.close.bind(handle), ref: handle.ref.bind(handle), unref: handle.unref.bind(handle) }
  handle.recvStart = () => {
    datagrams.begin(Possible.read)
    return 0
  }
  handle.recvStop = () => {
    datagrams.stop(Possible.read)
    return 0
  }
  handle.close = (callback) => {
    datagrams.close()
    waiting.giveUp()
    original.close(callback)
  }
  handle.ref = () => {
    datagrams.keepAlive(true)
    original.ref()
  }
  handle.unref = () => {
    datagrams.keepAlive(false)
    original.unref()
  }
  addressesInside(handle)
  namesInside(handle)
  return 0
}

/** The index of the device of a link-local sender; the kernel gives 0 for other senders. */
function scopeOf(i: number): number {
  return wordOf(i, 'scope')
}
