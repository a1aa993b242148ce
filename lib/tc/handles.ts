// Handles: 32 bits that name a qdisc (`1:`), a class (`1:3`) or a place for one (`root`, `ingress`), as tc writes them, in hex.
import { checkInteger, u32 } from '../wire/integers'
import { wrongType, wrongValue } from '../wire/invalid'
import type { Scalar } from '../wire/type'

/** TC_H_ROOT and TC_H_INGRESS of linux/pkt_sched.h, and the minor numbers of the two hooks below the latter. */
export const TC_H = { ROOT: 0xffffffff, INGRESS: 0xfffffff1, MIN_INGRESS: 0xfff2, MIN_EGRESS: 0xfff3 } as const

const written = /^([0-9a-f]{0,4}):([0-9a-f]{0,4})$/i

/** `1:3` of a number. */
export function handleText(handle: number): string {
  const minor = handle & 0xffff
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`
}

type Words = Readonly<Record<string, number>>

/** The number of a handle as tc writes it, or of one of the words. */
function parse(value: unknown, field: string, expected: string, words: Words): number {
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (Object.hasOwn(words, value)) return words[value] ?? 0
  const [, major = '', minor = ''] = written.exec(value) ?? []
  if (major === '' && minor === '') throw wrongValue(field, expected, value)
  return ((Number.parseInt(major || '0', 16) << 16) | Number.parseInt(minor || '0', 16)) >>> 0
}

function handleType(
  expected: string,
  words: Words,
  allowed: (handle: number) => boolean,
  names: ReadonlyMap<number, string> = new Map(Object.entries(words).map(([word, handle]) => [handle, word])),
): Scalar<string> {
  return {
    size: 4,
    fixed: true,
    encode(writer, value, field) {
      const handle = parse(value, field, expected, words)
      if (!allowed(handle)) throw wrongValue(field, expected, value)
      writer.u32(handle)
    },
    decode(reader, at) {
      const handle = reader.u32(at)
      return names.get(handle) ?? handleText(handle)
    },
  }
}

const major = (handle: number): number => handle >>> 16
const minor = (handle: number): number => handle & 0xffff

/** A qdisc's handle: `1:` to `ffff:`. */
export const qdiscHandle = handleType(
  'the handle of a qdisc in hex, such as "1:"',
  {},
  (handle) => major(handle) !== 0 && minor(handle) === 0,
)

const places = { root: TC_H.ROOT, ingress: TC_H.INGRESS }

/** Where a qdisc is: `root`, `ingress` (also of clsact), or a class such as `1:3`. */
export const qdiscParent = handleType(
  '"root", "ingress", or a class in hex, such as "1:3"',
  { ...places, clsact: TC_H.INGRESS },
  (handle) => handle !== 0,
  new Map(Object.entries(places).map(([word, handle]) => [handle, word])),
)

const anyClass = handleType(
  'a class in hex, such as "1:3"',
  {},
  (handle) => major(handle) !== 0 && minor(handle) !== 0 && handle < TC_H.INGRESS,
)

/** A class: `1:3`. struct tcmsg calls it a handle, options call it a classid. */
export const classid: typeof anyClass = {
  ...anyClass,
  encode: (writer, value, _field, siblings) => {
    anyClass.encode(writer, value, 'classid', siblings)
  },
}

/** What a class is below: a qdisc, `1:`, or another class, `1:1`; `root` of those that are directly below the qdisc. */
export const classParent = handleType(
  'a qdisc or class in hex, such as "1:" or "1:1"',
  { root: TC_H.ROOT },
  (handle) => major(handle) !== 0,
)

const hooks = {
  ingress: ((0xffff << 16) | TC_H.MIN_INGRESS) >>> 0,
  egress: ((0xffff << 16) | TC_H.MIN_EGRESS) >>> 0,
}

/** What a filter is at: a qdisc or class, the hooks `ingress` and `egress` of clsact, or `root`, the root qdisc. */
export const filterParent = handleType(
  '"root", "ingress", "egress", or a qdisc or class in hex, such as "1:"',
  { root: 0, ...hooks },
  () => true,
)

/** A class that may be the number 0, which is none. */
export const anyClassid: Scalar<string> = handleType('a class in hex, such as "1:3"', {}, () => true)

/** A 16-bit minor number alone, in hex as in `default 30` of htb: `30`. Other hex numbers of tc are handled alike. */
export function minorOf(value: unknown, field: string): number {
  const expected = 'the minor number of a class in hex, such as "30"'
  if (typeof value !== 'string') throw wrongType(field, expected, value)
  if (!/^(0x)?[0-9a-f]{1,8}$/i.test(value)) throw wrongValue(field, expected, value)
  return checkInteger(Number.parseInt(value, 16), 0, 0xffffffff, field)
}

/** A class by its minor number alone, in hex. */
export const minorClass: Scalar<string> = {
  size: 4,
  fixed: true,
  encode: (writer, value, field) => {
    writer.u32(minorOf(value, field))
  },
  decode: (reader, at, end, siblings) => u32.decode(reader, at, end, siblings).toString(16),
}
