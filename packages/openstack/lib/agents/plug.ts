// A plug: how the device of a DHCP server or of a router gets onto a switch. One for Linux bridges, one for Open vSwitch; others may bring theirs.
import type { NetNs } from 'netloom'
import type { Claim } from './claim'

/** What is to be plugged in. */
export interface Attachment {
  /** The network's id. */
  readonly network: string
  /** The namespace of the DHCP server or router. */
  readonly netns: NetNs
  /** Whether the namespace was made a moment ago, so that nothing can be in it. */
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
  /** What may be used, changed and taken away of what is there. */
  readonly claim: Claim
}

/** What is to be unplugged; without `netns` where the namespace is gone, or is somebody else's. */
export type Detachment = Omit<Attachment, 'netns' | 'fresh'> & Partial<Pick<Attachment, 'netns'>>

/** How it was plugged in. */
export interface Attached {
  /** The name of the device in the namespace. */
  readonly device: string
  /** The name of the bridge. Default: none is known. */
  readonly bridge?: string | undefined
  /** Whether that device is a new one: what was bound to an old one is bound to nothing now. */
  readonly renewed: boolean
  /** What was missing and is there again, in words; empty if nothing was. */
  readonly mended: readonly string[]
  /**
   * Whether the device was asked for before `attach` had waited for anything, as after `begin`, and came into being so: what others have
   * done with it since holds. Default: false.
   */
  readonly asBegun?: boolean | undefined
  /** Does what is left to be done, and may be done while the device is used already. Default: nothing. */
  readonly finish?: (() => Promise<unknown>) | undefined
  /** Makes somebody else's again what was adopted. Default: nothing was. */
  readonly giveBack?: (() => Promise<unknown>) | undefined
}

/** Connects DHCP servers and routers to a switch. */
export interface Plug {
  /**
   * Sees to it that the device is there, up, and on the switch, whatever of it is there already. Called when a network comes, when
   * an agent takes it over, and again and again to see whether somebody has taken something away: so it looks before it changes.
   * What is somebody else's is refused.
   */
  attach(to: Attachment): Promise<Attached>
  /**
   * Begins what may be done before there is a namespace, and says what the device in it will be called. It fails in `attach`, which
   * follows, if at all; `detach` takes away what it has made. Without it the device is called as asked for.
   */
  begin?(to: Detachment): string
  /** The bridge that the device goes to. Without it nobody is told. */
  bridgeOf?(to: Omit<Detachment, 'claim'>): string
  /** Takes the device away, and what was made for it; content if nothing is there. What is somebody else's stays. */
  detach(from: Detachment): Promise<void>
  /**
   * Tells what has become of devices, as soon as it is known: the listener is called with the tap of one that has to be looked at.
   * Without it the agent looks at intervals only.
   */
  onChange?(listener: (tap: string) => void): void
  /** Lets go of what the plug holds itself. */
  close(): Promise<void>
}
