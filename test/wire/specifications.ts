// Makes declarations of ours of Linux's own specifications of netlink families (Documentation/netlink/specs): whatever they can
// say, the codec must be able to.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import {
  attributes,
  be16,
  be32,
  be64,
  bei16,
  bei32,
  bei64,
  binary,
  bitfield32,
  bits,
  bytes,
  flag,
  headed,
  i16,
  i32,
  i64,
  i8,
  ignored,
  indexedArray,
  keyed,
  lazy,
  oneOf,
  packed,
  repeated,
  sint,
  struct,
  taggedBy,
  text,
  u16,
  u32,
  u64,
  u8,
  uint,
  type AnyScalar,
  type AnyType,
  type AttributeTable,
  type Fields,
  type Names,
  type Scalar,
  type Type,
} from '../../lib/netlink/index'

export const directory = join(__dirname, '..', '..', '.build', 'netlink-specs')

interface Entry {
  name: string
  type?: string
  value?: number
  enum?: string
  'enum-as-flags'?: boolean
  'byte-order'?: string
  'multi-attr'?: boolean
  'nested-attributes'?: string
  'sub-type'?: string
  'type-value'?: string[]
  'sub-message'?: string
  selector?: string
  struct?: string
  len?: number | string
  checks?: { 'exact-len'?: number | string }
}

interface Specification {
  name: string
  definitions?: {
    name: string
    type: string
    value?: number
    'value-start'?: number
    entries?: (string | { name: string; value?: number })[]
    members?: Entry[]
  }[]
  'attribute-sets'?: { name: string; 'subset-of'?: string; attributes: Entry[] }[]
  'sub-messages'?: {
    name: string
    formats: { value: string | number; 'fixed-header'?: string; 'attribute-set'?: string }[]
  }[]
}

/** A type of ours, and how to make a value of it; depth keeps sets that contain themselves from going on for ever. */
export interface Declared {
  readonly type: AnyType
  readonly sample: (depth: number, siblings: Record<string, unknown>, outer: Record<string, unknown>) => unknown
}

/** What stands beside the tag of a sub-message, so that it is one that there is. */
interface Tag {
  readonly selector: string
  readonly values: readonly (string | number)[]
}

const random = (most: number): number => Math.floor(Math.random() * most)
const randomBytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)))

const hosts: Record<string, Scalar<number> | Scalar<bigint>> = {
  u8,
  u16,
  u32,
  u64,
  s8: i8,
  s16: i16,
  s32: i32,
  s64: i64,
}
const network: Record<string, Scalar<number> | Scalar<bigint>> = {
  u8,
  u16: be16,
  u32: be32,
  u64: be64,
  s8: i8,
  s16: bei16,
  s32: bei32,
  s64: bei64,
}

/** The declarations of one specification. */
export class Declarations {
  readonly name: string
  readonly sets = new Map<string, Declared>()
  readonly #specification: Specification

  constructor(file: string) {
    this.#specification = parse(readFileSync(join(directory, file), 'utf8')) as Specification
    this.name = this.#specification.name
    for (const { name } of this.#specification['attribute-sets'] ?? []) this.#set(name)
  }

  #set(name: string): Declared {
    const known = this.sets.get(name)
    if (known !== undefined) return known
    let made: Declared | undefined
    const whole = (): Declared => (made ??= this.#makeSet(name))
    const declared: Declared = {
      type: lazy(() => whole().type as unknown as Type<unknown>),
      sample: (depth, siblings, outer) => whole().sample(depth, siblings, outer),
    }
    this.sets.set(name, declared)
    return declared
  }

  #makeSet(name: string): Declared {
    const found = this.#specification['attribute-sets']?.find((set) => set.name === name)
    if (found === undefined) throw new Error(`there is no set ${name}`)
    const table: Record<string, readonly [string, number, AnyType]> = {}
    const parts: { key: string; declared: Declared }[] = []
    const tags = new Map<string, Tag>()
    let number = 0
    const whole =
      found['subset-of'] === undefined
        ? found
        : this.#specification['attribute-sets']?.find((set) => set.name === found['subset-of'])
    for (const entry of whole?.attributes ?? []) {
      number = entry.value ?? number + 1
      if (whole !== found && !found.attributes.some((one) => one.name === entry.name)) continue
      const declared = this.#attribute(entry, tags)
      table[entry.name] = [entry.name, number, declared.type]
      if (!('ignored' in declared.type)) parts.push({ key: entry.name, declared })
    }
    const sample: Declared['sample'] = (depth, siblings) => {
      const value: Record<string, unknown> = {}
      for (const { selector, values } of tags.values())
        if (selector in table) value[selector] = values[random(values.length)]
      for (const { key, declared } of parts) {
        if (key in value || depth <= 0 || Math.random() < 0.3) continue
        const made = declared.sample(depth - 1, value, siblings)
        if (made !== undefined) value[key] = made
      }
      return value
    }
    return { type: attributes('', table as AttributeTable), sample }
  }

  #attribute(entry: Entry, tags: Map<string, Tag>): Declared {
    const one = this.#single(entry, tags)
    if (entry['multi-attr'] !== true) return one
    return {
      type: repeated(one.type as Type<unknown>),
      sample: (...around) => Array.from({ length: 1 + random(3) }, () => one.sample(...around)),
    }
  }

  #single(entry: Entry, tags: Map<string, Tag>): Declared {
    const { type, struct: structName } = entry
    switch (type) {
      case 'pad':
      case 'unused':
      case undefined:
        return { type: ignored, sample: () => undefined }
      case 'flag':
        return { type: flag, sample: () => true }
      case 'string':
        return { type: text(1000), sample: () => 'text'.repeat(random(4)) }
      case 'binary':
        if (structName !== undefined) return this.#struct(structName)
        if (entry['sub-type'] !== undefined) {
          const inner = this.#number({ ...entry, type: entry['sub-type'] })
          return {
            type: packed(inner.type as Type<unknown>),
            sample: (...around) => [inner.sample(...around), inner.sample(...around)],
          }
        }
        return { type: binary(), sample: () => randomBytes(random(20)) }
      case 'nest':
        return this.#set(entry['nested-attributes'] ?? '')
      case 'bitfield32':
        return { type: bitfield32('', { one: ['ONE', 1], two: ['TWO', 2] }), sample: () => ({ one: true, two: false }) }
      case 'uint':
        return { type: uint, sample: () => (Math.random() < 0.5 ? BigInt(random(2 ** 32)) : 2n ** 60n) }
      case 'sint':
        return { type: sint, sample: () => (Math.random() < 0.5 ? BigInt(-random(2 ** 31)) : -(2n ** 60n)) }
      case 'indexed-array': {
        const { 'sub-type': type = '', ...rest } = entry
        const inner = this.#single({ ...rest, type }, tags)
        return {
          type: indexedArray(inner.type as Type<unknown>),
          sample: (...around) => [inner.sample(...around), inner.sample(...around)],
        }
      }
      case 'nest-type-value': {
        let inner = this.#set(entry['nested-attributes'] ?? '')
        for (const _ of entry['type-value'] ?? []) {
          const { type: its, sample } = inner
          inner = { type: keyed(its as Type<unknown>), sample: (...around) => ({ [1 + random(9)]: sample(...around) }) }
        }
        return inner
      }
      case 'sub-message':
        return this.#subMessage(entry, tags)
      default:
        return this.#number(entry)
    }
  }

  #subMessage(entry: Entry, tags: Map<string, Tag>): Declared {
    const { selector = '' } = entry
    const formats =
      this.#specification['sub-messages']?.find(({ name }) => name === entry['sub-message'])?.formats ?? []
    const variants = new Map(
      formats.map((format) => {
        const header = format['fixed-header']
        const set = format['attribute-set']
        const made = (): Declared => {
          if (header === undefined)
            return set === undefined ? { type: binary(), sample: () => randomBytes(8) } : this.#set(set)
          const { fields, sample } = this.#fields(header)
          if (set === undefined) return { type: struct(header, fields), sample }
          // One object has the fields of both: names that are in both would be one.
          const rest = this.#makeSet(set)
          const inner = rest.type as ReturnType<typeof attributes>
          const free = Object.fromEntries(Object.entries(inner.table).filter(([key]) => !(key in fields)))
          return {
            type: headed(struct(header, fields), attributes('', free)),
            sample: (...around) => {
              const more = Object.entries(rest.sample(...around) as object).filter(([key]) => key in free)
              return { ...(sample() as object), ...Object.fromEntries(more) }
            },
          }
        }
        let kept: Declared | undefined
        const declared = (): Declared => (kept ??= made())
        return [String(format.value), declared] as const
      }),
    )
    if (formats.length > 0)
      tags.set(`${selector} ${entry.name}`, { selector, values: formats.map(({ value }) => value) })
    const types = Object.fromEntries(
      [...variants].map(([value, declared]) => [value, lazy(() => declared().type as Type<unknown>)]),
    )
    // Where the tag is no attribute of the same set, it is one of the set around.
    const place = entry.name === 'app' ? 'outer' : 'sibling'
    return {
      type: taggedBy(selector, types, place),
      sample: (depth, siblings, outer) => {
        const tag = String((place === 'outer' ? outer : siblings)[selector])
        return variants.get(tag)?.().sample(depth, siblings, outer) ?? randomBytes(4)
      },
    }
  }

  #definition(name: string): NonNullable<Specification['definitions']>[number] | undefined {
    return this.#specification.definitions?.find((one) => one.name === name)
  }

  #number(entry: Entry): Declared {
    const table = entry['byte-order'] === 'big-endian' ? network : hosts
    const type = table[entry.type ?? '']
    if (type === undefined) throw new Error(`no type ${entry.type ?? ''} of ${entry.name} in ${this.name}`)
    const names = entry.enum === undefined ? undefined : this.#names(entry.enum, entry['enum-as-flags'] === true)
    const isWide = type.size === 8
    if (names !== undefined && !isWide && Object.keys(names).length > 0) {
      const number = type as Scalar<number>
      const all = Object.keys(names)
      const asFlags = entry['enum-as-flags'] === true || this.#definition(entry.enum ?? '')?.type === 'flags'
      if (asFlags) return { type: bits(number, '', names), sample: () => all.slice(0, 1) }
      return { type: oneOf(number, '', names), sample: () => all[random(all.length)] }
    }
    const isSigned = entry.type?.startsWith('s') === true
    const half = 2 ** (8 * Math.min(type.size, 4) - 1)
    const number = (): number => (isSigned ? random(2 * half) - half : random(2 * half))
    return { type, sample: () => (isWide ? BigInt(number()) : number()) }
  }

  #names(name: string, asFlags: boolean): Names {
    const definition = this.#definition(name)
    const isFlags = asFlags || definition?.type === 'flags'
    let next = definition?.['value-start'] ?? 0
    const names: Record<string, readonly [string, number]> = {}
    for (const entry of definition?.entries ?? []) {
      const one = typeof entry === 'string' ? { name: entry } : entry
      next = one.value ?? next
      const value = isFlags ? 2 ** (next % 32) : next
      if (value >= 0 && value < 256 && !Object.values(names).some(([, known]) => known === value))
        names[one.name] = [one.name, value]
      next++
    }
    return names
  }

  #length(length: number | string | undefined): number {
    return typeof length === 'string' ? (this.#definition(length)?.value ?? 1) : (length ?? 1)
  }

  #fields(name: string): { fields: Fields; sample: () => unknown } {
    const fields: Record<string, readonly [string, AnyScalar]> = {}
    const samples: [string, Declared['sample']][] = []
    for (const member of this.#definition(name)?.members ?? []) {
      if (member.type === 'pad') {
        fields[`_${member.name}`] = [member.name, bytes(this.#length(member.len))]
        continue
      }
      const declared = this.#member(member)
      fields[member.name] = [member.name, declared.type as AnyScalar]
      samples.push([member.name, declared.sample])
    }
    return { fields, sample: () => Object.fromEntries(samples.map(([key, make]) => [key, make(1, {}, {})])) }
  }

  #member(member: Entry): Declared {
    if (member.struct !== undefined) return this.#struct(member.struct)
    if (member.type !== 'binary') return this.#number(member)
    const length = this.#length(member.len)
    return { type: bytes(length), sample: () => randomBytes(length) }
  }

  #struct(name: string): Declared {
    const { fields, sample } = this.#fields(name)
    return { type: struct(name, fields), sample }
  }
}

/** Declarations of all specifications. */
export function allDeclarations(): Declarations[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => new Declarations(file))
}
