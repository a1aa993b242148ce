// Compares a neighbor with a key in the fields that the kernel does not compare.
import { messageHeaderSize } from '../netlink/constants'
import { attributeNumber, numbersOf, offsetOf } from '../netlink/rollback/offsets'
import { byte, payloadOf, word, type Condition, type Test } from '../netlink/rollback/pattern'
import { checkDevice, type Device } from '../wire/device'
import { checkArray, checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { familyOf, parseIP, parseMac } from '../wire/ip'
import { checkFamily, type Family } from './families'
import { neighborFlags, neighborLayout, states } from './neighbor_attributes'
import type { Neighbor, NeighborFlag, NeighborKey, NeighborOptions, NeighborState } from './neighbor_messages'
import { message } from './rtnetlink'

const keyKeys = ['dev', 'address', 'proxy']
const addKeys = new Set([...keyKeys, 'mac', 'state', 'router', 'extLearned', 'managed', 'protocol'])
// A listed neighbor is a key, too: its other fields are compared.
const listedKeys = new Set([
  ...addKeys,
  'family',
  'flags',
  'probes',
  'confirmedSeconds',
  'usedSeconds',
  'updatedSeconds',
  'unknown',
])

export function checkBoolean(value: unknown, field: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
  return value
}

export function checkState(value: unknown): NeighborState | undefined {
  if (value === undefined) return undefined
  const names = Object.keys(states.names)
  if (typeof value !== 'string' || !names.includes(value)) {
    throw wrongValue('state', `one of ${names.join(', ')}`, value)
  }
  return value as NeighborState
}

export function keyHeader({ dev, address, proxy, flags }: NeighborKey & Partial<Pick<Neighbor, 'flags'>>): {
  family: Family
  index: Device
  flags: NeighborFlag[]
} {
  parseIP(address, 'address')
  checkDevice(dev, 'dev')
  return {
    family: familyOf(address) ?? 'ipv4',
    index: dev,
    flags: checkBoolean(proxy, 'proxy') || flags?.includes('proxy') === true ? ['proxy'] : [],
  }
}

/** What a list reports of a neighbor besides. */
type Given = NeighborOptions & Partial<Neighbor>

const ages = ['probes', 'confirmedSeconds', 'usedSeconds', 'updatedSeconds'] as const
// Flags of forwarding databases, and one that is a command: no neighbor has them.
const foreignFlags: ReadonlySet<unknown> = new Set(['self', 'master', 'sticky', 'use'])

/** Checks the property names of a key or options, and that reported fields agree with the others. */
export function checkGiven(options: NeighborKey): Given {
  checkKeys(options, listedKeys)
  const given = options as Given
  parseIP(given.address, 'address')
  const family = familyOf(given.address)
  if (checkFamily(given.family) !== undefined && given.family !== family) {
    throw wrongValue('family', `"${family}", as the address`, given.family)
  }
  for (const name of ages) {
    const value: unknown = given[name]
    if (value === undefined || (typeof value === 'number' && value >= 0)) continue
    throw wrongType(name, 'left out, or what a list told', value)
  }
  if (given.unknown !== undefined && checkArray(given.unknown, 'unknown').length > 0) {
    throw wrongValue('unknown', 'left out: what it means is not known here', given.unknown)
  }
  const flags = given.flags === undefined ? undefined : checkArray(given.flags, 'flags', 'an array', 64)
  for (const [i, flag] of (flags ?? []).entries()) {
    const known = typeof flag === 'string' && Object.hasOwn(neighborFlags.names, flag) && !foreignFlags.has(flag)
    if (!known) throw wrongValue(`flags[${i}]`, '"proxy", "router", "extLearned" or "offloaded"', flag)
  }
  for (const name of ['proxy', 'router', 'extLearned'] as const) {
    const value = given[name]
    if (value === undefined || flags === undefined || !checkBoolean(value, name) === !flags.includes(name)) continue
    throw wrongValue(name, 'as "flags" say', value)
  }
  return given
}

const settled: ReadonlySet<unknown> = new Set(['permanent', 'noarp'])

/**
 * Conditions for the fields of a key besides its address; none if it has only that. The states that the kernel changes by itself
 * count as equal.
 */
export function conditionsOf({ mac, state, router, extLearned, managed, protocol, flags, proxy }: Given): Condition[] {
  const conditions: Condition[] = []
  if (mac !== undefined)
    conditions.push([{ attribute: numbersOf(neighborLayout.attributes, 'LLADDR'), value: parseMac(mac, 'mac') }])
  const checked = checkState(state)
  if (checked !== undefined && proxy !== true && flags?.includes('proxy') !== true) {
    conditions.push(
      ...(settled.has(checked)
        ? [[isIn(checked)]]
        : [...settled].map((one) => [{ ...isIn(one as NeighborState), not: true }])),
    )
  }
  const flag = (name: 'router' | 'extLearned', wanted: boolean | undefined): void => {
    if (wanted === undefined) return
    const bit = neighborFlags.names[name][1]
    conditions.push([
      { header: offsetOf(neighborLayout.header, 'ndm_flags'), value: byte(wanted ? bit : 0), mask: bit },
    ])
  }
  flag('router', router === undefined ? flags?.includes('router') : checkBoolean(router, 'router'))
  flag('extLearned', extLearned === undefined ? flags?.includes('extLearned') : checkBoolean(extLearned, 'extLearned'))
  if (managed !== undefined) {
    const value = word(checkBoolean(managed, 'managed') ? 1 : 0)
    conditions.push([{ attribute: numbersOf(neighborLayout.attributes, 'FLAGS_EXT'), value, zeroIsAbsent: true }])
  }
  if (protocol !== undefined) {
    const { bytes } = message('NEWNEIGH', neighborLayout, { attributes: { protocol } })
    const value = payloadOf(
      bytes,
      messageHeaderSize + neighborLayout.header.size,
      attributeNumber(neighborLayout.attributes, 'PROTOCOL'),
    )
    conditions.push([{ attribute: numbersOf(neighborLayout.attributes, 'PROTOCOL'), value, zeroIsAbsent: true }])
  }
  return conditions
}

/** Whether a neighbor is in a state. */
export function isIn(state: NeighborState): Test {
  return {
    header: offsetOf(neighborLayout.header, 'ndm_state'),
    value: new Uint8Array(Uint16Array.of(states.names[state][1]).buffer),
  }
}
