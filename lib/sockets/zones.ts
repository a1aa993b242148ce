// Link-local addresses name their device, `fe80::1%eth0`. Node looks the name up in the namespace of its own thread, and
// fails where that has no such device: so for sockets of other namespaces this file looks it up, through the socket itself.
import type { Server, Socket } from 'node:net'
import { addon } from '../native/addon'

/** An address as Node's handles return it. */
export interface Address {
  address?: string
  family?: string
  port?: number
}

/** What Node uses of any libuv handle of a socket. */
interface Handle {
  readonly fd: number
  getsockname(out: Address): number
  getpeername(out: Address): number
}

/** A request of Node's, called back when a datagram has been sent or has failed. */
export interface SendRequest {
  oncomplete?: (status: number, sent: number) => void
}

/** A handle of a UDP socket, as Node uses it. */
export interface UdpHandle extends Handle {
  open(fd: number): number
  addMembership(group: string, device?: string): number
  dropMembership(group: string, device?: string): number
  addSourceSpecificMembership(source: string, group: string, device?: string): number
  dropSourceSpecificMembership(source: string, group: string, device?: string): number
  bind(address: string, port: number, flags: number): number
  connect(address: string, port: number): number
  send(request: SendRequest, list: readonly Uint8Array[], count: number, ...rest: readonly unknown[]): number
  setMulticastInterface(device: string): number
  recvStart(): number
  recvStop(): number
  onmessage(length: number, handle: UdpHandle, message?: Buffer, from?: Required<Address> & { size: number }): void
  close(callback?: () => void): void
  ref(): void
  unref(): void
}

/** An address with its device, by the name of the device in the socket's namespace. */
export function withZone(fd: number, address: string, device: number): string {
  if (device === 0) return address
  // By its index, if the device has been deleted.
  return `${address}%${addon.deviceName(fd, device) ?? device}`
}

/** Makes a handle return its addresses with devices of its own namespace. */
export function addressesInside(handle: Handle): void {
  const fill = (out: Address, peer: boolean): number => {
    const found = addon.socketAddress(handle.fd, peer)
    if (typeof found === 'number') return found
    const [address, port, device] = found
    Object.assign(out, { address: withZone(handle.fd, address, device), family: familyOf(address), port })
    return 0
  }
  handle.getsockname = (out) => fill(out, false)
  handle.getpeername = (out) => fill(out, true)
}

const familyOf = (address: string): string => (address.includes(':') ? 'IPv6' : 'IPv4')

/** Where Node keeps the handle of a connection or server. */
type WithHandle = { readonly _handle?: Handle | null }

/** Makes a connection, or the connections of a server, show the devices of their own namespace. */
export function showZones(one: Socket | Server): void {
  const { _handle } = one as unknown as WithHandle
  if (_handle?.getsockname !== undefined) addressesInside(_handle)
}

/** Makes multicast take devices of the socket's namespace, as in `::%eth0`. */
export function multicastInside(handle: UdpHandle): void {
  const original = {
    addMembership: handle.addMembership.bind(handle),
    dropMembership: handle.dropMembership.bind(handle),
    setMulticastInterface: handle.setMulticastInterface.bind(handle),
  }
  handle.addMembership = (group, device) => {
    const [, zone] = zoned(device)
    return zone === undefined ? original.addMembership(group, device) : addon.joinGroup(handle.fd, true, group, zone)
  }
  handle.dropMembership = (group, device) => {
    const [, zone] = zoned(device)
    return zone === undefined ? original.dropMembership(group, device) : addon.joinGroup(handle.fd, false, group, zone)
  }
  handle.setMulticastInterface = (device) => {
    const [, zone] = zoned(device)
    return zone === undefined ? original.setMulticastInterface(device) : addon.setMulticastDevice(handle.fd, zone)
  }
  const join = (joins: boolean) => (source: string, group: string, device?: string) => {
    const [, zone] = zoned(device)
    // Without a zone, the kernel chooses the device.
    const index = zone === undefined ? 0 : addon.deviceIndex(handle.fd, zone)
    return index < 0 ? index : addon.joinSource(handle.fd, joins, source, group, index)
  }
  handle.addSourceSpecificMembership = join(true)
  handle.dropSourceSpecificMembership = join(false)
}

/** The address and the zone of `fe80::1%eth0`. */
export function zoned(text = ''): [address: string, zone: string | undefined] {
  const [address = '', zone] = text.split('%', 2)
  return [address, zone]
}
