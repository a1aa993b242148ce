// Connects a namespace to the outside without privilege over the host's network: by a program in user space that forwards
// packets.
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { noteOpened } from '../native/opened'
import { findNamespacesToJoin } from '../native/rootless_jobs'
import { findProgram } from '../programs'
import { Addresses } from '../route/addresses'
import { wrongType, wrongValue } from '../wire/invalid'
import { checkDeviceName } from '../wire/device'

/** The programs that can connect a namespace to the outside. */
export type OutsideProgram = 'slirp4netns' | 'pasta'

/** Options of `NetNs.connectOutside`. */
export interface OutsideOptions extends CallOptions {
  /** Which program forwards. Default: slirp4netns if it is installed, else pasta (Debian's package passt). */
  via?: OutsideProgram | undefined
  /** The name of the device that it makes in the namespace. Default: tap0. */
  dev?: string | undefined
  /**
   * Whether servers on the host's loopback can be reached from inside, at the gateway's address. Default: false, as such
   * servers rely on being unreachable from elsewhere.
   */
  hostLoopback?: boolean | undefined
}

const keys = ['via', 'dev', 'hostLoopback']
const programs: readonly OutsideProgram[] = ['slirp4netns', 'pasta']
/** The time limit for the start, which takes milliseconds unless the machine is busy. */
const patienceMs = 10_000
const operation = 'NetNs.connectOutside'

/** A connection of a namespace to the network outside. It ends when it is closed, and with this process. */
export class Outside implements AsyncDisposable {
  /** Which program forwards. */
  readonly via: OutsideProgram
  /** The device in the namespace, which has an address and a default route. */
  readonly dev: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>

  /** @internal NetNs.connectOutside */
  constructor(via: OutsideProgram, dev: string, child: ChildProcess) {
    this.via = via
    this.dev = dev
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('close', resolve))
  }

  /** The process id of the program. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Ends the program, which removes the device and breaks all connections through it. May be called again. */
  async close(): Promise<void> {
    if (this.closed) return
    this.#child.ref()
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** For `await using`: `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** NetNs.connectOutside */
export async function connectOutside(netns: NetnsHandle, options: OutsideOptions = {}): Promise<Outside> {
  checkCallOptions(options, keys)
  const { via, dev = 'tap0', hostLoopback = false, signal, timeout = patienceMs } = options
  if (via !== undefined && !programs.includes(via)) throw wrongValue('via', '"slirp4netns" or "pasta"', via)
  if (typeof hostLoopback !== 'boolean') throw wrongType('hostLoopback', 'a boolean', hostLoopback)
  if (checkDeviceName(dev, 'dev').startsWith('-')) throw wrongValue('dev', 'a name that begins with no "-"', dev)
  netns.use(operation)
  const subject = { operation, netns: netns.label }
  if (signal?.aborted === true) throw new AbortError(subject, 'none', signal.reason)
  const found = installed(via, netns.label)
  const toJoin = await findNamespacesToJoin(operation, netns, { signal })
  const last = toJoin.at(-1)
  if (last === undefined) throw wrongValue('netns', 'another one than that of this process', netns.label)
  const place: NamespaceDescriptors = { net: last.fd, user: toJoin.length > 1 ? toJoin[0]?.fd : undefined }
  const { outside, said } = start(found, place, dev, hostLoopback)
  try {
    await ready(outside, said, netns, { signal, timeout })
  } catch (error) {
    await outside.close()
    throw error
  }
  const { inode } = netns.identity
  noteOpened(outside, { kind: 'connection', label: netns.label, inode, isOpen: () => !outside.closed }, connectOutside)
  return outside
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** A program, and its path. */
interface Installed {
  readonly program: OutsideProgram
  readonly path: string
}

function installed(via: OutsideProgram | undefined, netns: string): Installed {
  for (const program of via === undefined ? programs : [via]) {
    const path = findProgram(program)
    if (path !== undefined) return { program, path }
  }
  throw new NetloomError(
    `${operation}: ${via ?? 'neither slirp4netns nor pasta'} is ${via === undefined ? '' : 'not '}installed ` +
      '(Debian’s packages slirp4netns and passt)',
    'ERR_NETLOOM_NOT_INSTALLED',
    { operation, netns },
  )
}

/** The descriptors of the namespace, and of its owning user namespace, which the program enters first. */
interface NamespaceDescriptors {
  readonly net: number
  readonly user: number | undefined
}

/** The read end of a pipe that closes when this process ends, however that ends. slirp4netns exits then by itself. */
const lifeline = 3

/**
 * pasta does not, and loses PR_SET_PDEATHSIG when it drops its privileges. So a child, which the shell starts before it
 * executes pasta, reads the lifeline and then kills pasta. It checks its parent first: pasta's pid can be reused only once the
 * child has another parent.
 */
const watched = `
  (
    trap '' INT HUP
    read -r end <&${lifeline}
    while read -r key value; do
      [ "$key" = PPid: ] && [ "$value" = "$$" ] && kill -KILL "$$"
    done </proc/self/status
  ) </dev/null >/dev/null 2>&1 &
  exec "$0" "$@" ${lifeline}<&-
`

function argumentsOf(
  program: OutsideProgram,
  { net, user }: NamespaceDescriptors,
  dev: string,
  hostLoopback: boolean,
): string[] {
  if (program === 'slirp4netns') {
    const options = ['--configure', '--mtu=65520', `--exit-fd=${lifeline}`, '--netns-type=path']
    if (!hostLoopback) options.push('--disable-host-loopback')
    if (user !== undefined) options.push(`--userns-path=/proc/${process.pid}/fd/${user}`)
    return [...options, `/proc/${process.pid}/fd/${net}`, dev]
  }
  // No ports are forwarded, in either direction.
  const none = ['-t', 'none', '-u', 'none', '-T', 'none', '-U', 'none']
  const options = ['--config-net', '--foreground', '--quiet', '--ns-ifname', dev, '--no-netns-quit', ...none]
  // It opens the namespace from within the user namespace, where it may not read this process's /proc/PID any more; and it
  // closes all descriptors but the first three. So the namespaces are its standard input and output.
  options.push('--netns', '/proc/self/fd/0')
  options.push(...(user === undefined ? ['--netns-only', '--runas', '0'] : ['--userns', '/proc/self/fd/1']))
  if (!hostLoopback) options.push('--no-map-gw')
  return options
}

function start(
  { program, path }: Installed,
  place: NamespaceDescriptors,
  dev: string,
  hostLoopback: boolean,
): { outside: Outside; said: () => string } {
  const args = argumentsOf(program, place, dev, hostLoopback)
  const [command, all] = program === 'pasta' ? (['/bin/sh', ['-c', watched, path, ...args]] as const) : [path, args]
  const toJoin: StdioOptions = program === 'pasta' ? [place.net, place.user ?? 'ignore'] : ['ignore', 'ignore']
  const child: ChildProcess = spawn(command, all, { stdio: [...toJoin, 'pipe', 'pipe'], cwd: '/' })
  let text = ''
  child.stderr?.on('data', (data: Buffer) => {
    text = `${text}${data.toString()}`.slice(-2000)
  })
  child.once('error', (error) => {
    text += error.message
  })
  // It does not keep this process alive, and ends with it.
  child.unref()
  for (const stream of child.stdio) (stream as Partial<Socket> | null)?.unref?.()
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => {
    process.off('exit', end)
    child.stdio[lifeline]?.destroy()
  })
  return { outside: new Outside(program, dev, child), said: () => text.trim().replaceAll('\n', '; ') }
}

/** Waits until the device has an address. */
async function ready(
  outside: Outside,
  said: () => string,
  netns: NetnsHandle,
  { signal, timeout }: { signal: AbortSignal | undefined; timeout: number },
): Promise<void> {
  const addresses = new Addresses(netns)
  const subject = { operation, netns: netns.label }
  const deadline = performance.now() + timeout
  for (;;) {
    if (outside.closed || outside.pid === undefined) {
      await sleep(0)
      const hint = may('/dev/net/tun', constants.R_OK | constants.W_OK)
        ? ''
        : '; /dev/net/tun is not there for this user'
      const message = `${operation}: ${outside.via} ended: ${said()}${hint}`
      throw new NetloomError(message, 'ERR_NETLOOM_OUTSIDE_FAILED', subject)
    }
    if (signal?.aborted === true) throw new AbortError(subject, 'unknown', signal.reason, outside.via)
    if (performance.now() > deadline) throw new AbortError(subject, 'unknown', undefined, outside.via)
    const found = await addresses.list({ dev: outside.dev, scope: 'global' }, { signal }).catch(() => [])
    if (found.length > 0) return
    await sleep(10)
  }
}
