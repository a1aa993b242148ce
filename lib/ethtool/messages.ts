// The generic netlink family `ethtool` (linux/ethtool_netlink.h, Documentation/networking/ethtool-netlink.rst), as far as features go.
import { defineFamily, operation } from '../netlink/family'
import { attributes } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { u32 } from '../wire/integers'
import { list } from '../wire/nesting'
import { flag, text } from '../wire/text'

const header = attributes('ETHTOOL_A_HEADER_', {
  index: ['DEV_INDEX', 1, u32],
  name: ['DEV_NAME', 2, text(15)],
  flags: ['FLAGS', 3, u32],
})

const bit = attributes('ETHTOOL_A_BITSET_BIT_', {
  index: ['INDEX', 1, u32],
  name: ['NAME', 2, text(31)],
  value: ['VALUE', 3, flag],
})

const bitset = attributes('ETHTOOL_A_BITSET_', {
  noMask: ['NOMASK', 1, flag],
  size: ['SIZE', 2, u32],
  bits: ['BITS', 3, list('ETHTOOL_A_BITSET_BITS_BIT', 1, bit)],
})

const features = attributes('ETHTOOL_A_FEATURES_', {
  header: ['HEADER', 1, header],
  hw: ['HW', 2, bitset],
  wanted: ['WANTED', 3, bitset],
  active: ['ACTIVE', 4, bitset],
  noChange: ['NOCHANGE', 5, bitset],
})

/** The family. */
export const ethtool = defineFamily({
  name: 'ethtool',
  operations: {
    getFeatures: operation({
      command: 11,
      symbol: 'ETHTOOL_MSG_FEATURES_GET',
      request: features,
      reply: features,
      required: ['header'],
    }),
    setFeatures: operation({
      command: 12,
      symbol: 'ETHTOOL_MSG_FEATURES_SET',
      request: features,
      required: ['header', 'wanted'],
      restore: {
        operation: 'getFeatures',
        request: ({ header: { index, name } = {} }) => ({ header: { index, name } }),
        bits: {
          attribute: features.table.wanted[1],
          list: bitset.table.bits[1],
          name: bit.table.name[1],
          value: bit.table.value[1],
        },
      },
    }),
  },
})

/** A device, as the kernel wants it to be named; a change is acknowledged and not told besides (ETHTOOL_FLAG_OMIT_REPLY). */
export function headerOf(dev: Device, omitReply = false): { index?: number; name?: string; flags?: number } {
  const checked = checkDevice(dev, 'dev')
  const which = typeof checked === 'number' ? { index: checked } : { name: checked }
  return omitReply ? { ...which, flags: ETHTOOL_FLAG_OMIT_REPLY } : which
}

const ETHTOOL_FLAG_OMIT_REPLY = 2
