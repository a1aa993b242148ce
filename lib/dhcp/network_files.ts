// The files of a network: its description, what dnsmasq reads, what tells others about it. Only what differs is written.
import type { Paths } from './arguments'
import { makeDirectory, makeLast, putNew, readIfThere, replaceFiles } from '../agents/files'
import { hostFile, namesFile, optionsFile, type State } from './host_files'
import { networkFile } from './written'

/** The file with a network's description, in its directory. */
export function descriptionIn(directory: string): string {
  return `${directory}/network.json`
}

/** The files of one network. */
export class NetworkFiles {
  readonly #paths: Paths
  readonly #written = new Map<string, string>()

  constructor(paths: Paths) {
    this.#paths = paths
  }

  /** Begins a network that was not there: its description comes first, so that whoever comes after a kill finds what was begun. */
  begin({ network, ports }: State): { durable: Promise<unknown> } {
    makeDirectory(this.#paths.directory)
    const description = descriptionIn(this.#paths.directory)
    this.#put(description, networkFile(network.written, ports, false))
    return { durable: makeLast(description) }
  }

  /** Writes the others of a new network. */
  complete(state: State): void {
    for (const [path, text] of this.#others(state)) this.#put(path, text)
  }

  /** Reads what a former agent has written of what dnsmasq reads. */
  recall(): void {
    for (const path of [this.#paths.host, this.#paths.names, this.#paths.options]) {
      const text = readIfThere(path)
      if (text !== undefined) this.#written.set(path, text)
    }
  }

  /** They may be anything now. */
  forget(): void {
    this.#written.clear()
  }

  /** Whether the description has been taken away. */
  get isLost(): boolean {
    return readIfThere(descriptionIn(this.#paths.directory)) === undefined
  }

  /** Writes what differs; tells whether dnsmasq has to read something, and when the description is on the disk. */
  async replace(state: State): Promise<{ changed: boolean; durable: Promise<void> }> {
    makeDirectory(this.#paths.directory)
    const { network, ports } = state
    const description = descriptionIn(this.#paths.directory)
    const contents = [[description, networkFile(network.written, ports, false)] as const, ...this.#others(state)]
    const changed = contents.filter(([path, text]) => this.#written.get(path) !== text)
    const { durable } = await replaceFiles(
      changed.map(([path, text]) => ({ path, text, durable: path === description })),
    )
    for (const [path, text] of changed) this.#written.set(path, text)
    const read = new Set([this.#paths.host, this.#paths.names, this.#paths.options])
    return { changed: changed.some(([path]) => read.has(path)), durable }
  }

  #put(path: string, text: string): void {
    putNew(path, text)
    this.#written.set(path, text)
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
