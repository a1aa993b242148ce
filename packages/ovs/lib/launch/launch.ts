// Launches a switch: ovsdb-server and ovs-vswitchd in a namespace, with all their files in one directory.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { NetNs } from 'netloom'
import { AbortError, NetloomError, outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { Call, checkCall, type OvsdbCallOptions } from '../ovsdb/calls'
import type { Strings } from '../changes'
import { strings } from '../codecs'
import { Database } from '../database'
import { Daemon } from './daemon'
import { findSchema, requireProgram } from './programs'

/** Options for the launch of a switch. */
export interface LaunchOptions extends OvsdbCallOptions {
  /**
   * The directory for all its files: database, sockets, pid files, logs. It is created if it is missing. An existing database is
   * used, and kept. Default: a new one in the system's directory for temporary files.
   */
  readonly dir?: string | undefined
  /** The namespace in which it runs, and which `close` does not close. Default: a new anonymous one. */
  readonly netns?: NetNs | undefined
  /** Whether `close` keeps database and logs in `dir`. Default: false. */
  readonly keep?: boolean | undefined
  /**
   * Whether packets of veth pairs may come without their checksums, and larger than the MTU, as the kernel passes them on
   * (`other_config:userspace-tso-enable`). Without it, TCP and DHCP through `netdev` bridges need the ends of the pairs to compute
   * checksums. With it, such packets do not go through tunnels. Default: true.
   */
  readonly userspaceTso?: boolean | undefined
  /** More of the switch's `other_config`, set before it starts. */
  readonly otherConfig?: Strings | undefined
}

/** A launched switch. */
export interface Launched extends AsyncDisposable {
  readonly database: Database
  readonly dir: string
  readonly netns: NetNs
  readonly daemons: readonly [server: Daemon, switchd: Daemon]
}

const keys = ['dir', 'netns', 'keep', 'userspaceTso', 'otherConfig']
const defaultTimeout = 10_000
// A socket's address has 107 bytes; the longest name is that of a bridge, with `.mgmt`.
const longestDir = 107 - '/'.length - 15 - '.mgmt'.length

function checkFlag(value: unknown, field: string): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
}

function checkDir(dir: unknown): string | undefined {
  if (dir === undefined) return undefined
  if (typeof dir !== 'string') throw wrongType('dir', 'a path', dir)
  if (dir === '' || dir.includes('\0')) throw wrongValue('dir', 'a path', dir)
  // It becomes a part of arguments that the programs split at these characters.
  if (/[\s,;:]/.test(dir)) throw wrongValue('dir', 'a path without white space, "," , ";" and ":"', dir)
  const path = resolve(dir)
  if (Buffer.byteLength(path) > longestDir)
    throw outOfRange('dir', `at most ${longestDir} bytes, because of sockets`, dir)
  return path
}

/** A directory from which all files are removed at the end that did not exist before. */
class Directory {
  readonly path: string
  readonly #before: ReadonlySet<string> | undefined

  constructor(path: string | undefined) {
    this.path = path ?? mkdtempSync(join(tmpdir(), 'netloom-ovs-'))
    const made = path === undefined || mkdirSync(path, { recursive: true }) !== undefined
    this.#before = made ? undefined : new Set(readdirSync(this.path))
  }

  remove(keep: boolean): void {
    const stays = (name: string): boolean => (keep && /\.(db|log|err)$/.test(name)) || this.#before?.has(name) === true
    if (!keep && this.#before === undefined) {
      rmSync(this.path, { recursive: true, force: true })
      return
    }
    // Another program may have removed it.
    for (const name of existsSync(this.path) ? readdirSync(this.path) : []) {
      if (!stays(name)) rmSync(join(this.path, name), { recursive: true, force: true })
    }
  }
}

/** The cleanup steps, which run in reverse order. Node 20 has no AsyncDisposableStack. */
class Steps {
  readonly #undo: (() => unknown)[] = []

  defer(undo: () => unknown): void {
    this.#undo.push(undo)
  }

  async disposeAsync(): Promise<void> {
    const failures: unknown[] = []
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

async function createDatabase(file: string): Promise<void> {
  if (existsSync(file)) return
  await promisify(execFile)(requireProgram('ovsdb-tool'), ['create', file, findSchema()])
}

/** Connects to a server that is starting. Throws the reason if it does not start. */
async function connected(server: Daemon, remote: string, signal: AbortSignal): Promise<Database> {
  const enough = new AbortController()
  const end = AbortSignal.any([signal, enough.signal])
  void server.ended.then(() => {
    enough.abort()
  })
  try {
    await server.started(end)
    return await Database.open({ remotes: remote, persistent: true, backoff: { min: 4, max: 16 }, signal: end })
  } catch (error) {
    if (server.end !== undefined) throw launchError(server.end)
    throw error
  }
}

function launchError(why: string): NetloomError {
  return new NetloomError(`OpenVswitch.launch: ${why}`, 'ERR_NETLOOM_OVS_LAUNCH', { operation: 'OpenVswitch.launch' })
}

/** Starts a switch, and resolves when it is ready. */
export async function launch(options: LaunchOptions = {}): Promise<Launched> {
  checkCall(options, keys)
  const { keep = false, userspaceTso = true, otherConfig = {}, signal, timeout = defaultTimeout } = options
  checkFlag(options.keep, 'keep')
  checkFlag(options.userspaceTso, 'userspaceTso')
  const config = {
    ...(userspaceTso && { 'userspace-tso-enable': 'true' }),
    ...(strings.write(otherConfig, 'otherConfig') as Strings),
  }
  const path = checkDir(options.dir)
  if (options.netns !== undefined && !(options.netns instanceof NetNs)) {
    throw wrongType('netns', 'a NetNs', options.netns)
  }
  for (const name of ['ovsdb-server', 'ovs-vswitchd', 'ovsdb-tool']) requireProgram(name)

  using call = new Call('OpenVswitch.launch', { signal, timeout })
  call.check()
  const ending = new AbortController()
  const end = ending.signal
  call.onEnd(() => {
    ending.abort()
  })
  const steps = new Steps()
  try {
    const directory = new Directory(path)
    steps.defer(() => {
      directory.remove(keep)
    })
    const dir = directory.path
    const netns = options.netns ?? (await NetNs.create())
    if (options.netns === undefined)
      steps.defer(() => {
        netns.close()
      })
    const file = join(dir, 'conf.db')
    await createDatabase(file)
    const socket = join(dir, 'db.sock')
    const server = new Daemon('ovsdb-server', netns, dir, [file, `--remote=punix:${socket}`])
    steps.defer(() => server.stop())
    const database = await connected(server, `unix:${socket}`, end)
    steps.defer(() => database.close())
    await database.client.transaction(
      (tx) => {
        const { root } = database
        if (root === undefined) tx.insert('Open_vSwitch', { other_config: config })
        else tx.mutate(root, { other_config: { delete: Object.keys(config), insert: config } })
      },
      { signal: end },
    )
    const switchd = new Daemon('ovs-vswitchd', netns, dir, [`unix:${socket}`])
    steps.defer(() => switchd.stop())
    // Reports if they end by themselves, until `close`.
    const watching = new AbortController()
    for (const [daemon, what] of [
      [switchd, 'switch'],
      [server, 'server'],
    ] as const) {
      void daemon.ended.then(async () => {
        if (!watching.signal.aborted) await database.lose(daemon.end ?? `${daemon.name} ended`, what)
      })
    }
    steps.defer(() => {
      watching.abort()
    })
    await database.settle('OpenVswitch.launch', { signal: end })
    return { database, dir, netns, daemons: [server, switchd], [Symbol.asyncDispose]: () => steps.disposeAsync() }
  } catch (error) {
    await steps.disposeAsync()
    // Nothing is left of it.
    if (error instanceof AbortError) throw call.error('none')
    throw error
  }
}
