// A picture of a switch and the namespaces plugged into it, of nothing but what the kernel says.
import type { NetNs } from 'netloom'

interface Side {
  readonly name: string
  /** The device there, and its addresses. */
  readonly device: string
  readonly addresses: string[]
  /** The device's other end, on the switch. */
  readonly port: string
}

/** Draws the first bridge of `sw`, with the one of two namespaces on its left and the other on its right. */
export async function drawTopology(sw: NetNs, ends: readonly [NetNs, NetNs]): Promise<string> {
  const [bridge] = await sw.links.list({ kind: 'bridge' })
  if (bridge === undefined) return '(no bridge)'
  const [left, right] = await Promise.all(ends.map((end) => findSide(sw, bridge.index, end)))
  if (left === undefined || right === undefined) return '(a cable is missing)'
  const boxes = [
    box(left.name, [`${left.addresses.join(' ')} ${left.device}`]),
    box(sw.name ?? 'switch', [`${left.port} ─ ${bridge.name} ─ ${right.port}`]),
    box(right.name, [`${right.device} ${right.addresses.join(' ')}`]),
  ]
  return beside(boxes)
}

/** Which device of a namespace is at the other end of which port of the bridge. */
async function findSide(sw: NetNs, bridge: number, end: NetNs): Promise<Side | undefined> {
  // The switch knows the namespaces of other ends by numbers.
  const netnsId = await sw.id(end)
  const ports = await sw.links.list({ master: bridge })
  for (const port of ports) {
    if (port.kind !== 'veth' || port.peer === undefined || port.peer.netnsId !== netnsId) continue
    const device = await end.links.get(port.peer.index)
    const addresses = await end.addresses.list({ dev: device.index, family: 'ipv4' })
    const name = end.name ?? 'anonymous'
    return { name, device: device.name, addresses: addresses.map(({ address }) => address), port: port.name }
  }
  return undefined
}

function box(name: string, lines: readonly string[]): string[] {
  const width = Math.max(name.length + 1, ...lines.map((line) => line.length))
  return [
    `┌─ ${name} ${'─'.repeat(width - name.length - 1)}┐`,
    ...lines.map((line) => `│ ${line.padEnd(width)} │`),
    `└${'─'.repeat(width + 2)}┘`,
  ]
}

/** Puts boxes of equal height next to each other, with a cable between their middle lines. */
function beside(boxes: readonly string[][]): string {
  const height = boxes[0]?.length ?? 0
  const middle = Math.floor(height / 2)
  const lines = Array.from({ length: height }, (_, row) => {
    const parts = boxes.map((lines, position) => {
      const line = lines[row] ?? ''
      if (row !== middle) return line
      const opened = position === 0 ? line : `┤${line.slice(1)}`
      return position === boxes.length - 1 ? opened : `${opened.slice(0, -1)}├`
    })
    return `  ${parts.join(row === middle ? '───' : '   ')}`
  })
  return lines.join('\n')
}
