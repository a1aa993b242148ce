// Reports new, renewed and ended leases, by comparing dnsmasq's file with the leases that were reported last. Keeps those in a file of
// its own, so that the next agent reports the changes while no agent ran.
import { statSync } from 'node:fs'
import { writeFile, rename } from 'node:fs/promises'
import { readIfThere } from '../agents/files'
import { compareLeases, completedLeases, maybeHalfWritten, parseLeases, type Lease, type LeaseChanges } from './leases'

/** The delay after a change, as dnsmasq truncates its file and writes it again. */
const settleMs = 5
/** The longer delay before leases are reported as ended: dnsmasq may have been interrupted while it wrote. */
const sureMs = 40

/** The path of the file with the leases that were reported last. */
export function memoryOf(path: string): string {
  return `${path}.told`
}

/** Watches one file of leases. */
export class LeaseWatch {
  readonly #path: string
  readonly #memory: string
  readonly #tell: (changes: LeaseChanges) => void
  readonly #isWritten: () => boolean
  #told: readonly Lease[]
  /** The content of the lease file that was reported last; saved later. */
  #toldText: string
  #timer: NodeJS.Timeout | undefined
  #seen = ''
  #saving: Promise<void> = Promise.resolve()

  /** @param isWritten - Whether the process that writes the file runs: leases that are lost by its end are restored before its next start. */
  constructor(path: string, tell: (changes: LeaseChanges) => void, isWritten: () => boolean) {
    this.#path = path
    this.#memory = memoryOf(path)
    this.#tell = tell
    this.#isWritten = isWritten
    this.#toldText = readIfThere(this.#memory) ?? ''
    this.#told = parseLeases(this.#toldText).leases
  }

  /** To be called when the file may have changed. */
  changed(afterMs = settleMs): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.look()
    }, afterMs)
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
    if (unsure && !this.#isWritten()) {
      this.changed(sureMs)
      return
    }
    this.#seen = seen
    this.#told = leases
    this.#toldText = text
    if (changes.added.length + changes.renewed.length + changes.released.length === 0) return
    this.#save(text)
    this.#tell(changes)
  }

  /** The content of the file, with leases that were reported and are lost in it. */
  restored(): string {
    return completedLeases(readIfThere(this.#path), this.#toldText)
  }

  /** The leases in the file, or before its writer has truncated it just now. */
  leases(isGrounded: (lease: Lease) => boolean): readonly Lease[] {
    const text = readIfThere(this.#path) ?? ''
    const { leases } = parseLeases(text)
    const mtime = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (!maybeHalfWritten(text) || (Date.now() - mtime >= sureMs && this.#isWritten())) return leases
    return parseLeases(completedLeases(text, this.#toldText)).leases.filter(isGrounded)
  }

  /** To be called when the network is deleted, with all leases. */
  forsake(): void {
    const released = this.#told
    this.#told = []
    this.#toldText = ''
    if (released.length > 0) this.#tell({ added: [], renewed: [], released })
  }

  /** Ends; the next agent reports what was not reported yet. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#saving
  }

  #save(text: string): void {
    const save = async (): Promise<void> => {
      await writeFile(`${this.#memory}.new`, text)
      await rename(`${this.#memory}.new`, this.#memory)
    }
    // If it cannot be saved, the next agent reports some changes twice.
    this.#saving = this.#saving.then(save).catch(() => undefined)
  }
}
