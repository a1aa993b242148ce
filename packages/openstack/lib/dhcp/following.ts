// Watches the directory of a network: dnsmasq's log, by which it answers, and its leases, for which the agent emits events.
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

  /** Whether it watches: no longer if the directory was removed. */
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
      // The directory was removed; the supervisor creates it again.
      watcher.close()
      if (this.#watcher === watcher) this.#watcher = undefined
    })
    this.#watcher = watcher
  }

  /** To be called when the directory was replaced. */
  stop(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  /** Reads the leases, without a notification. */
  look(): void {
    this.#leases?.look()
  }

  /** The content of the lease file, with leases that were reported and are lost in it. */
  restored(): string {
    return this.#watch().restored()
  }

  /** The leases in the file. While dnsmasq rewrites it, with those that are still valid. */
  leases(isGrounded: (lease: Lease) => boolean): readonly Lease[] {
    return this.#watch().leases(isGrounded)
  }

  /** To be called when the network is deleted, with all leases. */
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
