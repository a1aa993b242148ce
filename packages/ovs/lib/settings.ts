// The switch as a whole: `ovs.settings`, the one row of the table Open_vSwitch.
import { checkCall } from './ovsdb/calls'
import { wrongType } from 'netloom/errors'
import { checkArray } from 'netloom/values'
import type { OvsCallOptions } from './call'
import type { ChangesOf, Strings } from './changes'
import { reported, strings } from './codecs'
import { changedValues, newValues, readRow, writeChanges, type Columns } from './columns'
import { managerColumns, type Manager, type ManagerSettings } from './controller'
import type { Database } from './database'
import { notFound } from './errors'

/** The settings of a switch that can be changed. */
export interface SwitchSettings {
  /** The table's `other_config`, such as `userspace-tso-enable` or `stats-update-interval`. */
  readonly otherConfig?: Strings | undefined
  /** What others look for, such as OVN's `system-id`. */
  readonly externalIds?: Strings | undefined
  /** The managers of the database; in a change, all of them. */
  readonly managers?: readonly ManagerSettings[] | undefined
}

/** Changes of a switch. */
export type SwitchChanges = ChangesOf<SwitchSettings>

/** A switch as it is. */
export interface SwitchState {
  /** The version of Open vSwitch that runs. */
  readonly ovsVersion?: string
  /** The version of the database's schema. */
  readonly dbVersion?: string
  /** The types of datapaths that it supports: `netdev`, `system`. */
  readonly datapathTypes: readonly string[]
  /** The types of interfaces that it supports. */
  readonly interfaceTypes: readonly string[]
  /** The table's `other_config`. */
  readonly otherConfig: Strings
  /** What others look for. */
  readonly externalIds: Strings
  /** Statistics of the machine, if `enable-statistics` is set. */
  readonly statistics: Strings
  /** The managers of the database. */
  readonly managers: readonly Manager[]
  /** The number of the configuration that is wanted. */
  readonly nextConfig: bigint
  /** The number of the configuration that was applied last. */
  readonly currentConfig: bigint
}

const written: Columns<Pick<SwitchSettings, 'otherConfig' | 'externalIds'>> = {
  otherConfig: ['other_config', strings],
  externalIds: ['external_ids', strings],
}

const columns: Columns<Omit<SwitchState, 'managers'>> = {
  ...written,
  ovsVersion: ['ovs_version', reported()],
  dbVersion: ['db_version', reported()],
  datapathTypes: ['datapath_types', reported()],
  interfaceTypes: ['iface_types', reported()],
  statistics: ['statistics', strings],
  nextConfig: ['next_cfg', reported()],
  currentConfig: ['cur_cfg', reported()],
}

/** The settings of a whole switch. */
export class Settings {
  readonly #database: Database

  /** @internal */
  constructor(database: Database) {
    this.#database = database
  }

  /**
   * The state of the switch, and its settings.
   * @throws `ENOENT` if the database was never initialized: no switch has used it, and nothing was added.
   */
  async get(call?: OvsCallOptions): Promise<SwitchState> {
    const database = await this.#database.look(call)
    const { root } = database
    if (root === undefined) throw notFound('settings.get', 'row in the table', 'Open_vSwitch')
    const managers = root.manager_options.flatMap((uuid) => database.table('Manager').get(uuid) ?? [])
    return { ...readRow(columns, root), managers: managers.map((each) => readRow(managerColumns, each)) }
  }

  /**
   * Changes the settings. What is left out stays; of `otherConfig` and `externalIds` only the keys that are given change, and
   * those with `null` go. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option.
   * @example
   * await ovs.settings.set({ externalIds: { 'system-id': 'host-1' } })
   */
  async set(changes: SwitchChanges, call?: OvsCallOptions): Promise<void> {
    checkCall(call)
    const changed = changedValues(written, changes, '', ['managers'])
    const { managers } = changes as { managers?: unknown }
    const rows = checkArray(managers ?? [], 'managers').map((each, i) => {
      const row = newValues(managerColumns, each, `managers[${i}]`)
      if (row.target === undefined) throw wrongType(`managers[${i}].target`, 'given', undefined)
      return row
    })
    const database = await this.#database.look(call)
    await database.apply(
      'settings.set',
      (tx) => {
        const root = database.rootIn(tx)
        writeChanges(tx, root, changed)
        if (managers === undefined) return
        tx.update(root, { manager_options: rows.map((row) => tx.insert('Manager', row as never)) })
      },
      call,
    )
  }
}
