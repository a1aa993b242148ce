// Tells of leases that came, were prolonged and went, by comparing what dnsmasq's file says with what was told last. That is kept in
// a file of its own, so that the next agent tells what happened while there was none.
import { statSync } from 'node:fs'
import { writeFile, rename } from 'node:fs/promises'
import { readIfThere } from '../agents/files'
import { compareLeases, completedLeases, maybeHalfWritten, parseLeases, type Lease, type LeaseChanges } from './leases'

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
  readonly #isWritten: () => boolean
  #told: readonly Lease[]
  /** The file of which that was told; its copy on the disk comes later. */
  #toldText: string
  #timer: NodeJS.Timeout | undefined
  #seen = ''
  #saving: Promise<void> = Promise.resolve()

  /** @param isWritten - Whether the process that writes the file runs: what it has lost by its end is restored before it runs again. */
  constructor(path: string, tell: (changes: LeaseChanges) => void, isWritten: () => boolean) {
    this.#path = path
    this.#memory = memoryOf(path)
    this.#tell = tell
    this.#isWritten = isWritten
    this.#toldText = readIfThere(this.#memory) ?? ''
    this.#told = parseLeases(this.#toldText).leases
  }

  /** The file may have changed. */
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

  /** The file, with what was told before in place of what is lost of it. */
  restored(): string {
    return completedLeases(readIfThere(this.#path), this.#toldText)
  }

  /** The leases as the file has them now, or had them before its writer emptied it just now. */
  leases(isGrounded: (lease: Lease) => boolean): readonly Lease[] {
    const text = readIfThere(this.#path) ?? ''
    const { leases } = parseLeases(text)
    const mtime = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    if (!maybeHalfWritten(text) || (Date.now() - mtime >= sureMs && this.#isWritten())) return leases
    return parseLeases(completedLeases(text, this.#toldText)).leases.filter(isGrounded)
  }

  /** The network goes, and all leases with it. */
  forsake(): void {
    const released = this.#told
    this.#told = []
    this.#toldText = ''
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
