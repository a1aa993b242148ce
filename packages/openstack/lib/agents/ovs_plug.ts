// The plug for Open vSwitch: an internal port of the integration bridge, with its VLAN as tag, moved into the namespace. Unlike a veth
// pair, it has correct checksums with the userspace datapath, too.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Interface, OpenVswitch, OvsInterfaceError } from '@netloom/ovs'
import type { Link, NetNs } from 'netloom'
import { isNotFound } from 'netloom/errors'
import { isOwn, leftAlone, notOwn, type Claim } from './claim'
import { agentError } from './errors'
import type { Attached, Attachment, Detachment, Plug } from './plug'

/** Options of the plug. */
export interface OvsPlugOptions {
  /** The namespace in which ovs-vswitchd makes devices; the plug closes this handle. */
  readonly netns: NetNs
  /** The bridge. */
  readonly bridge: string
  /** Where its database is. */
  readonly remotes: string | readonly string[]
}

/** How long the switch may take to apply something. */
const patience = { timeout: 10_000 }
/** How long to wait for the switch to find out whether it runs. */
const answerMs = 1000
/** The external id with the mark. */
const markKey = 'netloom-owner'

/** The existing parts of a port. */
interface Found {
  /** Its row in the database. */
  readonly port: Interface | undefined
  /** The device in the switch's namespace, where it is until it is moved. */
  readonly home: Link | undefined
  /** The device in the namespace. */
  readonly inside: Link | undefined
}

/** Changes of a port that were not reported yet. */
interface Done {
  readonly mended: string[]
  renewed: boolean
  giveBack: (() => Promise<unknown>) | undefined
}

/** Internal ports of a bridge. */
export class OvsPlug implements Plug {
  readonly #host: NetNs
  readonly #bridge: string
  readonly #ovs: OpenVswitch
  readonly #closing = new AbortController()
  /** The attached taps. */
  readonly #attached = new Set<string>()
  /** The changes of an attempt that has failed, by tap. */
  readonly #half = new Map<string, Done>()

  private constructor({ netns, bridge }: OvsPlugOptions, ovs: OpenVswitch) {
    this.#host = netns
    this.#bridge = bridge
    this.#ovs = ovs
  }

  static async connect(options: OvsPlugOptions): Promise<OvsPlug> {
    const { remotes, netns } = options
    return new OvsPlug(options, await OpenVswitch.connect({ remotes, netns }))
  }

  begin({ tap }: Detachment): string {
    return tap
  }

  async attach(to: Attachment): Promise<Attached> {
    const done = this.#half.get(to.tap) ?? { mended: [], renewed: false, giveBack: undefined }
    this.#half.set(to.tap, done)
    try {
      await this.#attach(to, done)
    } catch (error) {
      // Another program has removed the port or its device meanwhile.
      if (!isNotFound(error)) throw error
      await this.#attach(to, done)
    }
    this.#half.delete(to.tap)
    return { device: to.tap, bridge: this.bridgeOf(to), ...done }
  }

  async #attach(to: Attachment, done: Done): Promise<void> {
    const { tap, netns, mac, claim } = to
    const bridge = this.bridgeOf(to)
    const found = await this.#look(to)
    const giveBack = await this.#refuseOthers(to, found)
    done.giveBack ??= giveBack
    this.#attached.add(tap)
    const state = await this.#stateOf(to, found)
    if (state === 'gone') {
      await this.#again(to, found, bridge)
      done.mended.push(`port ${tap} of the bridge ${bridge}`)
    } else if (state === 'moved') {
      // The switch was restarted: a device that it had opened before is no longer connected.
      if (found.inside !== undefined) await netns.links.delete(found.inside.index, { force: true })
      await this.#host.links.set(tap, { netns })
      done.mended.push(`device ${tap}`)
    }
    const isNew = state !== 'whole'
    done.renewed ||= isNew
    if (!isNew && found.port?.port !== undefined) await this.#tag(to, done.mended)
    const mtu = to.mtu === undefined ? {} : { mtu: to.mtu }
    const inside = isNew ? undefined : found.inside
    const isRight = inside?.mac === mac && inside.up && (to.mtu === undefined || inside.mtu === to.mtu)
    if (!isRight || inside.alias !== claim.mark) {
      await netns.links.set(tap, { mac, ...mtu, up: true, alias: claim.mark })
    }
  }

  async #tag({ tap, vlan }: Attachment, mended: string[]): Promise<void> {
    const { tag } = await this.#ovs.ports.get(tap, patience)
    if (tag === vlan) return
    await this.#ovs.ports.set(tap, { tag: vlan ?? null }, patience)
    mended.push(`tag of port ${tap}`)
  }

  async detach(from: Detachment): Promise<void> {
    const { tap, claim, netns } = from
    this.#attached.delete(tap)
    this.#half.delete(tap)
    const { port, home, inside } = await this.#look(from)
    if (port !== undefined && ownsPort(from, port)) await this.#ovs.ports.delete(tap, { ...patience, force: true })
    // A device that the switch has closed, or has left open, as it was restarted.
    if (inside !== undefined && isOwn(claim, inside.alias)) await netns?.links.delete(inside.index, { force: true })
    if (port === undefined && home?.alias === claim.mark) await this.#host.links.delete(home.index, { force: true })
  }

  bridgeOf({ bridge }: Pick<Detachment, 'bridge'>): string {
    return bridge ?? this.#bridge
  }

  onChange(listener: (tap: string) => void): void {
    const { signal } = this.#closing
    const follow = async (): Promise<void> => {
      for await (const { kind, name, value } of this.#ovs.watch({ signal })) {
        // The row has an index only while the device is in the switch's namespace: then it is a new one.
        const isAtHome = kind === 'interface' && (value?.ifindex ?? 0) > 0
        if (isAtHome && this.#attached.has(name)) listener(name)
      }
    }
    const followAgain = async (): Promise<void> => {
      while (!signal.aborted) {
        // Too many changes at once, or the connection was lost: the agent's regular checks go on meanwhile.
        await follow().catch(() => undefined)
        await sleep(answerMs, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
    void followAgain()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#ovs.close()
    this.#host.close()
  }

  async #look({ tap, netns }: Detachment): Promise<Found> {
    const [port, home, inside] = await Promise.all([
      this.#ovs.interfaces.find(tap, patience),
      this.#host.links.find(tap),
      netns?.links.find(tap),
    ])
    return { port, home, inside }
  }

  /** The state of a port: complete; with a new device to move; or to be created again. */
  async #stateOf(to: Attachment, { port, home, inside }: Found): Promise<'whole' | 'moved' | 'gone'> {
    if (port?.bridge !== this.bridgeOf(to)) return 'gone'
    if (home !== undefined) return (await this.#isOpened(to.tap, home.index)) ? 'moved' : 'gone'
    if (inside === undefined) return 'gone'
    if (!inside.up || inside.carrier !== false) return 'whole'
    // No process has it open. If the switch does not run, it creates a new one when it starts.
    const runs = await this.#ovs.ready({ timeout: answerMs }).then(
      () => true,
      () => false,
    )
    if (!runs) return 'whole'
    const now = await this.#look(to)
    if (now.home !== undefined) return 'moved'
    return now.inside?.carrier === false ? 'gone' : 'whole'
  }

  /** Whether the switch has opened the device of this index, which it reports with a delay. */
  async #isOpened(tap: string, index: number): Promise<boolean> {
    const deadline = performance.now() + answerMs
    for (;;) {
      const { ifindex, error } = (await this.#ovs.interfaces.find(tap, patience)) ?? {}
      if (ifindex === index) return true
      if (error !== undefined || performance.now() > deadline) return false
      await sleep(5)
    }
  }

  /** @throws NetloomError: `ERR_NETLOOM_NOT_OWN`. */
  async #refuseOthers(to: Attachment, { port, home, inside }: Found): Promise<(() => Promise<unknown>) | undefined> {
    const { tap, claim } = to
    const operation = 'Plug.attach'
    const isOwnPort = port !== undefined && ownsPort(to, port)
    const fits = port?.type === 'internal' && port.bridge === this.bridgeOf(to)
    if (port !== undefined && !isOwnPort && !(claim.adopt && fits)) {
      throw notOwn(operation, `the port ${tap} of Open vSwitch`, port.externalIds[markKey])
    }
    if (port === undefined && home !== undefined && home.alias !== claim.mark) {
      throw notOwn(operation, `the device ${tap}`, home.alias, leftAlone)
    }
    const isTheirs = inside !== undefined && !isOwn(claim, inside.alias, isOwnPort) && !(claim.adopt && fits)
    if (isTheirs) throw notOwn(operation, `the device ${tap} in the namespace`, inside.alias, leftAlone)
    if (port === undefined || port.externalIds[markKey] === claim.mark) return undefined
    const mark = (value: string | null): Promise<void> =>
      this.#ovs.interfaces.set(tap, { externalIds: { [markKey]: value } }, patience)
    await mark(claim.mark)
    if (isOwnPort) return undefined
    return async () => {
      await mark(port.externalIds[markKey] ?? null)
      await to.netns.links.set(tap, { alias: inside?.alias ?? '' })
    }
  }

  /** Creates it, after removing the rest of an old one. */
  async #again(to: Attachment, { home, inside, port }: Found, bridge: string): Promise<void> {
    const { tap, netns, claim } = to
    // The switch has to apply the deletion first: otherwise it would never open the new device.
    if (port !== undefined) await this.#ovs.ports.delete(tap, { ...patience, force: true })
    if (inside !== undefined) await netns.links.delete(inside.index, { force: true })
    if (port === undefined && home?.alias === claim.mark) await this.#host.links.delete(home.index, { force: true })
    await this.#add(to, bridge)
  }

  async #add({ tap, mac, vlan, network, netns, claim }: Attachment, bridge: string): Promise<void> {
    const own = { [markKey]: claim.mark }
    const externalIds = { 'iface-id': ifaceId(network), 'iface-status': 'active', 'attached-mac': mac, ...own }
    try {
      await this.#ovs.ports.add(
        { bridge, name: tap, tag: vlan, interface: { type: 'internal', externalIds } },
        patience,
      )
    } catch (error) {
      const why =
        error instanceof OvsInterfaceError
          ? `Open vSwitch: ${error.error}`
          : isNotFound(error)
            ? `Open vSwitch has no bridge ${bridge}`
            : undefined
      if (why === undefined) throw error
      throw agentError('ERR_NETLOOM_NOT_PLUGGED', 'Plug.attach', why, error)
    }
    await this.#move(tap, netns)
  }

  /** Moves the device of a port into the namespace, once it exists. */
  async #move(tap: string, netns: NetNs): Promise<void> {
    const deadline = performance.now() + patience.timeout
    while ((await this.#host.links.find(tap)) === undefined) {
      if (performance.now() > deadline) {
        await this.#ovs.ports.delete(tap, { ...patience, force: true })
        const why = `Open vSwitch makes no device ${tap} in this namespace`
        throw agentError('ERR_NETLOOM_NOT_PLUGGED', 'Plug.attach', why)
      }
      await sleep(2)
    }
    await this.#host.links.set(tap, { netns })
  }
}

function ifaceId(network: string): string {
  return `dhcp-${network}`
}

/** Whether a port is its own; an older version has set the network's id, but no mark. */
function ownsPort({ claim, network }: { claim: Claim; network: string }, { externalIds }: Interface): boolean {
  const mark = externalIds[markKey]
  if (mark !== undefined) return mark === claim.mark
  return claim.unmarked !== 'nothing' && externalIds['iface-id'] === ifaceId(network)
}
