// The state of a database by the server's own database `_Server` (ovsdb-server(5)): whether this member of a cluster is the leader,
// and its index. An older server has no `_Server`, and is always suitable.
import type { Call } from './calls'
import { malformed, OvsdbProtocolError } from './errors'
import type { Json } from './json'
import { Mirror } from './mirror'
import type { Notification, RpcConnection } from './rpc'
import { readSchema } from './schema'
import type { ColumnValue } from './types'

/** The index of a cluster's members: a member with older data than this client has read is not suitable. */
export interface Progress {
  cluster: ColumnValue
  index: bigint
}

/** Requirements for a server. */
export interface Demands {
  readonly database: string
  readonly leaderOnly: boolean
  readonly progress: Progress
}

type DatabaseRow = Readonly<
  Partial<Record<'name' | 'model' | 'connected' | 'leader' | 'schema' | 'cid' | 'index', ColumnValue>>
>

const monitorId = 'netloom-server'
const columns = ['name', 'model', 'connected', 'leader', 'schema', 'cid', 'index']

/** Why a server is not suitable; undefined if it is. */
export function unsuited(
  row: DatabaseRow | undefined,
  { database, leaderOnly, progress }: Demands,
): string | undefined {
  if (row === undefined) return `the server has no database ${database}`
  if (row.schema === null) return 'the server has not joined the cluster yet'
  if (row.model === 'clustered') {
    if (row.connected === false) return 'the server has lost its cluster'
    if (leaderOnly && row.leader === false) return 'the server is not the leader of its cluster'
    const index = typeof row.index === 'bigint' ? row.index : 0n
    if (row.cid === progress.cluster && index < progress.index) return 'the server is behind its cluster'
  }
  return row.connected === false ? 'the server has lost the database' : undefined
}

/** Follows a server's state of a database. */
export class ServerState {
  readonly #demands: Demands
  readonly #connection: RpcConnection
  #mirror: Mirror | undefined

  constructor(connection: RpcConnection, demands: Demands) {
    this.#connection = connection
    this.#demands = demands
  }

  /** Requests the first state. */
  async start(call: Call): Promise<void> {
    const schema = await this.#connection.request(call, 'get_schema', ['_Server']).catch((error: unknown) => {
      if (error instanceof OvsdbProtocolError && error.error !== 'malformed') return undefined
      throw error
    })
    if (schema === undefined) return
    const read = readSchema(schema)
    const known = columns.filter((column) => read.tables.get('Database')?.columns.has(column))
    this.#mirror = new Mirror(read, { Database: { columns: known } })
    const params = ['_Server', monitorId, this.#mirror.request(false)]
    this.#apply(await this.#connection.request(call, 'monitor_cond', params))
  }

  /** Applies a notification, if it is of this monitor. Returns whether it was. */
  notified({ method, params: [id, updates] }: Notification): boolean {
    if (method !== 'update2' || id !== monitorId || updates === undefined) return false
    this.#apply(updates)
    return true
  }

  #apply(updates: Json): void {
    if (this.#mirror === undefined) throw malformed('an update of _Server before its contents')
    this.#mirror.apply(updates, false)
    const { progress } = this.#demands
    const row = this.#row()
    if (row?.model !== 'clustered' || typeof row.index !== 'bigint' || row.cid === undefined) return
    if (this.unsuited !== undefined) return
    progress.index = row.cid === progress.cluster && progress.index > row.index ? progress.index : row.index
    progress.cluster = row.cid
  }

  #row(): DatabaseRow | undefined {
    const [row] = this.#mirror?.store('Database')?.matching({ name: this.#demands.database }) ?? []
    return row as DatabaseRow | undefined
  }

  /** Why the server is not suitable (any more); undefined if it is. */
  get unsuited(): string | undefined {
    return this.#mirror === undefined ? undefined : unsuited(this.#row(), this.#demands)
  }
}
