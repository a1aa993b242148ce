// Generic netlink: families that the kernel numbers as they register, found by their names (linux/genetlink.h).
import { Ending, Lane } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { attributes } from '../wire/attributes'
import { u16, u8 } from '../wire/integers'
import { struct } from '../wire/struct'
import { text } from '../wire/text'
import { NETLINK } from './constants'
import { encodeMessage } from './message'
import { perform } from './perform'

/** The header of all messages of generic netlink. */
export const genlmsghdr = struct('genlmsghdr', {
  command: ['cmd', u8],
  version: ['version', u8],
  _reserved: ['reserved', u16],
})

const control = {
  header: genlmsghdr,
  attributes: attributes('CTRL_ATTR_', { id: ['FAMILY_ID', 1, u16], name: ['FAMILY_NAME', 2, text(15)] }),
}

const GENL_ID_CTRL = 16
const CTRL_CMD_GETFAMILY = 3

/** Families do not change their numbers while they are there, and all namespaces have the same. */
const known = new Map<string, number>()

/** The number of a family, which is the type of its messages. Rejects with `ENOENT` if the kernel does not have it. */
export async function familyId(netns: NetnsReference, name: string, call?: CallOptions): Promise<number> {
  const before = known.get(name)
  if (before !== undefined) return before
  const request = encodeMessage(control, 'CTRL_CMD_GETFAMILY', GENL_ID_CTRL, {
    header: { command: CTRL_CMD_GETFAMILY, version: 2 },
    attributes: { name },
  })
  const id = await perform(
    {
      name: 'generic netlink',
      protocol: NETLINK.GENERIC,
      lane: Lane.read,
      netns,
      steps: [{ netns, messages: [request], ending: Ending.reply }],
      about: `family ${name}`,
      result(answers) {
        let found = 0
        answers.forEach(0, ({ reader, at, end }) => {
          found = control.attributes.decode(reader, at + genlmsghdr.size, end).id ?? 0
        })
        return found
      },
    },
    call,
  )
  known.set(name, id)
  return id
}
