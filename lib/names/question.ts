// One question to one name server, from a socket inside the namespace: by UDP, and by TCP where the answer is too long.
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIPv4, isIPv6, type Socket } from 'node:net'
import {
  decode,
  encode,
  RECURSION_DESIRED,
  streamEncode,
  type Answer as DecodedAnswer,
  type DecodedPacket,
  type Packet,
} from 'dns-packet'
import { AbortError, type Subject } from '../errors'
import { whenAborted } from '../native/abort'
import type { NetnsHandle } from '../native/netns_handle'
import { openSocket } from '../native/socket_jobs'
import { connect } from '../sockets/connection'
import { plainName } from './configuration'

/** Addresses of one family. */
export type RecordType = 'A' | 'AAAA'

/** A query to one server. */
export interface Question {
  readonly name: string
  readonly type: RecordType
  readonly server: string
  /** Milliseconds. */
  readonly timeout: number
  readonly tcpOnly: boolean
  readonly signal: AbortSignal | undefined
}

/**
 * The answer of a server: addresses; no addresses of this type, or no such name; or an error (`no help`). `nobody`: no server has
 * answered.
 */
export type Answer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'none' | 'no name' | 'no help' | 'nobody' }

const port = 53
/** After this many other packets the server counts as silent, as each has to be decoded. */
const mostOthers = 64
const operation = 'NetNs.lookup'

/** Asks the server. Rejects if it cannot be reached, or does not answer in time. */
export async function ask(netns: NetnsHandle, question: Question): Promise<Answer> {
  const { name, type } = question
  const id = randomInt(0x10000)
  const packet: Packet = { type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type, name }] }
  const isAnswer = (data: Buffer): DecodedPacket | undefined => answerTo(data, id, question)
  const short = question.tcpOnly ? undefined : await askByUdp(netns, question, encode(packet), isAnswer)
  const answer = short?.flag_tc === false ? short : await askByTcp(netns, question, streamEncode(packet), isAnswer)
  return meaningOf(answer, question)
}

/** The packet, if it is the answer to the question: others may send packets, too. */
function answerTo(data: Buffer, id: number, { name, type }: Question): DecodedPacket | undefined {
  let packet: DecodedPacket
  try {
    packet = decode(data)
  } catch {
    return undefined
  }
  const [asked] = packet.questions ?? []
  if (packet.id !== id || packet.type !== 'response') return undefined
  // A server that does not understand the question need not repeat it.
  if (asked === undefined) return rcodeOf(packet) === 'NOERROR' ? undefined : packet
  if (asked.type !== type || plainName(asked.name) !== plainName(name)) return undefined
  return packet.answers?.every(isWhole) === false ? undefined : packet
}

/** Whether a record is complete: from an address that is cut short the decoder makes one with missing parts. */
function isWhole(answer: DecodedAnswer): boolean {
  if (answer.type === 'A') return isIPv4(answer.data)
  return answer.type !== 'AAAA' || isIPv6(answer.data)
}

function rcodeOf(packet: DecodedPacket): string {
  return (packet as DecodedPacket & { readonly rcode: string }).rcode
}

function meaningOf(packet: DecodedPacket, { name, type }: Question): Answer {
  const code = rcodeOf(packet)
  if (code === 'NXDOMAIN') return { kind: 'no name' }
  if (code !== 'NOERROR') return { kind: 'no help' }
  // Only records of the name itself, or of the names that its CNAME records lead to.
  const names = new Set([plainName(name)])
  const addresses: string[] = []
  for (const answer of packet.answers ?? []) {
    if (!names.has(plainName(answer.name))) continue
    if (answer.type === 'CNAME') names.add(plainName(answer.data))
    if (answer.type === type) addresses.push(answer.data)
  }
  return addresses.length === 0 ? { kind: 'none' } : { kind: 'addresses', addresses }
}

/** A promise that an event, a time limit or a signal settles; calls `end` then. */
async function settled<Result>(
  subject: Subject,
  { timeout, signal }: Question,
  begin: (resolve: (result: Result) => void, reject: (error: unknown) => void) => void,
  end: () => void,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  let forget: (() => void) | undefined
  try {
    return await new Promise<Result>((resolve, reject) => {
      const abort = (reason: unknown): void => {
        reject(new AbortError(subject, 'unknown', reason, 'a name server'))
      }
      timer = setTimeout(abort, timeout, undefined)
      if (signal !== undefined)
        forget = whenAborted(signal, () => {
          abort(signal.reason)
        })
      begin(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    forget?.()
    end()
  }
}

async function askByUdp(
  netns: NetnsHandle,
  question: Question,
  packet: Buffer,
  isAnswer: (data: Buffer) => DecodedPacket | undefined,
): Promise<DecodedPacket> {
  const [address = '', device] = question.server.split('%', 2)
  const [family, type] = isIPv6(address) ? (['ipv6', 'udp6'] as const) : (['ipv4', 'udp4'] as const)
  const request = { family, type: 'datagram', device } as const
  const opened = await openSocket(operation, netns, request, { signal: question.signal })
  // A socket for each query, so that its port cannot be guessed from others. It is connected: the kernel drops packets that
  // do not come from the server.
  const socket = createSocket(type)
  return settled<DecodedPacket>(
    { operation, netns: netns.label },
    question,
    (resolve, reject) => {
      socket.on('error', reject)
      let others = 0
      socket.on('message', (data) => {
        const answer = isAnswer(data)
        if (answer !== undefined) resolve(answer)
        else if (++others >= mostOthers) reject(new Error('the name server answers what it was not asked'))
      })
      socket.once('connect', () => {
        socket.send(packet)
      })
      socket.bind({ fd: opened.take(), exclusive: true })
      socket.connect(port, address)
    },
    () => {
      opened.close()
      socket.close()
    },
  )
}

async function askByTcp(
  netns: NetnsHandle,
  question: Question,
  packet: Buffer,
  isAnswer: (data: Buffer) => DecodedPacket | undefined,
): Promise<DecodedPacket> {
  const { server: host, timeout, signal } = question
  const socket: Socket = await connect(netns, { host, port, timeout, signal })
  return settled<DecodedPacket>(
    { operation, netns: netns.label },
    question,
    (resolve, reject) => {
      let received = Buffer.alloc(0)
      let others = 0
      socket.on('error', reject)
      socket.on('close', () => {
        reject(new Error('the name server ended the connection'))
      })
      socket.on('data', (data) => {
        received = Buffer.concat([received, data])
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
          const size = received.readUInt16BE()
          const answer = isAnswer(received.subarray(2, 2 + size))
          if (answer !== undefined) resolve(answer)
          received = received.subarray(2 + size)
          if (answer !== undefined || ++others < mostOthers) continue
          reject(new Error('the name server answers what it was not asked'))
          socket.destroy()
          return
        }
      })
      socket.write(packet)
    },
    () => socket.destroy(),
  )
}
