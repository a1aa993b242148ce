// A plug: connects the device of a DHCP server or of a router to a switch. One for Linux bridges, one for Open vSwitch; users may bring others.
import type { NetNs } from 'netloom'
import type { Claim } from './claim'

/** A device to connect. */
export interface Attachment {
  /** The network's id. */
  readonly network: string
  /** The namespace of the DHCP server or router. */
  readonly netns: NetNs
  /** Whether the namespace is new, so that it is empty. */
  readonly fresh: boolean
  /** The name of the device on the switch. */
  readonly tap: string
  /** The name that the device in the namespace should have. */
  readonly device: string
  /** Its MAC address. */
  readonly mac: string
  /** Its MTU; undefined for the default. */
  readonly mtu: number | undefined
  /** The VLAN on the switch; undefined for none. */
  readonly vlan: number | undefined
  /** The bridge, where it is another than the plug's own choice. */
  readonly bridge?: string | undefined
  /** Decides which existing objects may be used, changed and removed. */
  readonly claim: Claim
}

/** A device to disconnect; without `netns` if the namespace does not exist, or belongs to others. */
export type Detachment = Omit<Attachment, 'netns' | 'fresh'> & Partial<Pick<Attachment, 'netns'>>

/** The result of connecting. */
export interface Attached {
  /** The name of the device in the namespace. */
  readonly device: string
  /** The name of the bridge. Default: none is known. */
  readonly bridge?: string | undefined
  /** Whether that device is a new one, so that sockets of an old one have to be opened again. */
  readonly renewed: boolean
  /** The repairs, in words; empty if nothing was. */
  readonly mended: readonly string[]
  /**
   * Whether the device was requested before `attach` has waited for anything, as after `begin`, and was created so: later calls on it in
   * the same namespace were in effect. Default: false.
   */
  readonly asBegun?: boolean | undefined
  /** Completes work that may go on while the device is used already. Default: none. */
  readonly finish?: (() => Promise<unknown>) | undefined
  /** Gives back what was adopted. Default: nothing was. */
  readonly giveBack?: (() => Promise<unknown>) | undefined
}

/** Connects DHCP servers and routers to a switch. */
export interface Plug {
  /**
   * Creates what is missing of the device, sets it up, and connects it to the switch. Called for a new network, when an agent takes a
   * network over, and at each check of the agent: so it reads the state before it changes anything.
   * Objects of others are refused.
   */
  attach(to: Attachment): Promise<Attached>
  /**
   * Starts work that does not need the namespace, and returns the name of the device in it. `attach`, which follows, throws its errors;
   * `detach` removes what it has created. Without this method the device has the requested name.
   */
  begin?(to: Detachment): string
  /** The bridge of the device. Without this method it is not reported. */
  bridgeOf?(to: Omit<Detachment, 'claim'>): string
  /** Removes the device, and what was created for it; no error if it does not exist. Leaves objects of others. */
  detach(from: Detachment): Promise<void>
  /**
   * Registers a listener for changes of devices: it is called with the tap of a device that has to be checked. Without this method the
   * agent only checks at intervals.
   */
  onChange?(listener: (tap: string) => void): void
  /** Releases the plug's own resources. */
  close(): Promise<void>
}
