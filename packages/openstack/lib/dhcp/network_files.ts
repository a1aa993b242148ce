// The files of a network: its description, dnsmasq's files, and those for other programs. Writes only files that differ.
import { statSync } from 'node:fs'
import type { Paths } from './arguments'
import { makeLast, putNew, readIfThere, replaceDurably, replaceFiles } from '../agents/files'
import type { OwnDirectory } from '../agents/state_directory'
import { hostFile, namesFile, optionsFile, type State } from './host_files'
import { networkFile } from './network_record'

/** A written file, with its status then. */
interface WrittenFile {
  readonly text: string
  seen: string
}

/** The files of one network. */
export class NetworkFiles {
  readonly #own: OwnDirectory
  readonly #paths: Paths
  readonly #owner: () => string | undefined
  readonly #written = new Map<string, WrittenFile>()

  /** @param owner - Returns the owner for the description. */
  constructor(own: OwnDirectory, paths: Paths, owner: () => string | undefined) {
    this.#own = own
    this.#paths = paths
    this.#owner = owner
  }

  /** Starts a new network: writes its description first, so that after a kill the next agent finds it. */
  begin(state: State, adopt: boolean): { durable: Promise<unknown> } {
    const { description } = this.#own
    const text = this.#description(state)
    this.#own.begin(text, adopt)
    this.#note(description, text)
    return { durable: makeLast(description) }
  }

  /** Writes the others of a new network. */
  complete(state: State): void {
    for (const [path, text] of this.#others(state)) {
      putNew(path, text)
      this.#note(path, text)
    }
  }

  /** Reads dnsmasq's files of a former agent. */
  recall(): void {
    for (const path of [this.#paths.host, this.#paths.names, this.#paths.options]) {
      const text = readIfThere(path)
      if (text !== undefined) this.#note(path, text)
    }
  }

  /** Treats all files as unknown, so that they are written again. */
  forget(): void {
    this.#written.clear()
  }

  /** Whether another program has changed or removed one of them. */
  get areChanged(): boolean {
    return [...this.#written.keys()].some((path) => !this.#isAsWritten(path))
  }

  /** Writes files that differ. Returns whether dnsmasq has to read one, and a promise for the description on the disk. */
  async replace(state: State): Promise<{ changed: boolean; durable: Promise<void> }> {
    if (!this.#own.isOwn) this.#own.restore()
    const { description } = this.#own
    const contents = [[description, this.#description(state)] as const, ...this.#others(state)]
    const changed = contents.filter(
      ([path, text]) => this.#written.get(path)?.text !== text || !this.#isAsWritten(path),
    )
    const { durable } = await replaceFiles(
      changed.map(([path, text]) => ({ path, text, durable: path === description })),
    )
    for (const [path, text] of changed) {
      if (path === description)
        durable
          .then(() => {
            this.#note(path, text)
          })
          .catch(() => undefined)
      else this.#note(path, text)
    }
    const read = new Set([this.#paths.host, this.#paths.names, this.#paths.options])
    return { changed: changed.some(([path]) => read.has(path)), durable }
  }

  /** Notes that the network is being deleted. Ignores a full disk. */
  async condemn({ network, ports }: State): Promise<void> {
    const note = networkFile(network.written, ports, { deleted: true, owner: this.#owner() })
    await replaceDurably(this.#own.description, note).catch(() => undefined)
  }

  /** Whether a file is as it was written: by its status, else by its content. */
  #isAsWritten(path: string): boolean {
    const written = this.#written.get(path)
    if (written === undefined) return false
    const seen = looksOf(path)
    if (seen === written.seen) return true
    if (readIfThere(path) !== written.text) return false
    written.seen = seen
    return true
  }

  #note(path: string, text: string): void {
    this.#written.set(path, { text, seen: looksOf(path) })
  }

  #description({ network, ports }: State): string {
    return networkFile(network.written, ports, { deleted: false, owner: this.#owner() })
  }

  /** All but the description. */
  #others(state: State): readonly (readonly [path: string, text: string])[] {
    const { host, names, options, directory } = this.#paths
    const { device, tap } = state.network
    return [
      [host, hostFile(state)],
      [names, namesFile(state)],
      [options, optionsFile(state)],
      [`${directory}/interface`, device ?? tap],
    ]
  }
}

function looksOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? '' : `${stat.dev} ${stat.ino} ${stat.mtimeNs} ${stat.size}`
}
