/**
 * A client of OVSDB (RFC 7047), independent of Open vSwitch. Does not load the addon.
 * @module @netloom/ovs/ovsdb
 */
export { OvsdbClient, type Backoff, type OvsdbClientEvents, type OvsdbConnectOptions } from './client'
export type { OvsdbCallOptions } from './calls'
export type { Dial, DialAddress, TcpAddress, TlsOptions, UnixAddress } from './remote'
export type { Json } from './json'
export { Lock, type LockEvents, type LockOptions } from './lock'
export {
  Replica,
  ReplicaTable,
  type MonitoredRows,
  type MonitorRequest,
  type ReplicaEvents,
  type RowChange,
  type RowChangeOf,
  type TableMonitor,
} from './replica'
export { NewRow } from './rows'
export { Outcome, RowSelection, Transaction, type InsertOptions, type Target, type WaitOptions } from './transaction'
export type { TransactionOptions } from './transact'
export {
  OvsdbCommitError,
  OvsdbConnectionError,
  OvsdbOperationError,
  OvsdbProtocolError,
  type ServerError,
} from './errors'
export { generateTypes } from './generate'
export {
  readSchema,
  type AtomicType,
  type BaseType,
  type ColumnSchema,
  type ColumnShape,
  type DatabaseSchema,
  type TableSchema,
} from './schema'
export type {
  Atom,
  ColumnName,
  ColumnValue,
  Condition,
  ConditionFunction,
  DatabaseTables,
  InsertValues,
  MapMutation,
  Mutation,
  Mutations,
  NumberMutation,
  Row,
  RowOf,
  SetMutation,
  TableName,
  TableTypes,
  UntypedRow,
  UntypedTables,
  UpdateValues,
  Uuid,
  Where,
  Writable,
  WritableAtom,
} from './types'
export type * as OpenVswitch from './schemas/open_vswitch'
export type * as OvnNorthbound from './schemas/ovn_northbound'
export { AbortError, type InvalidValue, NetloomError } from 'netloom/errors'
