// How values of holes may stand in messages: the bytes that the kernel's structs and attributes have for them.
import { parseIP, parsePrefix, type Family } from '../../wire/ip'
import { deviceNameSize } from '../../wire/text'

/** One way in which a value may stand in a message. */
export interface Encoding {
  /** How many bytes it takes. */
  readonly size: number
  /** They have to be an attribute's whole payload. */
  readonly wholePayload?: boolean
  /** Whether it has room for a value; where it is not said, it has. */
  takes?(value: unknown): boolean
  write(bytes: Uint8Array, at: number, value: unknown): void
}

function ofText(size: number, write: (bytes: Uint8Array, at: number, value: string) => void): Encoding {
  return {
    size,
    write(bytes, at, value) {
      write(bytes, at, value as string)
    },
  }
}

function ofNumber(size: number, write: (bytes: Uint8Array, at: number, value: number) => void): Encoding {
  return {
    size,
    write(bytes, at, value) {
      write(bytes, at, value as number)
    },
  }
}

/** Bytes that a function makes of a text. */
function made(size: number, make: (value: string) => Uint8Array): Encoding {
  return ofText(size, (bytes, at, value) => {
    bytes.set(make(value), at)
  })
}

function writeName(bytes: Uint8Array, at: number, name: string): void {
  for (let i = 0; i < deviceNameSize; i++) bytes[at + i] = i < name.length ? name.charCodeAt(i) : 0
}

/** A shorter name keeps the place of a longer one: NULs follow it, at the first of which the kernel stops reading. */
export const deviceName: Encoding = { ...ofText(deviceNameSize, writeName), wholePayload: true }

/** A value within the name of a device. */
export function partOfName(before: string, after: string): Encoding {
  const nameWith = (value: unknown): string => `${before}${String(value)}${after}`
  return {
    size: deviceNameSize,
    takes: (value) => nameWith(value).length < deviceNameSize,
    write(bytes, at, value) {
      writeName(bytes, at, nameWith(value))
    },
  }
}

/** Six bytes of text such as `02:00:00:00:00:01`. */
export const macAddress = ofText(6, (bytes, at, value) => {
  for (let i = 0; i < 6; i++) bytes[at + i] = parseInt(value.slice(3 * i, 3 * i + 2), 16)
})

const sizeOf = (family: Family): number => (family === 'ipv4' ? 4 : 16)

/** An address. */
export function ipAddress(family: Family): Encoding {
  return made(sizeOf(family), (value) => parseIP(value, 'address', family))
}

function hostBits(value: string, family: Family, fill: 0 | 255): Uint8Array {
  const { bytes, length } = parsePrefix(value, 'address', family)
  const whole = length >> 3
  const rest = 0xff >> (length & 7)
  return bytes.map((byte, i) => (i < whole ? byte : i > whole ? fill : (byte & ~rest) | (fill & rest)))
}

/** What a message may have of a prefix: its length, its address, its network, its broadcast address. */
export function prefixParts(family: Family): Encoding[] {
  const size = sizeOf(family)
  return [
    ofText(1, (bytes, at, value) => {
      bytes[at] = parsePrefix(value, 'address', family).length
    }),
    made(size, (value) => parsePrefix(value, 'address', family).bytes),
    made(size, (value) => hostBits(value, family, 0)),
    made(size, (value) => hostBits(value, family, 255)),
  ]
}

/** An unsigned integer in both byte orders. */
export const integers: readonly Encoding[] = [1, 2, 4, 8].flatMap((size) => {
  const little = ofNumber(size, (bytes, at, value) => {
    for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) bytes[at + i] = rest % 256
  })
  const big = ofNumber(size, (bytes, at, value) => {
    for (let i = size, rest = value; i > 0; i--, rest = Math.floor(rest / 256)) bytes[at + i - 1] = rest % 256
  })
  return size === 1 ? [little] : [little, big]
})
