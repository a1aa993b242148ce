// The types of flows, which two entries of the package have.
export type { Flow, FlowCookie, FlowFilter, FlowKey, FlowOptions } from './flow'
export type { FlowFields, FlowMatch, UnknownField } from './fields'
export type { FlowRegisters, Register } from './registers'
export type { MaskedNumber } from './values'
export type { FlowPort, ReservedPort } from './ports'
export type {
  ClearActionsAction,
  DecTtlAction,
  FlowAction,
  MetadataToWrite,
  Resubmission,
  GotoTableAction,
  GroupAction,
  OutputAction,
  PopVlanAction,
  PushVlanAction,
  ResubmitAction,
  SetFieldAction,
  SetQueueAction,
  UnknownAction,
  WriteActionsAction,
  WriteMetadataAction,
} from './actions'
