// Mirrors: `ovs.mirrors`.
import { randomUUID } from 'node:crypto'
import { checkCall } from './ovsdb/calls'
import type { OpenVswitch } from './ovsdb/index'
import { wrongType } from 'netloom/errors'
import { checkArray } from 'netloom/values'
import { checkWords } from './codecs'
import { checkName, splitForce, type OvsCallOptions, type OvsDeleteOptions } from './call'
import { changedValues, isEmpty, newValues, readRow, writeChanges, type Values } from './columns'
import type { Database } from './database'
import { alreadyExists, notFound } from './errors'
import {
  mirrorColumns,
  mirrorSettingColumns,
  type Mirror,
  type MirrorChanges,
  type MirrorOptions,
  type MirrorSettings,
} from './mirror'

const ofPorts = ['selectSources', 'selectDestinations', 'outputPort'] as const
type PortNames = Pick<MirrorSettings, (typeof ofPorts)[number]>

function checkPorts(given: object): void {
  const { selectSources, selectDestinations, outputPort } = given as Record<string, unknown>
  for (const [field, names] of Object.entries({ selectSources, selectDestinations })) {
    if (names === undefined || names === null) continue
    checkArray(names, field, 'an array of names').forEach((name, i) => {
      checkName(name, `${field}[${i}]`)
    })
  }
  if (outputPort !== undefined && outputPort !== null) checkName(outputPort, 'outputPort')
}

/** The mirrors of all bridges of a switch. A mirror's name is unique in its bridge. */
export class Mirrors {
  readonly #database: Database

  /** @internal */
  constructor(database: Database) {
    this.#database = database
  }

  /**
   * Adds a mirror to a bridge. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such bridge, or no such port of it; `EEXIST`.
   * @example
   * await ovs.mirrors.add({ bridge: 'br0', name: 'm0', selectAll: true, outputPort: 'tap0' })
   */
  async add(options: MirrorOptions, call?: OvsCallOptions): Promise<Mirror> {
    checkCall(call)
    const values = newValues(mirrorSettingColumns, options, '', ['bridge', 'name', ...ofPorts])
    const { bridge: bridgeName, name } = options
    checkName(bridgeName, 'bridge')
    if (checkWords(name, 'name') === '') throw wrongType('name', 'a name', name)
    checkPorts(options)
    const uuid = randomUUID()
    const database = await this.#database.look(call)
    await database.apply(
      'mirrors.add',
      (tx) => {
        if (database.table('Mirror').get(uuid) !== undefined) return
        const bridge = this.#bridge('mirrors.add', bridgeName)
        if (this.#row(bridge, name) !== undefined) throw alreadyExists('mirrors.add', 'mirror', name)
        const ports = this.#ports('mirrors.add', bridge, options)
        const mirror = tx.insert('Mirror', { ...values, ...ports, name }, { uuid })
        tx.verify(bridge, ['mirrors', 'ports'])
        tx.mutate(bridge, { mirrors: { insert: [mirror] } })
      },
      call,
    )
    return this.get(bridgeName, name, call)
  }

  /**
   * One mirror of a bridge.
   * @throws `ENOENT` if there is none (`isNotFound`).
   */
  async get(bridge: string, name: string, call?: OvsCallOptions): Promise<Mirror> {
    const mirror = await this.find(bridge, name, call)
    if (mirror === undefined) throw notFound('mirrors.get', 'mirror', name)
    return mirror
  }

  /** As `get`, but undefined if there is none. */
  async find(bridge: string, name: string, call?: OvsCallOptions): Promise<Mirror | undefined> {
    checkName(bridge, 'bridge')
    checkName(name)
    return (await this.list(call)).find((each) => each.bridge === bridge && each.name === name)
  }

  /** All mirrors, by bridge and name. */
  async list(call?: OvsCallOptions): Promise<Mirror[]> {
    const database = await this.#database.look(call)
    return [...database.table('Bridge')]
      .flatMap((bridge) => bridge.mirrors.flatMap((uuid) => this.#read(bridge, uuid) ?? []))
      .sort((a, b) => (`${a.bridge} ${a.name}` < `${b.bridge} ${b.name}` ? -1 : 1))
  }

  /**
   * Changes a mirror. Settings that are left out stay, `null` unsets a setting. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such mirror, or no such port of its bridge.
   */
  async set(bridge: string, name: string, changes: MirrorChanges, call?: OvsCallOptions): Promise<void> {
    checkName(bridge, 'bridge')
    checkName(name)
    checkCall(call)
    const changed = changedValues(mirrorSettingColumns, changes, '', ofPorts)
    checkPorts(changes)
    const database = await this.#database.look(call)
    await database.apply(
      'mirrors.set',
      (tx) => {
        const owner = this.#bridge('mirrors.set', bridge)
        const row = this.#row(owner, name)
        if (row === undefined) throw notFound('mirrors.set', 'mirror', name)
        const ports = this.#ports('mirrors.set', owner, changes as PortNames)
        const all = { ...changed, update: { ...changed.update, ...ports } }
        if (isEmpty(all)) return
        tx.verify(row, ['name'])
        writeChanges(tx, row, all)
      },
      call,
    )
  }

  /**
   * Deletes a mirror. Resolves when the switch has applied it.
   * @param options - `force: true` to succeed if there is none.
   * @throws `ENOENT` if there is no such mirror.
   */
  async delete(bridge: string, name: string, options?: OvsDeleteOptions): Promise<void> {
    checkName(bridge, 'bridge')
    checkName(name)
    const { force, call } = splitForce(options)
    const database = await this.#database.look(call)
    const owner = database.table('Bridge').find({ name: bridge })
    const uuid = owner && this.#row(owner, name)?._uuid
    if (uuid === undefined) {
      if (force) return
      throw notFound('mirrors.delete', 'mirror', name)
    }
    await database.apply(
      'mirrors.delete',
      (tx) => {
        const row = database.table('Mirror').get(uuid)
        const now = database.table('Bridge').find({ name: bridge })
        if (row !== undefined && now !== undefined) tx.mutate(now, { mirrors: { delete: [row] } })
      },
      call,
    )
  }

  #bridge(operation: string, name: string): OpenVswitch.Bridge {
    const bridge = this.#database.table('Bridge').find({ name })
    if (bridge === undefined) throw notFound(operation, 'bridge', name)
    return bridge
  }

  #row(bridge: OpenVswitch.Bridge, name: string): OpenVswitch.Mirror | undefined {
    const rows = bridge.mirrors.flatMap((uuid) => this.#database.table('Mirror').get(uuid) ?? [])
    return rows.find((row) => row.name === name)
  }

  #ports(operation: string, bridge: OpenVswitch.Bridge, given: PortNames): Values {
    const rowOf = (name: string): OpenVswitch.Port => {
      const row = this.#database.table('Port').find({ name })
      if (row === undefined || !bridge.ports.includes(row._uuid)) throw notFound(operation, 'port', name)
      return row
    }
    const { selectSources: sources, selectDestinations: destinations, outputPort: output } = given
    return {
      ...(sources !== undefined && { select_src_port: ((sources as typeof sources | null) ?? []).map(rowOf) }),
      ...(destinations !== undefined && {
        select_dst_port: ((destinations as typeof destinations | null) ?? []).map(rowOf),
      }),
      ...(output !== undefined && { output_port: (output as string | null) === null ? null : rowOf(output) }),
    }
  }

  #read(bridge: OpenVswitch.Bridge, uuid: string): Mirror | undefined {
    const row = this.#database.table('Mirror').get(uuid)
    if (row === undefined) return undefined
    const names = (ports: readonly string[]): string[] =>
      ports.flatMap((port) => this.#database.table('Port').get(port)?.name ?? []).sort()
    const [output] = row.output_port === null ? [] : names([row.output_port])
    return {
      ...readRow(mirrorColumns, row),
      bridge: bridge.name,
      selectSources: names(row.select_src_port),
      selectDestinations: names(row.select_dst_port),
      ...(output !== undefined && { outputPort: output }),
    }
  }
}
