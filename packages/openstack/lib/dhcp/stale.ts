// Which leases have no ground any more.
import type { State } from './host_files'
import type { Lease } from './leases'
import { parseLeases } from './leases'
import { contains, parseAddress } from './ranges'

/** Whether a port's addresses, or who may have them, differ between two states; then leases have to be looked at. */
export function mayLeaveLeases(before: State, after: State): boolean {
  for (const port of before.ports) {
    const now = after.ports.get(port.id)
    if (now?.written === port.written) continue
    if (now?.mac !== port.mac || now.clientId !== port.clientId) return true
    if (port.fixedIps.some(({ address }) => after.ports.withAddress(address) !== now)) return true
  }
  return false
}

/** Whether a lease is that of the port whose address it is. */
export function isGrounded(lease: Lease, { network, ports }: State, before: State | undefined): boolean {
  const port = ports.withAddress(lease.address)
  const numbered = parseAddress(lease.address, 'address')
  if (port === undefined || !network.subnets.some(({ cidr, dhcp }) => dhcp && contains(cidr, numbered))) return false
  if (lease.family === 'ipv4') {
    const id = port.clientId
    const text =
      id !== undefined && !id.includes(':')
        ? Buffer.from(id)
            .toString('hex')
            .replace(/(..)(?=.)/g, '$1:')
        : id
    // A text is sent with a zero before it (RFC 2132: type 0), or without.
    return lease.mac === port.mac || (text !== undefined && [text, `00:${text}`].includes(lease.clientId ?? ''))
  }
  // A DUID does not tell the card: what counts is whether the address has passed to another one.
  const old = before?.ports.withAddress(lease.address)
  return old === undefined || (old.id === port.id && old.mac === port.mac)
}

/** A file of leases without some of them; for a dnsmasq that does not run. */
export function withoutLeases(text: string, drop: (lease: Lease) => boolean): string {
  const kept = text.split('\n').filter((line) => {
    const [lease] = parseLeases(`${line}\n`).leases
    return lease === undefined || !drop(lease)
  })
  return kept.join('\n')
}
