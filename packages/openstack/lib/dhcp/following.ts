// Follows the directory of a network: dnsmasq's log, by which it answers, and its leases, of which the agent tells.
import { watch, type FSWatcher } from 'node:fs'
import type { Paths } from './arguments'
import type { Tell } from './events'
import type { State } from './host_files'
import { LeaseWatch } from './lease_watch'
import type { Lease, LeaseChanges } from './leases'

/** Follows the directory of one network. */
export class Following {
  readonly #paths: Paths
  readonly #tell: Tell
  readonly #state: () => State | undefined
  readonly #logGrew: () => void
  readonly #isServed: () => boolean
  #leases: LeaseWatch | undefined
  #watcher: FSWatcher | undefined
  #closed = false

  /** @param isServed - Whether dnsmasq runs. */
  constructor(paths: Paths, tell: Tell, state: () => State | undefined, logGrew: () => void, isServed: () => boolean) {
    this.#paths = paths
    this.#tell = tell
    this.#state = state
    this.#logGrew = logGrew
    this.#isServed = isServed
  }

  /** Whether it follows: not where the directory has gone since. */
  get isOn(): boolean {
    return this.#watcher !== undefined
  }

  /** Follows the directory, unless it does. */
  start(): void {
    if (this.#watcher !== undefined || this.#closed) return
    this.#watch()
    const watcher = watch(this.#paths.directory, (_, name) => {
      if (name === 'log') this.#logGrew()
      else if (name === 'leases') this.#leases?.changed()
    })
    watcher.on('error', () => {
      // The directory is gone; the supervisor makes it again.
      watcher.close()
      if (this.#watcher === watcher) this.#watcher = undefined
    })
    this.#watcher = watcher
  }

  /** The directory is another one now. */
  stop(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /** Looks at the leases, where nothing tells that they have changed. */
  look(): void {
    this.#leases?.look()
  }

  /** The file of leases, with what was told before in place of what is lost of it. */
  restored(): string {
    return this.#watch().restored()
  }

  /** The leases as the file has them now. While dnsmasq writes it anew, those that had ground before are still there. */
  leases(isGrounded: (lease: Lease) => boolean): readonly Lease[] {
    return this.#watch().leases(isGrounded)
  }

  /** The network goes, and all leases with it. */
  forsake(): void {
    this.#leases?.forsake()
  }

  /** Ends. */
  async close(): Promise<void> {
    this.#closed = true
    this.stop()
    await this.#leases?.close()
  }

  #watch(): LeaseWatch {
    return (this.#leases ??= new LeaseWatch(
      this.#paths.leases,
      (changes) => {
        this.#tellLeases(changes)
      },
      this.#isServed,
    ))
  }

  #tellLeases({ added, renewed, released }: LeaseChanges): void {
    const state = this.#state()
    const network = state?.network.id ?? ''
    for (const lease of released) this.#tell('release', { network, lease })
    for (const [leases, isRenewed] of [
      [added, false],
      [renewed, true],
    ] as const) {
      for (const lease of leases) {
        const port = state?.ports.withAddress(lease.address)?.id
        this.#tell('lease', { network, port, lease, renewed: isRenewed })
      }
    }
  }
}
