// The features of a device (`ethtool -k`, `ethtool -K`): what it does instead of the kernel, such as checksums.
import { NetloomError } from '../errors'
import { Ending, Lane } from '../native/addon'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { NETLINK } from '../netlink/constants'
import { familyId } from '../netlink/generic'
import { encodeMessage } from '../netlink/message'
import { nothing } from '../netlink/operation'
import { perform } from '../netlink/perform'
import type { Device } from '../wire/device'
import { checkObject, wrongType, wrongValue } from '../wire/invalid'
import {
  ETHTOOL_FLAG_OMIT_REPLY,
  ETHTOOL_MSG_FEATURES_GET,
  ETHTOOL_MSG_FEATURES_SET,
  featuresLayout,
  headerOf,
} from './messages'

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

const version = 1

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
    checkCallOptions(call)
    const header = headerOf(dev)
    const netns = this.#netns
    const type = await familyId(netns, 'ethtool', call)
    const request = encodeMessage(featuresLayout, 'ETHTOOL_MSG_FEATURES_GET', type, {
      header: { command: ETHTOOL_MSG_FEATURES_GET, version },
      attributes: { header },
    })
    const steps = [{ netns, messages: [request], ending: Ending.reply }]
    const operation = { name: 'ethtool.features.get', protocol: NETLINK.GENERIC, lane: Lane.read, netns, steps }
    return perform(
      {
        ...operation,
        about: `of ${String(dev)}`,
        result(answers) {
          const features: Record<string, Feature> = {}
          answers.forEach(0, ({ reader, at, end }) => {
            const found = featuresLayout.attributes.decode(reader, at + featuresLayout.header.size, end)
            const names = (which: 'hw' | 'wanted' | 'active' | 'noChange'): Map<string, boolean> =>
              new Map((found[which]?.bits ?? []).map(({ name = '', value = false }) => [name, value]))
            const [hw, wanted, active, fixed] = [names('hw'), names('wanted'), names('active'), names('noChange')]
            for (const name of new Set([...hw.keys(), ...active.keys(), ...fixed.keys()])) {
              features[name] = {
                active: active.has(name),
                wanted: wanted.has(name),
                fixed: fixed.has(name) || !hw.has(name),
              }
            }
          })
          return features
        },
      },
      call,
    )
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
    checkCallOptions(call)
    const header = headerOf(dev, ETHTOOL_FLAG_OMIT_REPLY)
    const wanted = checkChanges(changes)
    const netns = this.#netns
    const type = await familyId(netns, 'ethtool', call)
    const bits = wanted.map(([name, value]) => ({ name, value }))
    const request = encodeMessage(featuresLayout, 'ETHTOOL_MSG_FEATURES_SET', type, {
      header: { command: ETHTOOL_MSG_FEATURES_SET, version },
      attributes: { header, wanted: { bits } },
    })
    const steps = [{ netns, messages: [request], ending: Ending.ack }]
    const operation = { name: 'ethtool.features.set', protocol: NETLINK.GENERIC, lane: Lane.mutation, netns, steps }
    await perform({ ...operation, about: `of ${String(dev)}`, result: nothing }, call)
    const after = await this.get(dev, call)
    const refused = wanted.find(([name, value]) => after[name]?.active !== value)
    if (refused !== undefined) throw notChanged(dev, netns.label, refused[0])
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
