// Detects devices that were deleted and created again under the same name. The switch keeps its sockets of the deleted device, and
// reports no error, as it reads index and state of the new one by the name.
import type { NetNs } from 'netloom'
import type { OpenVswitch } from './ovsdb/index'
import type { Database } from './database'

function isSystem({ type }: OpenVswitch.Interface): boolean {
  return type === '' || type === 'system'
}

/** Detects devices that are not the ones that the switch has opened. */
export class Staleness {
  readonly #database: Database
  readonly #netns: NetNs | undefined
  /** The first index of the device in an interface's row. */
  readonly #first = new Map<string, number>()

  /** @param netns - Where the switch's process is, if that is known. */
  constructor(database: Database, netns: NetNs | undefined) {
    this.#database = database
    this.#netns = netns
    for (const row of database.table('Interface')) this.#note(row)
    database.replica.on('change', (changes) => {
      for (const change of changes) {
        if (change.table !== 'Interface') continue
        if (change.type === 'delete') this.#first.delete(change.uuid)
        else this.#note(change.row)
      }
    })
  }

  #note(row: OpenVswitch.Interface): void {
    // When the switch opens a device again, it changes the number first.
    if (!isSystem(row) || row.ofport === null || row.ofport < 0n) this.#first.delete(row._uuid)
    else if (!this.#first.has(row._uuid) && row.ifindex !== null && row.ifindex !== 0) {
      this.#first.set(row._uuid, row.ifindex)
    }
  }

  /** Whether a device of this port is gone, or is not the one that the switch opened. */
  async of(port: OpenVswitch.Port): Promise<boolean> {
    for (const uuid of port.interfaces) {
      const row = this.#database.table('Interface').get(uuid)
      if (row !== undefined && (await this.#isStale(row))) return true
    }
    return false
  }

  async #isStale(row: OpenVswitch.Interface): Promise<boolean> {
    if (!isSystem(row) || row.ofport === null || row.ofport < 0n) return false
    const first = this.#first.get(row._uuid)
    if (first !== undefined && row.ifindex !== null && row.ifindex !== first) return true
    if (this.#netns === undefined) return row.ifindex === 0
    // The database is updated late. The switch makes each device that it opens promiscuous.
    const link = await this.#netns.links.find(row.name)
    return link === undefined || link.promiscuity === 0
  }
}
