/**
 * Open vSwitch without its command-line tools.
 * @module @netloom/ovs
 */
export { OpenVswitch, type OpenVswitchEvents, type OvsConnectOptions, type OvsProcesses } from './open_vswitch'
export type { LaunchOptions } from './launch/launch'
export type { OvsCallOptions, OvsDeleteOptions } from './call'
export type { ChangesOf, StringChanges, Strings } from './changes'
export { Bridges } from './bridges'
export type { Bridge, BridgeChanges, BridgeOptions, BridgeSettings, OpenflowVersion } from './bridge'
export type { Controller, ControllerSettings, Manager, ManagerSettings } from './controller'
export type { IpfixSettings, NetFlowSettings, SflowSettings } from './sampling'
export { Ports, type PortFilter } from './ports'
export type { BondInterface, Port, PortChanges, PortOptions, PortSettings } from './port'
export type { Qos, QosSettings, QosType, QueueSettings } from './qos'
export { Interfaces, type InterfaceFilter } from './interfaces'
export type {
  Interface,
  InterfaceChanges,
  InterfaceCounters,
  InterfaceKind,
  InterfaceOptions,
  InterfaceSettings,
  InterfaceState,
  MadeInterface,
  OtherInterface,
  PatchInterface,
  SystemInterface,
  TunnelInterface,
} from './interface'
export { Mirrors } from './mirrors'
export type { Mirror, MirrorChanges, MirrorOptions, MirrorSettings } from './mirror'
export { Settings, type SwitchChanges, type SwitchSettings, type SwitchState } from './settings'
export type { OvsChange, WatchOptions } from './watch'
export { Flows } from './flows'
export type * from './openflow/types'
export { OpenflowError, OpenflowProtocolError } from './openflow/errors'
export { OvsInterfaceError } from './errors'
export { AbortError, type InvalidValue, isAlreadyExists, isNotFound, NetloomError } from 'netloom/errors'
