// The addon's jobs on sockets inside a namespace, as promises with errors in our terms.
import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { systemError } from '../errors'
import { addon, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import type { NetnsHandle } from './netns_handle'
import { withNetns } from './with_netns'

/** A socket inside a namespace. */
export interface SocketRequest {
  readonly family: 'ipv4' | 'ipv6' | 'unix'
  readonly type: 'stream' | 'datagram'
  readonly ipv6Only?: boolean | undefined
  readonly reusePort?: boolean | undefined
  /** Connects it to the path instead of binding it. */
  readonly connects?: boolean | undefined
  /** A server will listen on it: Node says `listen` of all that fails on the way to that. */
  readonly serves?: boolean | undefined
  /** The address or path to bind it to; not bound without. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** The only device that it sends and receives by: its name, or its index as text. */
  readonly device?: string | undefined
}

/** A socket inside a namespace that waits to be used, and is closed at the latest with this Worker or process. */
export interface WaitingSocket {
  /** Its descriptor, which then belongs to the caller: for use before anything else can happen. */
  take(): number
  /** Closes it, unless it was taken. */
  close(): void
  /** Closes it in any case, when who was to take it over has failed, and has perhaps closed it himself. */
  reclaim(): void
}

/** Which socket a descriptor is, or undefined if it is none any more. */
function socketAt(fd: number): number | undefined {
  try {
    const status = fstatSync(fd)
    return status.isSocket() ? status.ino : undefined
  } catch {
    return undefined
  }
}

function show({ family, host = '', port = 0 }: SocketRequest): string | undefined {
  if (host === '') return undefined
  if (family === 'unix') return host.replace('\0', '@')
  return `${family === 'ipv6' ? `[${host}]` : host}:${port}`
}

/** What errors of Node's sockets have besides. */
function placeOf({ family, host, port }: SocketRequest): { address?: string; port?: number | undefined } {
  if (host === undefined) return {}
  return family === 'unix' ? { address: host } : { address: host, port }
}

/** The mask of files that this process makes (umask(2)), which the lanes do not share. process.umask() would set it. */
function creationMask(netns: NetnsHandle): number {
  try {
    const [, mask = '22'] = /^Umask:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? []
    return parseInt(mask, 8)
  } catch (error) {
    throw withNetns(error, netns)
  }
}

/** Opens a socket inside a namespace. */
export async function openSocket(
  operation: string,
  netns: NetnsHandle,
  request: SocketRequest,
  options?: CallOptions,
): Promise<WaitingSocket> {
  const {
    family,
    type,
    ipv6Only = false,
    reusePort = false,
    connects = false,
    host = '',
    port = 0,
    device = '',
  } = request
  const mask = family === 'unix' && !connects ? creationMask(netns) : 0
  const start = (): Started =>
    addon.openSocket(
      netns.use(operation),
      family,
      type === 'stream',
      ipv6Only,
      reusePort,
      connects,
      host,
      port,
      mask,
      device,
    )
  const about = { operation, netns: netns.label, detail: show(request) }
  const { errno, call, result: socket } = await runJob<number>(about, start, options)
  if (errno !== 0) {
    const syscall = call === 'bind' && request.serves === true ? 'listen' : call
    throw Object.assign(systemError({ ...about, errno, syscall }), placeOf(request))
  }
  let taken: { readonly fd: number; readonly inode: number } | undefined
  const close = (): void => {
    const fd = addon.takeSocket(socket)
    if (fd >= 0) closeSync(fd)
  }
  return {
    close,
    take() {
      // First what takes long: what is taken and not used yet nobody closes if this Worker is terminated now.
      const inode = addon.socketInode(socket)
      taken = { fd: addon.takeSocket(socket), inode }
      return taken.fd
    },
    reclaim() {
      close()
      // Who has closed it has given its number away, to any thread of this process.
      if (taken !== undefined && socketAt(taken.fd) === taken.inode) closeSync(taken.fd)
    },
  }
}
