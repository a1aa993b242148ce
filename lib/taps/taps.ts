// Taps: the TUN and TAP devices of a namespace.
import { systemError } from '../errors'
import { errnoNumber } from '../errno'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { openTap, type TapRequest } from '../native/tap_jobs'
import { perform } from '../netlink/perform'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { DataOf } from '../route/kinds/kind'
import type { tun } from '../route/kinds/tun'
import type { LinkCommon } from '../route/link'
import type { LinkSettings } from '../route/link_options'
import { linkVerbs } from '../route/verbs'
import { Links } from '../route/links'
import { checkDeviceName } from '../wire/device'
import { wrongType } from '../wire/invalid'
import {
  checkFormat,
  checkId,
  flagsOf,
  formatKeys,
  headerSizeOf,
  offloadOf,
  type TapFormat,
  type TapOffload,
} from './flags'
import { Tap } from './tap'

/** Options of `taps.create`. */
export interface TapOptions
  extends TapFormat, Pick<LinkSettings, 'mac' | 'mtu' | 'up' | 'master' | 'txqlen'>, CallOptions {
  /** The device's name; `%d` in it stands for the first number that is free. Default: `tap%d` or `tun%d`. */
  name?: string | undefined
  /** The device stays when no program has it open (TUNSETPERSIST). Default: false. */
  persist?: boolean | undefined
  /** The user id that may open it without CAP_NET_ADMIN (TUNSETOWNER). Default: none. */
  owner?: number | undefined
  /** The group id that may open it without CAP_NET_ADMIN (TUNSETGROUP). Default: none. */
  group?: number | undefined
  /** Work that the reader does itself (TUNSETOFFLOAD); needs `vnetHeader`. Default: none. */
  offload?: readonly TapOffload[] | undefined
}

/** Options of `taps.open`. */
export interface TapOpenOptions extends Pick<TapFormat, 'mode' | 'vnetHeader'>, CallOptions {
  /** What the reader does itself (TUNSETOFFLOAD); needs `vnetHeader`. Default: nothing. */
  offload?: readonly TapOffload[] | undefined
}

/** A tap as `taps.list` returns it. */
export type TapLink = LinkCommon & {
  /** Its kind (IFLA_INFO_KIND), the same for TUN and TAP devices. */
  kind: 'tun'
} & DataOf<typeof tun>

const settingKeys = ['mac', 'mtu', 'up', 'master', 'txqlen'] as const
const createKeys = ['name', 'persist', 'owner', 'group', 'offload', ...formatKeys, ...settingKeys]
const openKeys = ['mode', 'vnetHeader', 'offload']

function checkNewName(value: unknown): string {
  if (typeof value === 'string') checkDeviceName(value.replace('%d', '0'), 'name')
  else throw wrongType('name', 'a string of 1 to 15 bytes', value)
  if (Buffer.byteLength(value) > 15) checkDeviceName(value, 'name')
  return value
}

/**
 * The TUN and TAP devices of a network namespace: a program reads the packets that they send, and writes those that they
 * receive.
 * @example
 * await using tap = await ns.taps.create({ name: 'tap0', mac: '02:00:00:00:00:01', up: true })
 * for await (const frame of tap) console.log(frame.length)
 */
export class Taps {
  readonly #netns: NetnsHandle

  /** @internal */
  constructor(netns: NetnsHandle) {
    this.#netns = netns
  }

  /**
   * Creates a device and opens it. If a part fails, the device is removed.
   * @throws TypeError, RangeError for a wrong option; NetloomError: `EBUSY` (the name is taken), `EPERM`, `ENOENT` (no
   *   /dev/net/tun: load the module `tun`), `EINVAL` (an option that this kernel does not support).
   * @example
   * const tap = await ns.taps.create({ name: 'vm%d', vnetHeader: true, master: 'br0', up: true })
   * spawn('qemu-system-x86_64', ['-netdev', 'tap,id=n0,fd=3', …], { stdio: ['inherit', 'inherit', 'inherit', tap.fd] })
   */
  async create(options: TapOptions = {}): Promise<Tap> {
    checkCallOptions(options, createKeys)
    const { signal, timeout, onWarning, name, persist = false, owner, group, offload } = options
    const call = { signal, timeout, onWarning }
    checkFormat(options)
    if (typeof persist !== 'boolean') throw wrongType('persist', 'a boolean', persist)
    checkId(owner, 'owner')
    checkId(group, 'group')
    const format = formatOf(options)
    const request = {
      name: name === undefined ? `${format.mode}%d` : checkNewName(name),
      flags: flagsOf(format),
      exists: false,
      owner,
      group,
      headerSize: headerSizeOf(format),
      offload: offloadOf(offload, format),
    }
    const settings = Object.fromEntries(
      settingKeys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])),
    )
    // Checks them before the device is created.
    linkVerbs.set(this.#netns, request.name.replace('%d', '0'), settings)
    const tap = await this.#open('taps.create', request, format, call)
    try {
      if (Object.keys(settings).length > 0) await perform(linkVerbs.set(this.#netns, tap.name, settings), call)
      if (persist) await tap.persist(true, call)
    } catch (error) {
      await tap.close()
      throw error
    }
    return tap
  }

  /**
   * Opens an existing device, which is persistent, or another queue of one with `multiQueue`. Takes the format from the device.
   * @param options - With `mode`, it must be one of that mode.
   * @throws TypeError, RangeError for a wrong option; NetloomError: `ENODEV` (there is none of this name), `EBUSY`
   *   (another program has it open), `EINVAL` (it is no tap, or of another mode), `EPERM`.
   */
  async open(name: string, options: TapOpenOptions = {}): Promise<Tap> {
    checkDeviceName(name, 'name')
    checkCallOptions(options, openKeys)
    const { mode, vnetHeader, offload, signal, timeout, onWarning } = options
    const call = { signal, timeout, onWarning }
    checkFormat({ mode, vnetHeader })
    const link = await new Links(this.#netns).get(name, call)
    if (link.kind !== 'tun' || (mode !== undefined && mode !== link.tunType)) {
      const about = `tap ${name}`
      const detail = link.kind === 'tun' ? `it is a ${link.tunType}` : 'it is neither TUN nor TAP'
      const errno = errnoNumber('EINVAL') ?? 22
      throw systemError({ operation: 'taps.open', netns: this.#netns.label, about, errno, detail })
    }
    const { tunType, packetInfo, multiQueue } = link
    const format = formatOf({
      mode: tunType === 'tun' ? 'tun' : 'tap',
      packetInfo,
      multiQueue,
      vnetHeader: vnetHeader ?? link.vnetHeader,
    })
    const bits = offloadOf(offload, format)
    const request = { name, flags: flagsOf(format), exists: true, headerSize: headerSizeOf(format), offload: bits }
    return this.#open('taps.open', request, format, call)
  }

  /** The devices, open or not: links of the kind `tun`. */
  async list(options?: CallOptions): Promise<TapLink[]> {
    checkCallOptions(options)
    return (await new Links(this.#netns).list({ kind: 'tun' }, options)) as TapLink[]
  }

  /**
   * Deletes a device, also one that a program has open, whose reads and writes fail from then on.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetloomError: `ENODEV`; `EINVAL` if it is no tap.
   */
  async delete(name: string, options?: DeleteOptions): Promise<void> {
    checkDeviceName(name, 'name')
    const { call } = splitForce(options)
    const links = new Links(this.#netns)
    const link = await links.find(name, call)
    if (link !== undefined && link.kind !== 'tun') {
      const [about, errno] = [`tap ${name}`, errnoNumber('EINVAL') ?? 22]
      const detail = 'it is neither TUN nor TAP'
      throw systemError({ operation: 'taps.delete', netns: this.#netns.label, about, errno, detail })
    }
    return links.delete(name, options)
  }

  async #open(operation: string, request: TapRequest, format: TapFormat, call: CallOptions): Promise<Tap> {
    const about = { operation, netns: this.#netns.label, about: `tap ${request.name}` }
    const opened = await openTap(about, this.#netns, request, call)
    const again = async (options: CallOptions = {}): Promise<Tap> => {
      const other = { ...request, name: opened[1], exists: true, owner: undefined, group: undefined }
      return this.#open('Tap.openQueue', other, format, options)
    }
    return new Tap(this.#netns, opened, format, again)
  }
}

function formatOf({
  mode = 'tap',
  packetInfo = false,
  vnetHeader = false,
  multiQueue = false,
}: TapFormat): Required<TapFormat> {
  return { mode, packetInfo, vnetHeader, multiQueue }
}
