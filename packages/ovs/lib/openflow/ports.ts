// Ports in flows: numbers, reserved ones with a name, and the names of interfaces of the bridge.
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'

/** Ports that every bridge has. */
const reserved = {
  IN_PORT: 0xfffffff8,
  TABLE: 0xfffffff9,
  NORMAL: 0xfffffffa,
  FLOOD: 0xfffffffb,
  ALL: 0xfffffffc,
  CONTROLLER: 0xfffffffd,
  LOCAL: 0xfffffffe,
} as const

/** A port that every bridge has: `NORMAL` switches as any switch does, `LOCAL` is the bridge's own port. */
export type ReservedPort = keyof typeof reserved

/** A port: its number, the name of its interface, or one that every bridge has. */
export type FlowPort = ReservedPort | (string & {}) | number

const namesOfReserved = new Map<number, string>(Object.entries(reserved).map(([name, number]) => [number, name]))
/** OFPP_MAX: what is above is reserved. */
const most = 0xffffff00

/** The numbers of a bridge's interfaces by their names. */
export interface PortNames {
  readonly bridge: string
  readonly numberOf: (name: string) => number | undefined
  readonly nameOf: (number: number) => string | undefined
}

/** The number of a port. */
export function portNumber(value: unknown, field: string, names: PortNames): number {
  if (typeof value === 'number') {
    const known = namesOfReserved.has(value)
    if (!known && !(Number.isInteger(value) && value >= 1 && value <= most)) {
      throw outOfRange(field, `a port's number from 1 to ${most}`, value)
    }
    return value
  }
  if (typeof value !== 'string') throw wrongType(field, 'the name or number of a port', value)
  if (Object.hasOwn(reserved, value)) return reserved[value as ReservedPort]
  const number = names.numberOf(value)
  if (number !== undefined) return number
  throw wrongValue(field, `an interface of ${names.bridge} that the switch has opened, or a reserved port`, value)
}

/** A port as one would write it. */
export function portOf(number: number, names: PortNames): FlowPort {
  const name = namesOfReserved.get(number) ?? names.nameOf(number)
  // An interface may be called as a reserved port, which it is not.
  if (name === undefined || (Object.hasOwn(reserved, name) && reserved[name as ReservedPort] !== number)) return number
  return name
}

/** The number that a port has in OpenFlow since 1.1, from the one that the database has, which is that of 1.0. */
export function widePort(ofport: number): number {
  return ofport >= 0xff00 ? ofport + 0xffff0000 : ofport
}
