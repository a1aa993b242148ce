// Runs a program of Open vSwitch as a child in the foreground, with its files in one directory.
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from 'netloom'
import { AbortError } from 'netloom/errors'
import { startInside } from './inside'
import { requireProgram } from './programs'

/** The time that a program has to end after SIGTERM, in milliseconds. */
const patience = 3000

/** How a program has ended. */
export interface Ending {
  /** Its exit code; null if a signal ended it. */
  readonly code: number | null
  /** The signal that ended it. */
  readonly signal: NodeJS.Signals | null
}

/** A running program. */
export class Daemon {
  readonly name: string
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<Ending>
  readonly #child: ChildProcess
  readonly #dir: string
  #ending: Ending | undefined
  #failure: Error | undefined

  /**
   * Starts `name ARGS` with its pid file and log in a directory, and its socket for control, which is called as
   * `OVS_RUNDIR=DIR ovs-appctl` looks for it: by its name and number.
   */
  constructor(name: string, netns: NetNs, dir: string, args: readonly string[]) {
    this.name = name
    this.#dir = dir
    const env = { ...process.env, OVS_RUNDIR: dir, OVS_DBDIR: dir, OVS_LOGDIR: dir, OVS_SYSCONFDIR: dir }
    const own = [
      '-vconsole:off', // before the log file, whose opening it would log
      `--pidfile=${join(dir, `${name}.pid`)}`,
      `--log-file=${join(dir, `${name}.log`)}`,
    ]
    const program = requireProgram(name)
    // A file and no pipe, as the program may outlive this process.
    const stderr = openSync(join(dir, `${name}.err`), 'w')
    try {
      const stdio = ['ignore', 'ignore', stderr] as const
      this.#child = startInside(netns, program, [...args, ...own], { env, cwd: dir, stdio: [...stdio] })
    } finally {
      closeSync(stderr)
    }
    this.ended = new Promise((resolve) => {
      const end = (ending: Ending): void => {
        this.#ending ??= ending
        resolve(ending)
      }
      this.#child.once('error', (error) => {
        this.#failure = error
        end({ code: null, signal: null })
      })
      this.#child.once('exit', (code, signal) => {
        end({ code, signal })
      })
    })
  }

  /** Its process. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /**
   * Resolves when the pid file has its pid: then no other program uses the directory, and the sockets there are its own.
   */
  async started(signal: AbortSignal): Promise<void> {
    while (this.#read('pid')[0] !== String(this.pid)) {
      try {
        await sleep(2, undefined, { signal })
      } catch {
        throw new AbortError({ operation: 'OpenVswitch.launch', netns: undefined }, 'unknown', signal.reason, this.name)
      }
    }
  }

  /** Why it has ended, as a part of a sentence; undefined while it runs. */
  get end(): string | undefined {
    if (this.#ending === undefined) return undefined
    if (this.#failure !== undefined) return `${this.name} could not be started: ${this.#failure.message}`
    const { code, signal } = this.#ending
    const how = signal === null ? `ended with exit code ${code ?? 0}` : `was ended by ${signal}`
    const words = this.#lastWords()
    return `${this.name} ${how}${words === '' ? '' : ` (${words})`}`
  }

  /** Ends it by SIGTERM, then by SIGKILL. Resolves when it has ended. */
  async stop(): Promise<void> {
    if (this.#ending !== undefined) return
    this.#child.kill('SIGTERM')
    const enough = new AbortController()
    const late = sleep(patience, 'late' as const, { signal: enough.signal }).catch(() => undefined)
    if ((await Promise.race([this.ended, late])) === 'late') this.#child.kill('SIGKILL')
    enough.abort()
    await this.ended
  }

  // The last line of its standard error, or the last error in its log.
  #lastWords(): string {
    const logged = this.#read('log').filter((line) => /\|(EMER|ERR)\|/.test(line))
    return (this.#read('err').at(-1) ?? logged.at(-1) ?? '').trim()
  }

  /** The lines of one of its files. */
  #read(file: string): string[] {
    try {
      const text = readFileSync(join(this.#dir, `${this.name}.${file}`), 'utf8')
      return text.split('\n').filter((line) => line !== '')
    } catch {
      return []
    }
  }
}
