// The datagrams that release a lease: DHCPRELEASE (RFC 2131) and Release (RFC 8415).
import { randomBytes } from 'node:crypto'
import { parseIP, parseMac } from 'netloom/values'
import type { Lease } from './leases'

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(':', ''), 'hex')
}

/**
 * A DHCPRELEASE: BOOTREQUEST from the client's address, with the server's identifier and the client's, if it had one.
 * @param server - The address of the server in the subnet: dnsmasq accepts only releases with its own.
 */
export function releaseIPv4(lease: Lease, server: string): Buffer {
  const packet = Buffer.alloc(300)
  packet.set([1, 1, 6, 0]) // BOOTREQUEST, Ethernet, six bytes of address, no hops
  packet.set(randomBytes(4), 4)
  packet.set(parseIP(lease.address, 'address', 'ipv4'), 12)
  packet.set(parseMac(lease.mac, 'mac'), 28)
  const options = [0x63, 0x82, 0x53, 0x63, 53, 1, 7, 54, 4, ...parseIP(server, 'server', 'ipv4')]
  const id = lease.clientId === undefined ? Buffer.alloc(0) : bytesOf(lease.clientId)
  // Left out if it does not fit: then the MAC address is enough for dnsmasq.
  if (id.length > 0 && id.length < 240 - options.length - 63) options.push(61, id.length, ...id)
  packet.set([...options, 255], 236)
  return packet
}

function option(code: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(code, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value])
}

/** A Release of one address of an identity association. */
export function releaseIPv6(lease: Lease, serverDuid: string): Buffer {
  const transaction = randomBytes(4)
  transaction[0] = 8 // RELEASE
  const address = Buffer.concat([parseIP(lease.address, 'address', 'ipv6'), Buffer.alloc(8)])
  const association = Buffer.alloc(12)
  association.writeUInt32BE(lease.iaid ?? 0, 0)
  return Buffer.concat([
    transaction,
    option(1, bytesOf(lease.clientId ?? '')),
    option(2, bytesOf(serverDuid)),
    option(8, Buffer.alloc(2)), // no time elapsed
    option(3, Buffer.concat([association, option(5, address)])),
  ])
}
