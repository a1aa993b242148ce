// Lists and destroys the sockets of a namespace (sock_diag(7)): one job, with a step for each kind.
import { AbortError, NetloomError, systemError } from '../errors'
import { errnoNumber } from '../errno'
import { Ending, Lane } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { withNetns } from '../native/with_netns'
import { NETLINK } from '../netlink/constants'
import type { Message, Received } from '../netlink/message'
import { nothing, type Operation, type Step } from '../netlink/operation'
import { perform } from '../netlink/perform'
import { decodeInet, destruction, inetRequests, type InetSocketInfo } from './inet'
import { decodeNetlink, netlinkRequest, type NetlinkSocketInfo } from './netlink'
import {
  checkDestroyed,
  checkSockets,
  isInet,
  type Filtering,
  type InetProtocol,
  type SocketFilter,
  type SocketProtocol,
  type SocketsOptions,
  type Details,
} from './options'
import { decodePacket, packetRequest, type PacketSocketInfo } from './packet'
import { processesOf } from './processes'
import { decodeUnix, unixRequest, type UnixSocketInfo } from './unix'

/** A socket of any kind; `protocol` tells which. */
export type SocketInfo<Protocol extends SocketProtocol = SocketProtocol> = Protocol extends InetProtocol
  ? InetSocketInfo<Protocol>
  : Protocol extends 'unix'
    ? UnixSocketInfo
    : Protocol extends 'packet'
      ? PacketSocketInfo
      : NetlinkSocketInfo

/** A filter for the sockets over IP to destroy. */
export interface DestroyedSockets extends SocketFilter {
  /** Of these protocols. Default: `tcp` and `udp`. */
  protocol?: Exclude<InetProtocol, 'mptcp'> | readonly Exclude<InetProtocol, 'mptcp'>[] | undefined
}

interface Part<Made> {
  readonly protocol: SocketProtocol
  readonly request: Message
  readonly decode: (received: Received) => Made | undefined
}

function partsOf(protocol: SocketProtocol, filtering: Filtering, details: Details): Part<SocketInfo>[] {
  if (isInet(protocol)) {
    return inetRequests(protocol, filtering, details).map((request) => ({
      protocol,
      request,
      decode: (received) => decodeInet(received, protocol),
    }))
  }
  switch (protocol) {
    case 'unix':
      return [{ protocol, request: unixRequest(filtering, details), decode: decodeUnix }]
    case 'packet':
      return [{ protocol, request: packetRequest(details), decode: decodePacket }]
    case 'netlink':
      return [{ protocol, request: netlinkRequest(details), decode: decodeNetlink }]
  }
}

function reading<Made>(name: string, netns: NetnsHandle, parts: readonly Part<Made>[]): Operation<Made[]> {
  return {
    name,
    protocol: NETLINK.SOCK_DIAG,
    lane: Lane.read,
    netns,
    steps: parts.map(({ request }): Step => ({ netns, messages: [request], ending: Ending.dump })),
    result(answers) {
      const found: Made[] = []
      for (const [step, { decode }] of parts.entries()) {
        answers.forEach(step, (received) => {
          const made = decode(received)
          if (made !== undefined) found.push(made)
        })
      }
      return found
    },
    recover(error) {
      const protocols = new Set(parts.map(({ protocol }) => protocol))
      throw explained(error, name, netns, [...protocols])
    },
  }
}

/** For a kind of socket that the kernel cannot list it returns only ENOENT: adds an explanation. */
function explained(error: unknown, name: string, netns: NetnsHandle, protocols: readonly string[]): unknown {
  if (!(error instanceof NetloomError) || error.code !== 'ENOENT') return error
  return systemError({
    operation: name,
    errno: errnoNumber('EPROTONOSUPPORT') ?? 0,
    syscall: error.syscall,
    netns: netns.label,
    detail: `this kernel does not list all of ${protocols.join(', ')}: a module such as raw_diag or unix_diag is missing`,
  })
}

async function addProcesses(
  sockets: readonly SocketInfo[],
  netns: NetnsHandle,
  where: true | 'everywhere',
  call: CallOptions | undefined,
): Promise<void> {
  const { signal } = call ?? {}
  const inodes = new Set(sockets.map(({ inode }) => inode))
  const inside = where === true ? netns.identity.inode : undefined
  const found = await processesOf(inodes, inside, signal).catch((error: unknown) => {
    throw withNetns(error, netns)
  })
  if (signal?.aborted === true) {
    throw new AbortError({ operation: 'sockets', netns: netns.label }, 'none', signal.reason)
  }
  for (const socket of sockets) socket.processes = socket.inode === 0 ? [] : (found.get(socket.inode) ?? [])
}

/** `ns.sockets` */
export async function listSockets<Protocol extends SocketProtocol>(
  netns: NetnsHandle,
  options: SocketsOptions<Protocol> | undefined,
  call: CallOptions | undefined,
): Promise<SocketInfo<Protocol>[]> {
  const checked = checkSockets(options)
  const parts = checked.protocols.flatMap((protocol) => partsOf(protocol, checked, checked))
  const sockets = await perform(reading('sockets', netns, parts), call)
  if (checked.processes !== false) await addProcesses(sockets, netns, checked.processes, call)
  return sockets as SocketInfo<Protocol>[]
}

const nothingAsked: Details = { info: false, memory: false, processes: false }

/** The errno for sockets that were closed meanwhile. */
const gone: ReadonlySet<number> = new Set([errnoNumber('ENOENT') ?? 0])

/** `ns.destroySockets` */
export async function destroySockets(
  netns: NetnsHandle,
  options: DestroyedSockets,
  call: CallOptions | undefined,
): Promise<InetSocketInfo[]> {
  const name = 'destroySockets'
  const filtering = checkDestroyed(options)
  const parts = (filtering.protocols as readonly InetProtocol[]).flatMap((protocol) =>
    inetRequests(protocol, filtering, nothingAsked).map((request) => ({
      protocol,
      request,
      decode(received: Received) {
        const socket = decodeInet(received, protocol)
        const message = destruction(received, protocol)
        return socket === undefined || message === undefined ? undefined : { socket, message }
      },
    })),
  )
  const found = await perform(reading(name, netns, parts), call)
  if (found.length === 0) return []
  const messages = found.map(({ message }) => message)
  // Each message has the cookie: a newer socket with the same addresses is not destroyed.
  await perform(
    {
      name,
      protocol: NETLINK.SOCK_DIAG,
      lane: Lane.mutation,
      netns,
      steps: [{ netns, messages, ending: Ending.ack, tolerate: gone, lasting: true }],
      result: nothing,
    },
    call,
  )
  return found.map(({ socket }) => socket)
}
