// The resources of one namespace in a batch: their verbs, noted instead of carried out.
import { ethtoolVerbs } from '../ethtool/features'
import { batchVerbs, scopeOf, type BatchTarget, type BatchVerbs, type BatchScope } from '../netlink/verbs'
import { classVerbs } from '../tc/class'
import { filterVerbs } from '../tc/filter'
import { qdiscVerbs } from '../tc/qdisc'
import { addressVerbs, linkVerbs, neighborVerbs, routeVerbs, ruleVerbs } from '../route/verbs'

/** `NetNs.ethtool` in a batch. */
export interface BatchEthtool {
  /** As `NetNs.ethtool.features`. */
  readonly features: BatchVerbs<typeof ethtoolVerbs.features>
}

/** The resources of one namespace in a batch: the verbs, options and checks of `NetNs`, without those of the call. */
export interface BatchNetNs extends BatchTarget {
  /** As `NetNs.links`. */
  readonly links: BatchVerbs<typeof linkVerbs>
  /** As `NetNs.addresses`. */
  readonly addresses: BatchVerbs<typeof addressVerbs>
  /** As `NetNs.routes`. */
  readonly routes: BatchVerbs<typeof routeVerbs>
  /** As `NetNs.neighbors`. */
  readonly neighbors: BatchVerbs<typeof neighborVerbs>
  /** As `NetNs.rules`. */
  readonly rules: BatchVerbs<typeof ruleVerbs>
  /** As `NetNs.qdiscs`. */
  readonly qdiscs: BatchVerbs<typeof qdiscVerbs>
  /** As `NetNs.classes`. */
  readonly classes: BatchVerbs<typeof classVerbs>
  /** As `NetNs.filters`. */
  readonly filters: BatchVerbs<typeof filterVerbs>
  /** As `NetNs.ethtool`. */
  readonly ethtool: BatchEthtool
}

const links = batchVerbs(linkVerbs)
const addresses = batchVerbs(addressVerbs)
const routes = batchVerbs(routeVerbs)
const neighbors = batchVerbs(neighborVerbs)
const rules = batchVerbs(ruleVerbs)
const qdiscs = batchVerbs(qdiscVerbs)
const classes = batchVerbs(classVerbs)
const filters = batchVerbs(filterVerbs)
const features = batchVerbs(ethtoolVerbs.features)

/** The resources of one namespace in a batch. */
export class BatchResources implements BatchNetNs {
  /** @internal */
  readonly [scopeOf]: BatchScope
  readonly links: BatchNetNs['links']
  readonly addresses: BatchNetNs['addresses']
  readonly routes: BatchNetNs['routes']
  readonly neighbors: BatchNetNs['neighbors']
  readonly rules: BatchNetNs['rules']
  #ethtool: BatchEthtool | undefined
  #qdiscs: BatchNetNs['qdiscs'] | undefined
  #classes: BatchNetNs['classes'] | undefined
  #filters: BatchNetNs['filters'] | undefined

  constructor(scope: BatchScope) {
    this[scopeOf] = scope
    this.links = links(scope)
    this.addresses = addresses(scope)
    this.routes = routes(scope)
    this.neighbors = neighbors(scope)
    this.rules = rules(scope)
  }

  get qdiscs(): BatchNetNs['qdiscs'] {
    return (this.#qdiscs ??= qdiscs(this[scopeOf]))
  }

  get classes(): BatchNetNs['classes'] {
    return (this.#classes ??= classes(this[scopeOf]))
  }

  get filters(): BatchNetNs['filters'] {
    return (this.#filters ??= filters(this[scopeOf]))
  }

  get ethtool(): BatchEthtool {
    return (this.#ethtool ??= { features: features(this[scopeOf]) })
  }
}
