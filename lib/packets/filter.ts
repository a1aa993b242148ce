// Classic BPF: the filters of sockets, as instructions (linux/filter.h, Documentation/networking/filter.rst).
import { endianness } from 'node:os'
import { checkInteger } from '../wire/integers'
import { checkArray, outOfRange, wrongType, wrongValue } from '../wire/invalid'

/**
 * An instruction of a filter (`struct sock_filter`): operation, how many instructions to skip if a comparison is true
 * and if not, operand. As `tcpdump -ddd` prints them.
 */
export type FilterInstruction = readonly [code: number, jt: number, jf: number, k: number]

/** BPF_MAXINSNS. */
const mostInstructions = 4096
const mostK = 0xffffffff
const leastK = -0x80000000

/** Classes of instructions (linux/bpf_common.h). */
const Class = { ld: 0x00, ldx: 0x01, st: 0x02, stx: 0x03, alu: 0x04, jmp: 0x05, ret: 0x06, misc: 0x07 } as const
const [shiftLeft, shiftRight, divide, modulo] = [0x60, 0x70, 0x30, 0x90] as const
const jumpAlways = 0x05

function codes(): ReadonlySet<number> {
  const all: number[] = []
  for (const size of [0x00, 0x08, 0x10]) for (const mode of [0x20, 0x40]) all.push(Class.ld | size | mode)
  // Immediate, a word of the scratch memory, the length of the packet.
  for (const mode of [0x00, 0x60, 0x80]) all.push(Class.ld | mode, Class.ldx | mode)
  all.push(0xb1, Class.st, Class.stx) // 0xb1 (BPF_MSH): four times the low half of a byte
  for (let operation = 0x00; operation <= 0xa0; operation += 0x10) {
    all.push(Class.alu | operation)
    if (operation !== 0x80) all.push(Class.alu | operation | 0x08) // neg has no operand
  }
  all.push(jumpAlways)
  for (const test of [0x10, 0x20, 0x30, 0x40]) all.push(Class.jmp | test, Class.jmp | test | 0x08)
  all.push(Class.ret, Class.ret | 0x10, Class.misc, Class.misc | 0x80)
  return new Set(all)
}

const known = codes()

/** Checks one instruction as the kernel's bpf_check_classic() does, so that the error names it. */
function checkInstruction(value: unknown, at: number, count: number, field: string): FilterInstruction {
  if (!Array.isArray(value) || value.length !== 4) throw wrongType(field, '[code, jt, jf, k]', value)
  const [code, jt, jf, k] = value as [number, number, number, number]
  checkInteger(code, 0, 0xffff, `${field}[0]`)
  checkInteger(jt, 0, 0xff, `${field}[1]`)
  checkInteger(jf, 0, 0xff, `${field}[2]`)
  checkInteger(k, leastK, mostK, `${field}[3]`)
  if (!known.has(code)) throw wrongValue(`${field}[0]`, 'the code of an instruction', code)
  const left = count - at - 1
  const [kind, operation] = [code & 0x07, code & 0xf0]
  if (kind === Class.jmp) {
    if (code === jumpAlways) {
      if (k >>> 0 >= left) throw outOfRange(`${field}[3]`, `less than ${left}: a jump within the filter`, k)
    } else if (jt >= left) throw outOfRange(`${field}[1]`, `less than ${left}: a jump within the filter`, jt)
    else if (jf >= left) throw outOfRange(`${field}[2]`, `less than ${left}: a jump within the filter`, jf)
  }
  if (kind === Class.alu && (code & 0x08) === 0) {
    if ((operation === divide || operation === modulo) && k === 0)
      throw outOfRange(`${field}[3]`, 'not 0: a divisor', k)
    if ((operation === shiftLeft || operation === shiftRight) && k >>> 0 >= 32) {
      throw outOfRange(`${field}[3]`, 'less than 32: bits to shift by', k)
    }
  }
  const memory = kind === Class.st || kind === Class.stx || (kind <= Class.ldx && (code & 0xe0) === 0x60)
  if (memory && k >>> 0 >= 16) throw outOfRange(`${field}[3]`, 'less than 16: a word of the scratch memory', k)
  return [code, jt, jf, k]
}

/** Checks a filter, and encodes it for the kernel. */
export function encodeFilter(value: unknown, field = 'filter'): Uint8Array {
  const count = checkArray(value, field, 'an array of instructions', mostInstructions).length
  if (count < 1 || count > mostInstructions) {
    throw outOfRange(field, `of 1 to ${mostInstructions} instructions`, value)
  }
  const bytes = new Uint8Array(8 * count)
  const view = new DataView(bytes.buffer)
  const little = endianness() === 'LE'
  for (let i = 0; i < count; i++) {
    const [code, jt, jf, k] = checkInstruction((value as unknown[])[i], i, count, `${field}[${i}]`)
    view.setUint16(8 * i, code, little)
    bytes[8 * i + 2] = jt
    bytes[8 * i + 3] = jf
    view.setUint32(8 * i + 4, k >>> 0, little)
  }
  const [last = 0] = (value as FilterInstruction[])[count - 1] ?? []
  if ((last & 0x07) !== Class.ret) throw wrongValue(`${field}[${count - 1}]`, 'a return: the last instruction', last)
  return bytes
}
