// The features of a device (`ethtool -k`, `ethtool -K`): what it does instead of the kernel, such as checksums.
import { NetloomError } from '../errors'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { followedBy, map, type Operation } from '../netlink/operation'
import { perform } from '../netlink/perform'
import type { Device } from '../wire/device'
import { checkObject, wrongType, wrongValue } from '../wire/invalid'
import { ethtool, headerOf } from './messages'

/** One feature of a device. */
export interface Feature {
  /** Whether it is on. */
  readonly active: boolean
  /** Whether somebody wants it on: it may be off because another that it needs is. */
  readonly wanted: boolean
  /** Whether it cannot be changed. */
  readonly fixed: boolean
}

/** Features to be switched on or off, by the kernel's names. */
export type FeatureChanges = Readonly<Record<string, boolean>>

type FeatureTable = Readonly<Record<string, Feature>>

function getFeatures(netns: NetnsReference, dev: Device): Operation<FeatureTable> {
  const asked = ethtool.verbs.getFeatures(netns, { header: headerOf(dev) })
  const named = { ...asked, name: 'ethtool.features.get', about: `of ${String(dev)}` }
  return map(named, (found) => {
    const names = (which: 'hw' | 'wanted' | 'active' | 'noChange'): Map<string, boolean> =>
      new Map((found[which]?.bits ?? []).map(({ name = '', value = false }) => [name, value]))
    const [hw, wanted, active, fixed] = [names('hw'), names('wanted'), names('active'), names('noChange')]
    const features: Record<string, Feature> = {}
    for (const name of new Set([...hw.keys(), ...active.keys(), ...fixed.keys()])) {
      features[name] = {
        active: active.has(name),
        wanted: wanted.has(name),
        fixed: fixed.has(name) || !hw.has(name),
      }
    }
    return features
  })
}

function setFeatures(netns: NetnsReference, dev: Device, changes: FeatureChanges): Operation<void> {
  const wanted = checkChanges(changes)
  const bits = wanted.map(([name, value]) => ({ name, value }))
  const change = ethtool.verbs.setFeatures(netns, { header: headerOf(dev, true), wanted: { bits } })
  const named = { ...change, name: 'ethtool.features.set', about: `of ${String(dev)}` }
  // The kernel does what it can, and says nothing of the rest.
  return followedBy(named, getFeatures(netns, dev), (after) => {
    const refused = wanted.find(([name, value]) => after[name]?.active !== value)
    if (refused !== undefined) throw notChanged(dev, netns.label, refused[0])
  })
}

/** What can be asked of `ns.ethtool`. */
export const ethtoolVerbs = { features: { get: getFeatures, set: setFeatures } } as const

/** The features of the devices of a namespace: `ns.ethtool.features`. */
export class Features {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * The features of a device by the kernel's names, such as `tx-checksum-ip-generic` (ETHTOOL_MSG_FEATURES_GET). Those that
   * the device can never have are `fixed`, and not active. Since Linux 5.7.
   * @throws NetlinkError: `ENODEV`.
   */
  async get(dev: Device, call?: CallOptions): Promise<Readonly<Record<string, Feature>>> {
    return perform(getFeatures(this.#netns, dev), call)
  }

  /**
   * Switches features of a device on or off (ETHTOOL_MSG_FEATURES_SET).
   * @throws TypeError for a wrong option, or a name that the kernel does not have; NetlinkError: `ENODEV`; `EOPNOTSUPP` if the
   *   device does not let one of them be changed.
   * @example
   * // An end of a veth pair computes the checksums of what it sends, for a switch that reads it in another process.
   * await ns.ethtool.features.set('eth0', { 'tx-checksum-ip-generic': false })
   */
  async set(dev: Device, changes: FeatureChanges, call?: CallOptions): Promise<void> {
    return perform(setFeatures(this.#netns, dev, changes), call)
  }
}

function checkChanges(changes: unknown): (readonly [name: string, value: boolean])[] {
  const entries = Object.entries(checkObject(changes, 'changes')).filter(([, value]) => value !== undefined)
  if (entries.length === 0) throw wrongValue('changes', 'an object with a feature', changes)
  return entries.map(([name, value]) => {
    if (!/^[a-z0-9-]{1,31}$/.test(name)) throw wrongValue(`changes.${name}`, "the kernel's name of a feature", name)
    if (typeof value !== 'boolean') throw wrongType(`changes.${name}`, 'a boolean', value)
    return [name, value] as const
  })
}

function notChanged(dev: Device, netns: string, name: string): NetloomError {
  const operation = 'ethtool.features.set'
  return new NetloomError(
    `EOPNOTSUPP: the device does not let ${name} be changed, ${operation} of ${String(dev)} in netns ${netns}`,
    'EOPNOTSUPP',
    { operation, netns },
  )
}
