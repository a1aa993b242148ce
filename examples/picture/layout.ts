// Where everything stands: switches in the middle, the namespaces that are plugged into them on both sides, each device in the
// line of its port. Positions are in characters and lines, for a terminal as for an SVG.
import type { Bridge, Device, Place, Port } from './look'

/** A box with a name. */
export interface Box {
  readonly title: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Words of one line. */
export interface Words {
  readonly text: string
  readonly what: 'device' | 'address' | 'port' | 'vlan' | 'bridge' | 'note'
  readonly x: number
  readonly y: number
}

/** A line from left to right; a cable goes through the sides of boxes. */
export interface Wire {
  readonly y: number
  readonly from: number
  readonly to: number
  readonly cable: boolean
}

/** A picture. */
export interface Drawing {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly words: readonly Words[]
  readonly wires: readonly Wire[]
}

/** A port of a bridge, in the place that has it. */
interface Plug {
  readonly bridge: string
  readonly port: Port
}

/** A line of a box at a side. */
interface Row {
  readonly parts: readonly Pick<Words, 'text' | 'what'>[]
  readonly plug: Plug | undefined
}

/** Boxes at one side, one above the other. */
interface Stack {
  readonly boxes: readonly { readonly title: string; readonly rows: readonly Row[]; readonly y: number }[]
  readonly width: number
  readonly height: number
  readonly plugs: ReadonlyMap<number, Plug>
}

const gap = 3
const padding = 2

function lengthOf(parts: readonly Pick<Words, 'text'>[]): number {
  return parts.reduce((sum, { text }) => sum + text.length, Math.max(0, parts.length - 1))
}

function plugOf({ end }: Device, place: Place, hub: Place): Plug | undefined {
  for (const bridge of hub.bridges) {
    const port = bridge.ports.find((each) => each.end?.netns === place.name && each.name === end?.device)
    if (port !== undefined && end?.netns === hub.name) return { bridge: bridge.name, port }
  }
  return undefined
}

function rowOf(device: Device, place: Place, hub: Place, mirrored: boolean): Row {
  const plug = plugOf(device, place, hub)
  const elsewhere = plug === undefined && device.end !== undefined
  const parts = [
    { text: device.name, what: 'device' as const },
    ...device.addresses.map((text) => ({ text, what: 'address' as const })),
    ...(elsewhere ? [{ text: `→ ${device.end.netns}: ${device.end.device}`, what: 'note' as const }] : []),
    ...(device.up ? [] : [{ text: '(down)', what: 'note' as const }]),
  ]
  return { parts: mirrored ? parts.toReversed() : parts, plug }
}

function stack(places: readonly Place[], hub: Place, mirrored: boolean): Stack {
  let y = 0
  const plugs = new Map<number, Plug>()
  const boxes = places.map((place) => {
    const rows = place.devices.map((device) => rowOf(device, place, hub, mirrored))
    const box = { title: place.name, rows, y }
    rows.forEach(({ plug }, i) => {
      if (plug !== undefined) plugs.set(y + 1 + i, plug)
    })
    y += rows.length + 2
    return box
  })
  const widths = boxes.map(({ title, rows }) => Math.max(title.length + 1, ...rows.map(({ parts }) => lengthOf(parts))))
  return { boxes, plugs, width: boxes.length === 0 ? 0 : Math.max(...widths) + 2 * padding, height: y }
}

/** Collects what is drawn, from top to bottom. */
class Sheet {
  readonly boxes: Box[] = []
  readonly words: Words[] = []
  readonly wires: Wire[] = []
  height = 0

  write(parts: readonly Pick<Words, 'text' | 'what'>[], x: number, y: number): void {
    let at = x
    for (const { text, what } of parts) {
      this.words.push({ text, what, x: at, y })
      at += text.length + 1
    }
  }

  stack({ boxes, width }: Stack, x: number, y: number): void {
    for (const { title, rows, y: top } of boxes) {
      this.boxes.push({ title, x, y: y + top, width, height: rows.length + 2 })
      rows.forEach(({ parts }, i) => {
        this.write(parts, x + padding, y + top + 1 + i)
      })
    }
  }
}

function portParts({ name, vlans }: Port, mirrored: boolean): Pick<Words, 'text' | 'what'>[] {
  const parts = [
    { text: name, what: 'port' as const },
    ...(vlans === undefined ? [] : [{ text: `(${vlans})`, what: 'vlan' as const }]),
  ]
  return mirrored ? parts.toReversed() : parts
}

/** The bridges in one line: one, also if both of its ports are there, or two that have nothing to do with each other. */
function bridgeNames({ left, right }: Partial<Record<'left' | 'right', Plug | undefined>>): string[] {
  return [...new Set([left?.bridge, right?.bridge])].filter((name) => name !== undefined)
}

/** Draws a place with bridges, between the places that are plugged into it. */
function drawHub(sheet: Sheet, hub: Place, around: readonly Place[], width: number): number {
  const half = Math.ceil(around.length / 2)
  const [left, right] = [stack(around.slice(0, half), hub, true), stack(around.slice(half), hub, false)]
  const top = sheet.height
  const plugged = new Set([...left.plugs.values(), ...right.plugs.values()].map(({ port }) => port))
  const others: Plug[] = hub.bridges.flatMap((bridge: Bridge) => {
    const rest = bridge.ports.filter((port) => !plugged.has(port))
    return rest.map((port) => ({ bridge: bridge.name, port }))
  })
  const inside = Math.max(left.height, right.height, 3) - 2
  const lines = Array.from({ length: inside + others.length }, (_, i) => ({
    y: i + 1,
    left: i < inside ? left.plugs.get(i + 1) : others[i - inside],
    right: i < inside ? right.plugs.get(i + 1) : undefined,
    cabled: i < inside,
  }))
  const most = (side: 'left' | 'right'): number =>
    Math.max(0, ...lines.map((line) => (line[side] === undefined ? 0 : lengthOf(portParts(line[side].port, false)))))
  const [leftWidth, rightWidth] = [most('left'), most('right')]
  const bridgeWidth = Math.max(...lines.map((line) => bridgeNames(line).join(' ').length), 0)
  const middle = leftWidth + gap + bridgeWidth + gap + rightWidth
  const hubWidth =
    Math.max(
      middle,
      hub.name.length + 1,
      ...hub.devices.map((device) => lengthOf(rowOf(device, hub, hub, false).parts)),
    ) +
    2 * padding
  const hubX = left.width === 0 ? 0 : left.width + gap
  const rightX = hubX + hubWidth + gap
  const bridgeX = hubX + padding + leftWidth + gap
  const height = lines.length + hub.devices.length + 2

  sheet.stack(left, 0, top)
  sheet.stack(right, rightX, top)
  sheet.boxes.push({ title: hub.name, x: hubX, y: top, width: hubWidth, height })
  for (const line of lines) {
    const y = top + line.y
    const names = bridgeNames(line)
    sheet.write(
      names.map((text) => ({ text, what: 'bridge' })),
      bridgeX,
      y,
    )
    if (line.left !== undefined) {
      const parts = portParts(line.left.port, false)
      sheet.write(parts, hubX + padding, y)
      sheet.wires.push({ y, from: hubX + padding + lengthOf(parts) + 1, to: bridgeX - 2, cable: false })
      if (line.cabled) sheet.wires.push({ y, from: left.width - 1, to: hubX, cable: true })
    }
    if (line.right !== undefined) {
      const parts = portParts(line.right.port, true)
      const x = hubX + hubWidth - padding - lengthOf(parts)
      sheet.write(parts, x, y)
      sheet.wires.push({ y, from: bridgeX + names.join(' ').length + 1, to: x - 2, cable: false })
      sheet.wires.push({ y, from: hubX + hubWidth - 1, to: rightX, cable: true })
    }
  }
  hub.devices.forEach((device, i) => {
    sheet.write(rowOf(device, hub, hub, false).parts, hubX + padding, top + 1 + lines.length + i)
  })
  sheet.height = top + Math.max(left.height, right.height, height)
  return Math.max(width, rightX + right.width)
}

/** Lays out what was seen. */
export function layOut(places: readonly Place[]): Drawing {
  const sheet = new Sheet()
  let width = 0
  const hubs = places.filter(({ bridges }) => bridges.length > 0)
  const drawn = new Set<Place>(hubs)
  for (const hub of hubs) {
    const ends = new Set(hub.bridges.flatMap(({ ports }) => ports.map(({ end }) => end?.netns)))
    const around = places.filter((place) => !drawn.has(place) && ends.has(place.name))
    for (const place of around) drawn.add(place)
    width = drawHub(sheet, hub, around, width)
  }
  const [first] = hubs
  const rest = places.filter((place) => !drawn.has(place))
  if (rest.length > 0) {
    const alone = stack(rest, first ?? { name: '', devices: [], bridges: [] }, false)
    sheet.stack(alone, 0, sheet.height)
    sheet.height += alone.height
    width = Math.max(width, alone.width)
  }
  return { width, height: sheet.height, boxes: sheet.boxes, words: sheet.words, wires: sheet.wires }
}
