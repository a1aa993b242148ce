// Tells of leases that came, were prolonged and went, by comparing what dnsmasq's file says with what was told last. That is kept in
// a file of its own, so that the next agent tells what happened while there was none.
import { statSync } from 'node:fs'
import { writeFile, rename } from 'node:fs/promises'
import { readIfThere } from '../agents/files'
import { compareLeases, parseLeases, type Lease, type LeaseChanges } from './leases'

/** dnsmasq empties its file and writes it again: what has changed just now may be half of it. */
const settleMs = 5
/** Before leases are said to be gone, one waits longer: dnsmasq might have been interrupted while it wrote. */
const sureMs = 40

/** Where is kept what a file of leases said when it was told of last. */
export function memoryOf(path: string): string {
  return `${path}.told`
}

/** Watches one file of leases. */
export class LeaseWatch {
  readonly #path: string
  readonly #memory: string
  readonly #tell: (changes: LeaseChanges) => void
  #told: readonly Lease[]
  #timer: NodeJS.Timeout | undefined
  #seen = ''
  #saving: Promise<void> = Promise.resolve()

  constructor(path: string, tell: (changes: LeaseChanges) => void) {
    this.#path = path
    this.#memory = memoryOf(path)
    this.#tell = tell
    this.#told = parseLeases(readIfThere(this.#memory) ?? '').leases
  }

  /** The file may have changed. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.look()
    }, settleMs)
  }

  /** Looks whether it has. */
  look(): void {
    const stat = statSync(this.#path, { throwIfNoEntry: false, bigint: true })
    const seen = stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
    if (stat === undefined || seen === this.#seen) return
    const age = Date.now() - Number(stat.mtimeNs / 1_000_000n)
    if (age < settleMs) {
      this.changed()
      return
    }
    const text = readIfThere(this.#path) ?? ''
    const { leases, malformed } = parseLeases(text)
    const changes = compareLeases(this.#told, leases)
    const after = statSync(this.#path, { throwIfNoEntry: false, bigint: true })
    const unsure = malformed.length > 0 || changes.released.length > 0
    if (after?.mtimeNs !== stat.mtimeNs || (unsure && age < sureMs)) {
      this.changed()
      return
    }
    this.#seen = seen
    this.#told = leases
    if (changes.added.length + changes.renewed.length + changes.released.length === 0) return
    this.#save(text)
    this.#tell(changes)
  }

  /** The network goes, and all leases with it. */
  forsake(): void {
    const released = this.#told
    this.#told = []
    if (released.length > 0) this.#tell({ added: [], renewed: [], released })
  }

  /** Ends; what was not told is told by the next one. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#saving
  }

  #save(text: string): void {
    const save = async (): Promise<void> => {
      await writeFile(`${this.#memory}.new`, text)
      await rename(`${this.#memory}.new`, this.#memory)
    }
    // A memory that cannot be written makes the next agent tell things twice, no more.
    this.#saving = this.#saving.then(save).catch(() => undefined)
  }
}
