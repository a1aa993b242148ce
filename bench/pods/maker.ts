// Pods made by netloom in a process of their own: warm, if it has made many, or cold.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Context } from '../benchmark'
import { pinned } from '../floor'
import { nameOf } from '../namespaces'
import type { Way } from './netloom'
import type { Lot } from './pod'
import type { Order, Told } from './program'

/** A process that makes pods. */
export class Maker {
  readonly #child: ChildProcess
  readonly #ended: Promise<never>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit').then(([status]) => {
      throw new Error(`the process that makes pods ended with ${String(status)}`)
    })
    this.#ended.catch(() => undefined)
  }

  static async start({ core, signal }: Context, host: Lot['host']): Promise<Maker> {
    const program = join(__dirname, 'program.js')
    const [file, ...args] = pinned(core, [process.execPath, program, nameOf(host)])
    const maker = new Maker(spawn(file, args, { signal, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }))
    await maker.#answer()
    return maker
  }

  /** Makes the pods of a lot. */
  async make(way: Way, { prefix, first, count }: Lot): Promise<Told> {
    this.#child.send({ way, prefix, first, count } satisfies Order)
    return (await this.#answer()) as Told
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill()
    await ended
  }

  async #answer(): Promise<unknown> {
    const [message] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [unknown]
    return message
  }
}
