// Finds where the values of holes stand in a plan: the same operations are laid out with several examples, and what differs between
// the layouts must be the examples, encoded in one way in all of them.
import { littleEndian } from '../../wire/writer'
import { deviceNameSize } from '../../wire/text'
import { partOfName, type Encoding } from './encodings'
import type { Hole, HoleValue } from './hole'
import type { Layout } from './layout'

/** A layout, and the values that it was made with. */
export interface Sample {
  readonly layout: Layout
  readonly values: Readonly<Record<string, HoleValue>>
}

/** Where a value stands among the bytes. */
export interface Place {
  readonly key: string
  readonly encoding: Encoding
  readonly at: number
}

/** A name of which a value is a part, or all. */
export interface NamePlace {
  readonly index: number
  readonly key: string
  readonly before: string
  readonly after: string
}

/** The places of all values. */
export interface Places {
  readonly bytes: readonly Place[]
  readonly names: readonly NamePlace[]
}

/** What became of a search: `ambiguous` if the examples do not tell two values apart, `none` if layouts differ in more than them. */
export type Found = Places | 'ambiguous' | 'none'

/** Finds the places. */
export function findPlaces(holes: Readonly<Record<string, Hole>>, samples: readonly [Sample, ...Sample[]]): Found {
  const [{ layout: first }, ...others] = samples
  for (const { layout } of others) {
    if (!equal(layout.words, first.words) || layout.bytes.length !== first.bytes.length) return 'none'
  }
  const names = findNames(holes, samples)
  const candidates = candidatesOf(holes, samples)
  if (names === undefined) return 'none'
  if (candidates === undefined) return 'ambiguous'
  const bytes = findBytes(Object.keys(holes), candidates, samples)
  return typeof bytes === 'string' ? bytes : { names, bytes }
}

/** Whether two arrays of numbers are the same. */
export function equal(one: Int32Array | Uint8Array, other: Int32Array | Uint8Array): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i])
}

/** A way in which a value may stand, and what it looks like in each sample. */
interface Candidate {
  readonly key: string
  readonly encoding: Encoding
  readonly encoded: readonly Uint8Array[]
}

/** Undefined if the examples of a hole look the same in some way. */
function candidatesOf(
  holes: Readonly<Record<string, Hole>>,
  samples: readonly [Sample, ...Sample[]],
): Candidate[] | undefined {
  const candidates = Object.entries(holes).flatMap(([key, { encodings }]) =>
    encodings.map((encoding) => {
      const encoded = samples.map(({ values }) => {
        const bytes = new Uint8Array(encoding.size)
        encoding.write(bytes, 0, values[key])
        return bytes
      })
      return { key, encoding, encoded }
    }),
  )
  const differ = ({ encoded: [first, ...others] }: Candidate): boolean =>
    first !== undefined && others.some((bytes) => !equal(bytes, first))
  return candidates.every(differ) ? candidates : undefined
}

function findBytes(
  keys: readonly string[],
  candidates: readonly Candidate[],
  samples: readonly [Sample, ...Sample[]],
): Place[] | 'ambiguous' | 'none' {
  const { bytes } = samples[0].layout
  const open = new Set<number>()
  for (let at = 0; at < bytes.length; at++) {
    if (samples.some(({ layout }) => layout.bytes[at] !== bytes[at])) open.add(at)
  }
  const places: Place[] = []
  for (const differing of [...open]) {
    if (!open.has(differing)) continue
    const found = candidates.flatMap((candidate) => placesAround(differing, candidate, samples))
    if (found.length === 0) found.push(...partsAround(differing, keys, samples))
    const [place, ...rest] = found.sort((a, b) => a.encoding.size - b.encoding.size)
    if (place === undefined) return 'none'
    // A number of two bytes looks the same in four, but nothing else does.
    if (rest.some(({ key, encoding }) => key !== place.key || encoding.size === place.encoding.size)) return 'ambiguous'
    places.push(place)
    for (let at = place.at; at < place.at + place.encoding.size; at++) open.delete(at)
  }
  return places
}

/** Where a value stands of which a byte is a part. */
function placesAround(differing: number, { key, encoding, encoded }: Candidate, samples: readonly Sample[]): Place[] {
  const places: Place[] = []
  for (let at = Math.max(0, differing - encoding.size + 1); at <= differing; at++) {
    const fits = samples.every(({ layout }, i) => stands(layout.bytes, at, encoded[i] ?? layout.bytes, encoding))
    if (fits) places.push({ key, encoding, at })
  }
  return places
}

/** Where the name of a device stands of which a value is a part. */
function partsAround(differing: number, keys: readonly string[], samples: readonly [Sample, ...Sample[]]): Place[] {
  const places: Place[] = []
  for (let at = Math.max(0, differing - deviceNameSize + 1); at <= differing; at++) {
    if (!samples.every(({ layout }) => isPayload(layout.bytes, at, deviceNameSize))) continue
    const names = samples.map(({ layout }) =>
      Buffer.from(layout.bytes.subarray(at, at + deviceNameSize)).toString('latin1'),
    )
    for (const key of keys) {
      const around = aroundIn(
        key,
        names.map((name) => name.replace(/\0+$/, '')),
        samples,
      )
      if (around !== undefined) places.push({ key, encoding: partOfName(around.before, around.after), at })
    }
  }
  return places
}

/** Size of struct nlattr, whose first field is its length with the payload. */
const attributeHeader = 4

function stands(bytes: Uint8Array, at: number, encoded: Uint8Array, { size, wholePayload }: Encoding): boolean {
  if (at + size > bytes.length || !encoded.every((byte, i) => bytes[at + i] === byte)) return false
  return wholePayload !== true || isPayload(bytes, at, size)
}

/** Whether an attribute's payload, or what looks like one, begins there. */
function isPayload(bytes: Uint8Array, at: number, size: number): boolean {
  if (at < attributeHeader || at + size > bytes.length) return false
  const header = new DataView(bytes.buffer, bytes.byteOffset + at - attributeHeader, attributeHeader)
  return header.getUint16(0, littleEndian) === attributeHeader + size
}

function findNames(
  holes: Readonly<Record<string, Hole>>,
  samples: readonly [Sample, ...Sample[]],
): NamePlace[] | undefined {
  const { names } = samples[0].layout
  if (samples.some(({ layout }) => layout.names.length !== names.length)) return undefined
  const places: NamePlace[] = []
  for (const [index, name] of names.entries()) {
    if (samples.every(({ layout }) => layout.names[index] === name)) continue
    const inSamples = samples.map(({ layout }) => layout.names[index] ?? '')
    const place = Object.keys(holes)
      .map((key) => ({ key, around: aroundIn(key, inSamples, samples) }))
      .find(({ around }) => around !== undefined)
    if (place?.around === undefined) return undefined
    places.push({ index, key: place.key, ...place.around })
  }
  return places
}

/** What stands before and after a value in names; undefined if it is not in all of them in the same way. */
function aroundIn(
  key: string,
  names: readonly string[],
  samples: readonly Sample[],
): { readonly before: string; readonly after: string } | undefined {
  const around = samples.map(({ values }, i) => {
    const value = values[key]
    return typeof value === 'object' ? [] : (names[i] ?? '').split(String(value))
  })
  const [before, after] = around[0] ?? []
  const same = around.every((parts) => parts.length === 2 && parts[0] === before && parts[1] === after)
  return same && before !== undefined && after !== undefined ? { before, after } : undefined
}
