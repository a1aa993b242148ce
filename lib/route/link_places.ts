// The part of the messages to which each option of a link belongs: the tables for link_parts.ts.
import { checkNetns, type NetnsTarget } from '../native/netns_handle'
import type { Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkArray, isBytes, wrongType, wrongValue } from '../wire/invalid'
import { checkText } from '../wire/text'
import type { ValueOf } from '../wire/type'
import type { Traits } from './kinds/kind'
import { operState, type linkAttributes } from './link_attributes'
import { type creationAttributes, IFF } from './link_creation'
import type { LinkParts } from './link_parts'
import type { LinkCreation, LinkSettings } from './link_options'

/** Attributes of a link's message. */
export type LinkWire = ValueOf<typeof linkAttributes>

/** Checks the value of an option, and puts it into the part that it belongs to. */
export type Put<Value> = (parts: LinkParts, value: Value, field: string) => void

/** A place for each option: a missing one does not compile. */
type Places<Options> = { readonly [Option in keyof Options]-?: Put<NonNullable<Options[Option]>> }

const atCreation =
  <Option extends keyof typeof creationAttributes>(option: Option): Put<NonNullable<LinkWire[Option]>> =>
  ({ creation }, value) => {
    creation[option] = value
  }

type LaterOption = 'alias' | 'protoDown' | 'carrier' | 'operState' | 'linkMode'

// For options that the kernel ignores or refuses in a message that creates a device, and accepts in one that changes it.
const later =
  <Option extends LaterOption>(option: Option, beforeUp?: Put<unknown>): Put<NonNullable<LinkWire[Option]>> =>
  (parts, value, field) => {
    parts.later[option] = value
    beforeUp?.(parts, value, field)
  }

// IPv6 generates addresses when the device is set up: options that prevent this have to be set before.
const upFollows: Put<unknown> = (parts) => {
  parts.upFollows = true
}
const upFollowsCreation: Put<unknown> = (parts) => {
  if (parts.creating) parts.upFollows = true
}

const flag =
  (bit: number, whenSet = true): Put<boolean> =>
  ({ flags }, value, field) => {
    if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
    flags.change |= bit
    if (value === whenSet) flags.flags |= bit
  }

// The kernel ignores the others (set_operstate, net/core/rtnetlink.c).
const settableStates: ReadonlySet<unknown> = new Set(
  (['up', 'dormant', 'testing'] as const).flatMap((name) => [name, operState.names[name][1]]),
)
const laterState = later('operState', upFollowsCreation)

/** As many as fit into one attribute (IFLA_PROP_LIST): each takes at least a header, a letter and NUL. */
export const mostAltnames = 0xffff >> 3

/** Settings of a link, at any time. */
export const settingPlaces: Places<Omit<LinkSettings, 'port'>> = {
  mac: atCreation('mac'),
  broadcast: atCreation('broadcast'),
  mtu: atCreation('mtu'),
  txqlen: atCreation('txqlen'),
  group: atCreation('group'),
  gsoMaxSegs: atCreation('gsoMaxSegs'),
  gsoMaxSize: atCreation('gsoMaxSize'),
  groMaxSize: atCreation('groMaxSize'),
  gsoIpv4MaxSize: atCreation('gsoIpv4MaxSize'),
  groIpv4MaxSize: atCreation('groIpv4MaxSize'),
  alias: later('alias'),
  protoDown: later('protoDown', upFollows),
  carrier: later('carrier', upFollowsCreation),
  operState(parts, value, field) {
    if (!settableStates.has(value)) throw wrongValue(field, '"up", "dormant" or "testing"', value)
    laterState(parts, value, field)
  },
  linkMode: later('linkMode'),
  addrGenMode(parts, value, field) {
    parts.later.afSpec = { inet6: { addrGenMode: value } }
    upFollows(parts, value, field)
  },
  up: flag(IFF.UP),
  multicast: flag(IFF.MULTICAST),
  allMulticast: flag(IFF.ALLMULTI),
  promisc: flag(IFF.PROMISC),
  arp: flag(IFF.NOARP, false),
  master(parts, value) {
    parts.master = value
  },
}

/** The namespace in which a link is created, or to which it is moved. */
const netnsPlace: Put<NetnsTarget> = (parts, value, field) => {
  parts.netns = checkNetns(value, field, parts.verb)
}

const namePlace = atCreation('name')

/** Further options for the creation of a link. */
export const creationPlaces: Places<
  Omit<LinkCreation, keyof LinkSettings> & { netns: NetnsTarget; link: Device; kind: string }
> = {
  name: namePlace,
  numTxQueues: atCreation('numTxQueues'),
  numRxQueues: atCreation('numRxQueues'),
  index(parts, value, field) {
    parts.index = checkInteger(value, 1, 0x7fffffff, field)
  },
  altnames(parts, value, field) {
    parts.altnames = checkArray(value, field, 'an array', mostAltnames) as readonly string[]
  },
  netns: netnsPlace,
  link(parts, value) {
    parts.link = value
  },
  kind: () => undefined,
}

/** Further options for a change: another name, another namespace. */
export const changePlaces: Places<{ name: string; netns: NetnsTarget; kind: string }> = {
  name: namePlace,
  netns: netnsPlace,
  kind: () => undefined,
}

/** MODULE_NAME_LEN - 1: the kernel cuts longer names (rtnl_newlink, net/core/rtnetlink.c). */
const longestKind = 55

/** Checks the kernel's name of a kind (IFLA_INFO_KIND). */
export function checkInfoKind(infoKind: unknown): string {
  return checkText(infoKind, 1, longestKind, 'infoKind')
}

/** The kind of a link that this version does not know, and its attributes as bytes. */
export const otherPlaces: Places<{ infoKind: string; data: Uint8Array }> = {
  infoKind(parts, value) {
    parts.infoKind = checkInfoKind(value)
  },
  data(parts, value, field) {
    if (!isBytes(value)) throw wrongType(field, 'a Uint8Array of encoded attributes', value)
    parts.data = value
  },
}

/** The traits of the settings of all links. */
export const linkTraits: Traits = {
  requires: { groMaxSize: 'Linux 5.17', gsoIpv4MaxSize: 'Linux 6.3', groIpv4MaxSize: 'Linux 6.3' },
  kept: { operState: 'the device has to be up and to have a carrier' },
}
