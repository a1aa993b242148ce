// Programs that the kernel runs for each socket to filter sockets (INET_DIAG_REQ_BYTECODE, linux/inet_diag.h).
//
// An instruction is a test with two jumps forward. `yes` has to jump to the next instruction, as the kernel verifies programs
// along these jumps; `no` jumps to a later one, or to four bytes beyond the end, which rejects the socket.
import type { Device } from '../wire/device'
import { device } from '../wire/device'
import { AF_INET, AF_INET6, type Prefix } from '../wire/ip'
import type { Type } from '../wire/type'
import type { Writer } from '../wire/writer'

const INET_DIAG_BC = {
  JMP: 1,
  S_GE: 2,
  S_LE: 3,
  D_GE: 4,
  D_LE: 5,
  S_COND: 7,
  D_COND: 8,
  DEV_COND: 9,
  MARK_COND: 10,
  CGROUP_COND: 13,
} as const

const headerSize = 4

interface Instruction {
  readonly code: number
  /** In bytes, with its operands. */
  readonly size: number
  /** The jump if the test fails, in bytes. */
  readonly no: number
  readonly write: (writer: Writer) => void
}

/** A program, or a part of one. */
export type Program = readonly Instruction[]

const sizeOf = (program: Program): number => program.reduce((size, instruction) => size + instruction.size, 0)

function test(code: number, argumentSize: number, write: Instruction['write']): Program {
  const size = headerSize + argumentSize
  return [{ code, size, no: size + headerSize, write }]
}

/** An end of a connection. */
export type End = 'local' | 'remote'

/** The address of an end begins with a prefix, or it has this port; an IPv4 prefix also matches IPv4-mapped IPv6 addresses. */
function host(end: End, family: number, length: number, port: number, address: Uint8Array): Program {
  const code = end === 'local' ? INET_DIAG_BC.S_COND : INET_DIAG_BC.D_COND
  return test(code, 8 + address.length, (writer) => {
    writer.u8(family)
    writer.u8(length)
    writer.u16(0)
    writer.u32(port >>> 0)
    writer.bytes(address)
  })
}

/** An end's address begins with a prefix. */
export function inPrefix(end: End, { family, length, bytes }: Prefix): Program {
  return host(end, family === 'ipv4' ? AF_INET : AF_INET6, length, -1, bytes)
}

/** An end has this port. */
export function hasPort(end: End, port: number): Program {
  return host(end, 0, 0, port, new Uint8Array())
}

/** An end's port is one of these. */
export function portBetween(end: End, from: number, to: number): Program {
  // The port is in the field `no` of a second instruction.
  const compare = (code: number, port: number): Program =>
    test(code, headerSize, (writer) => {
      writer.u16(0)
      writer.u16(port)
    })
  const { S_GE, S_LE, D_GE, D_LE } = INET_DIAG_BC
  return all([compare(end === 'local' ? S_GE : D_GE, from), compare(end === 'local' ? S_LE : D_LE, to)])
}

/** The socket is bound to this device; a name is looked up when the request is sent. */
export function boundTo(dev: Device): Program {
  return test(INET_DIAG_BC.DEV_COND, 4, (writer) => {
    device.encode(writer, dev, 'dev', {})
  })
}

/** Its packets have this mark, in the bits of the mask. */
export function hasMark(mark: number, mask: number): Program {
  return test(INET_DIAG_BC.MARK_COND, 8, (writer) => {
    writer.u32(mark)
    writer.u32(mask)
  })
}

/** It was created in this cgroup. */
export function inCgroup(id: bigint): Program {
  return test(INET_DIAG_BC.CGROUP_COND, 8, (writer) => {
    writer.u64(id)
  })
}

/** Both hold. Rejecting jumps of the first lead beyond the end of the second. */
function both(first: Program, second: Program): Program {
  const beyond = sizeOf(first) + headerSize
  const more = sizeOf(second)
  let at = 0
  const longer = first.map((instruction) => {
    const refuses = at + instruction.no === beyond
    at += instruction.size
    return refuses ? { ...instruction, no: instruction.no + more } : instruction
  })
  return [...longer, ...second]
}

/** One holds. Rejecting jumps of the first lead to the second, which follows a jump over it. */
function either(first: Program, second: Program): Program {
  const jump = { code: INET_DIAG_BC.JMP, size: headerSize, no: headerSize + sizeOf(second), write: () => undefined }
  return [...first, jump, ...second]
}

/** All of them hold. */
export function all(programs: readonly Program[]): Program {
  return programs.reduce(both, [])
}

/** One of them holds; there has to be one. */
export function any(programs: readonly Program[]): Program {
  return programs.reduceRight((rest, program) => either(program, rest))
}

/** A program in a message. */
export const program: Type<Program> = {
  size: 0,
  encode(writer, instructions) {
    for (const { code, size, no, write } of instructions) {
      writer.u8(code)
      writer.u8(size)
      writer.u16(no)
      write(writer)
    }
  },
  // The kernel never sends one.
  decode: () => [],
}
