// Holes: what stands for the values that differ from run to run of a prepared batch. A hole divides values into classes, such as
// prefixes of one length: if a value stands in a message as it is, so do all of its class.
import { handleOf, type NetnsReference, type NetnsTarget } from '../../native/netns_handle'
import { wrongType } from '../../wire/invalid'
import { checkInteger } from '../../wire/integers'
import { familyOf, formatIPv4, formatIPv6, parseIP, type Family } from '../../wire/ip'
import { deviceName, integers, ipAddress, macAddress, prefixParts, type Encoding } from './encodings'
import { deviceNameSize } from '../../wire/text'

/** What a run gives for a hole. */
export type HoleValue = string | number | NetnsTarget

/** What stands for a value that each run gives. */
export interface Hole<Value extends HoleValue = HoleValue> {
  /** What a value has to be, for errors. */
  readonly expected: string
  /** How a message may have it. */
  readonly encodings: readonly Encoding[]
  /** Whether it is a namespace, whose handle is written into the plan. */
  readonly isNetns?: boolean
  /** A random value to lay a batch out with. */
  example(): Value
  /** The class of a value; undefined if it is in none, and has to be laid out each time. */
  classOf(value: unknown): string | number | undefined
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

function random(below: number): number {
  return Math.floor(Math.random() * below)
}

function randomText(length: number): string {
  return `h${Array.from({ length: length - 1 }, () => letters[random(letters.length)]).join('')}`
}

/** What means nothing else to the kernel or in a path. */
const plainName = /^(?!\.{1,2}$)[A-Za-z0-9_.-]+$/

function named(expected: string, most: number, encodings: readonly Encoding[]): Hole<string> {
  return {
    expected,
    encodings,
    // Short, so that the name of a device may have more around it.
    example: () => randomText(5),
    classOf: (value) =>
      typeof value === 'string' && value.length <= most && plainName.test(value) ? 'plain' : undefined,
  }
}

/** The name of a namespace, or a part of it. */
export const nameHole = named('a name', 200, [])

/** The name of a device. */
export const deviceHole = named('the name of a device', deviceNameSize - 1, [deviceName])

const plainMac = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i

/** A MAC address. */
export const macHole: Hole<string> = {
  expected: 'a MAC address',
  encodings: [macAddress],
  example: () => `02:${Array.from({ length: 5 }, () => (16 + random(240)).toString(16)).join(':')}`,
  classOf(value) {
    if (typeof value !== 'string' || !plainMac.test(value)) return undefined
    return (parseInt(value.slice(0, 2), 16) & 1) === 1 ? 'group' : /[1-9a-f]/i.test(value) ? 'one' : undefined
  },
}

function exampleOf(family: Family): string {
  const bytes = new Uint8Array(family === 'ipv4' ? 4 : 16).map(() => 1 + random(254))
  bytes[0] = family === 'ipv4' ? 1 + random(100) : 0x20
  return family === 'ipv4' ? formatIPv4(bytes) : formatIPv6(bytes)
}

/** What kernel and library may treat alike: not those that are reserved for something. */
function classOfAddress(text: string, family: Family): string | undefined {
  if (familyOf(text) !== family) return undefined
  const first = parseIP(text, 'address')[0] ?? 0
  if (family === 'ipv6') return (first >= 0x20 && first < 0x40) || first >> 1 === 0x7e ? 'plain' : undefined
  if (first === 0 || first >= 240) return undefined
  return first === 127 ? 'loopback' : first >= 224 ? 'multicast' : 'plain'
}

const nameOf = (family: Family): string => (family === 'ipv4' ? 'an IPv4' : 'an IPv6')

/** An address of one family. */
export function ipHole(family: Family): Hole<string> {
  return {
    expected: `${nameOf(family)} address`,
    encodings: [ipAddress(family)],
    example: () => exampleOf(family),
    classOf: (value) => (typeof value === 'string' ? classOfAddress(value, family) : undefined),
  }
}

/** An address of one family with the length of its prefix. */
export function prefixHole(family: Family): Hole<string> {
  return {
    expected: `${nameOf(family)} address with /length`,
    encodings: prefixParts(family),
    example: () => `${exampleOf(family)}/${8 + random(20)}`,
    classOf(value) {
      if (typeof value !== 'string') return undefined
      const [address = '', length, ...more] = value.split('/')
      const one = classOfAddress(address, family)
      // Some lengths mean more than others.
      const isPlain = length !== undefined && more.length === 0 && /^[1-9]\d{0,2}$/.test(length)
      return one === undefined || !isPlain ? undefined : `${one}/${length}`
    },
  }
}

/** An integer within a range. */
export function numberHole(min: number, max: number): Hole<number> {
  const least = Math.max(1, min)
  // Examples are large, so that they are of one class if that has enough of them.
  const from = Math.max(least, Math.min(2 ** Math.floor(Math.log2(max)), max - 100))
  return {
    expected: `an integer from ${min} to ${max}`,
    encodings: least === max ? [] : integers.filter(({ size }) => max < 256 ** size),
    example: () => from + random(max - from + 1),
    classOf(value) {
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > max) return undefined
      // An option may have one attribute for small numbers and another one for large ones.
      return Math.floor(Math.log2(value))
    },
  }
}

/** Stands for a namespace that a run gives. */
export class HoleNetns implements NetnsReference, NetnsTarget {
  readonly label: string
  constructor(readonly key: string) {
    this.label = `"${key}" of a prepared batch`
  }

  get [handleOf](): NetnsReference {
    return this
  }

  /** No handle: a run writes that of its namespace there. */
  use(): number {
    return 1
  }
}

/** A namespace. */
export function netnsHole(key: string): Hole<NetnsTarget> {
  const example = new HoleNetns(key)
  return { expected: 'a NetNs', encodings: [], isNetns: true, example: () => example, classOf: () => 'netns' }
}

/** Checks the range of a number. */
export function checkRange(range: { readonly min?: number | undefined; readonly max?: number | undefined }): {
  readonly min: number
  readonly max: number
} {
  const min = checkInteger(range.min ?? 0, 0, Number.MAX_SAFE_INTEGER, 'min')
  return { min, max: checkInteger(range.max ?? 0xffff_ffff, Math.max(1, min), Number.MAX_SAFE_INTEGER, 'max') }
}

/** Checks a family. */
export function checkHoleFamily(family: unknown): Family {
  if (family !== 'ipv4' && family !== 'ipv6') throw wrongType('family', '"ipv4" or "ipv6"', family)
  return family
}
