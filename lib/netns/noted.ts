// The resources of one namespace in a batch: their verbs, noted instead of carried out.
import { ethtoolVerbs } from '../ethtool/features'
import { noted, placeOf, type BatchTarget, type Noted, type Place } from '../netlink/verbs'
import { addressVerbs, linkVerbs, neighborVerbs, routeVerbs, ruleVerbs } from '../route/verbs'

/** `NetNs.ethtool` in a batch. */
export interface BatchEthtool {
  /** As `NetNs.ethtool.features`. */
  readonly features: Noted<typeof ethtoolVerbs.features>
}

/** The resources of one namespace in a batch: the verbs, options and checks of `NetNs`, without those of the call. */
export interface BatchNetNs extends BatchTarget {
  /** As `NetNs.links`. */
  readonly links: Noted<typeof linkVerbs>
  /** As `NetNs.addresses`. */
  readonly addresses: Noted<typeof addressVerbs>
  /** As `NetNs.routes`. */
  readonly routes: Noted<typeof routeVerbs>
  /** As `NetNs.neighbors`. */
  readonly neighbors: Noted<typeof neighborVerbs>
  /** As `NetNs.rules`. */
  readonly rules: Noted<typeof ruleVerbs>
  /** As `NetNs.ethtool`. */
  readonly ethtool: BatchEthtool
}

const links = noted(linkVerbs)
const addresses = noted(addressVerbs)
const routes = noted(routeVerbs)
const neighbors = noted(neighborVerbs)
const rules = noted(ruleVerbs)
const features = noted(ethtoolVerbs.features)

/** The resources of one namespace in a batch. */
export class NotedResources implements BatchNetNs {
  /** @internal */
  readonly [placeOf]: Place
  readonly links: BatchNetNs['links']
  readonly addresses: BatchNetNs['addresses']
  readonly routes: BatchNetNs['routes']
  readonly neighbors: BatchNetNs['neighbors']
  readonly rules: BatchNetNs['rules']
  #ethtool: BatchEthtool | undefined

  constructor(place: Place) {
    this[placeOf] = place
    this.links = links(place)
    this.addresses = addresses(place)
    this.routes = routes(place)
    this.neighbors = neighbors(place)
    this.rules = rules(place)
  }

  get ethtool(): BatchEthtool {
    return (this.#ethtool ??= { features: features(this[placeOf]) })
  }
}
