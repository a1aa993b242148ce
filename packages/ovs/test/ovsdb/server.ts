// ovsdb-server as a child, in the foreground, in a directory of its own: the real one, none of the system's.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { patience } from '../../../../test/support/patience'

const schemas = join(__dirname, '../../lib/ovsdb/schemas')

/** The schemas that netloom brings along. */
export const vswitchSchema = join(schemas, 'vswitch.ovsschema')
export const northboundSchema = join(schemas, 'ovn-nb.ovsschema')

/** A directory that goes when it is disposed. */
export class Directory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'netloom-ovsdb-'))

  join(name: string): string {
    return join(this.path, name)
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** A program of Open vSwitch, its files in a directory. */
export function ovsdb(dir: string, program: string, ...args: string[]): string {
  const env = { ...process.env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir, OVS_SYSCONFDIR: dir }
  return execFileSync(program, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

async function reachable(socket: string): Promise<boolean> {
  const probe = connect(socket)
  try {
    await once(probe, 'connect')
    return true
  } catch {
    return false
  } finally {
    probe.destroy()
  }
}

interface ServerOptions {
  /** An .ovsschema file; for a database that is there already, undefined. */
  readonly schema?: string
  /** Makes the database file by other means than a schema. */
  readonly prepare?: (file: string) => void
  /** The name of the database file. */
  readonly name?: string
  readonly directory?: Directory
  /** More arguments, such as `--remote=ptcp:0:127.0.0.1`. */
  readonly args?: readonly string[]
  /** Starts the process; by default here. */
  readonly within?: <T>(start: () => T) => T
}

/** One server. */
export class Server implements AsyncDisposable {
  readonly directory: Directory
  readonly socket: string
  readonly #database: string
  readonly #options: ServerOptions
  #child: ChildProcess | undefined

  private constructor(options: ServerOptions) {
    this.#options = options
    this.directory = options.directory ?? new Directory()
    const name = options.name ?? 'conf'
    this.#database = this.directory.join(`${name}.db`)
    this.socket = this.directory.join(`${name}.sock`)
    options.prepare?.(this.#database)
    if (options.schema !== undefined) {
      ovsdb(this.directory.path, 'ovsdb-tool', 'create', this.#database, options.schema)
    }
  }

  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(options)
    await server.start()
    return server
  }

  /** Where clients find it. */
  get remote(): string {
    return `unix:${this.socket}`
  }

  get pid(): number {
    return this.#child!.pid!
  }

  async start(): Promise<void> {
    const dir = this.directory.path
    const env = { ...process.env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir, OVS_SYSCONFDIR: dir }
    const args = [
      this.#database,
      `--remote=punix:${this.socket}`,
      `--unixctl=${this.socket}.ctl`,
      '--verbose=off',
      ...(this.#options.args ?? []),
    ]
    const within = this.#options.within ?? ((start) => start())
    // A file, not our own standard error: a process that held that would keep jest waiting for its end.
    const said = this.directory.join('stderr')
    const stderr = openSync(said, 'w')
    const child = within(() => spawn('ovsdb-server', args, { env, stdio: ['ignore', 'ignore', stderr] }))
    closeSync(stderr)
    this.#child = child
    try {
      const deadline = Date.now() + patience
      // It opens its sockets one after the other, that for control not first, and answers there when all are open.
      while (!(await reachable(this.socket)) || !(await reachable(`${this.socket}.ctl`))) {
        if (child.exitCode !== null || Date.now() > deadline)
          throw new Error(`ovsdb-server does not start: ${readFileSync(said, 'utf8')}`)
        await sleep(5)
      }
      this.control('version')
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw error
    }
  }

  /** What ovs-appctl says to it. */
  control(...command: string[]): string {
    return ovsdb(this.directory.path, 'ovs-appctl', '-t', `${this.socket}.ctl`, ...command)
  }

  /** What ovsdb-client, the oracle, gets by a transaction. */
  transact(database: string, ...operations: unknown[]): unknown[] {
    const words = JSON.stringify([database, ...operations])
    return JSON.parse(ovsdb(this.directory.path, 'ovsdb-client', 'transact', this.remote, words)) as unknown[]
  }

  /** Ends it: killed, unless told otherwise. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    if (this.#options.directory === undefined) this.directory[Symbol.dispose]()
  }
}
