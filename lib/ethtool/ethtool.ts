// What devices do by themselves: `ns.ethtool`.
import type { NetnsReference } from '../native/netns_handle'
import { Features } from './features'

/** Settings of devices beyond those of links (the generic netlink family `ethtool`). */
export class Ethtool {
  /** Their features, such as checksums. */
  readonly features: Features

  /** @internal */
  constructor(netns: NetnsReference) {
    this.features = new Features(netns)
  }
}
