// Ids of namespaces as seen from a namespace (RTM_GETNSID, linux/net_namespace.h): what `netnsId` in a link refers to.
import { Ending, Lane } from '../native/addon'
import { decodeMessage, type Message } from '../netlink/message'
import type { NetnsReference } from '../native/netns_handle'
import { NETLINK, NLM_F } from '../netlink/constants'
import type { Answers, Operation } from '../netlink/operation'
import { attributes } from '../wire/attributes'
import { i32, u32, u8 } from '../wire/integers'
import { struct } from '../wire/struct'
import { netnsFd } from './netns_fd'
import { change, dump, message, only } from './rtnetlink'

const rtgenmsg = struct('rtgenmsg', { family: ['rtgen_family', u8] })

const nsidAttributes = attributes('NETNSA_', {
  id: ['NSID', 1, i32],
  pid: ['PID', 2, u32],
  fd: ['FD', 3, netnsFd],
  targetId: ['TARGET_NSID', 4, i32],
  currentId: ['CURRENT_NSID', 5, i32],
})

/** The messages RTM_…NSID. */
export const nsidLayout = { header: rtgenmsg, attributes: nsidAttributes }

/** NETNSA_NSID_NOT_ASSIGNED */
const notAssigned = -1

/** Asks for the id (nsid) that a namespace has given to `other`. */
export function nsidRequest(other: NetnsReference): Message {
  return message('GETNSID', nsidLayout, { attributes: { fd: other } })
}

/** The id that answers a step, or undefined if there is none. */
export function readNsid(answers: Answers, step: number): number | undefined {
  const id = only(answers, step, (received) => decodeMessage(nsidLayout, received)?.attributes.id)
  return id === notAssigned ? undefined : id
}

/** The id (nsid) that `netns` has given to `other`, or undefined if it has given none. */
export function getNsid(netns: NetnsReference, other: NetnsReference): Operation<number | undefined> {
  return {
    name: 'NetNs.id',
    protocol: NETLINK.ROUTE,
    lane: Lane.read,
    netns,
    steps: [{ netns, messages: [nsidRequest(other)], ending: Ending.reply }],
    result: (answers) => readNsid(answers, 0),
  }
}

/** Gives `other` an id in `netns`; the kernel chooses one if `id` is undefined. */
export function setNsid(netns: NetnsReference, other: NetnsReference, id: number | undefined): Operation<void> {
  return change(
    'NetNs.setId',
    netns,
    message('NEWNSID', nsidLayout, { attributes: { id: id ?? notAssigned, fd: other } }),
    undefined,
    undefined,
    { lasting: true },
  )
}

/** The ids that `netns` has given, of namespaces that the kernel has not begun to free. */
export function listNsids(netns: NetnsReference, name: string): Operation<number[]> {
  const request = message('GETNSID', nsidLayout, { flags: NLM_F.DUMP })
  return dump(name, netns, Lane.read, request, (received) => decodeMessage(nsidLayout, received)?.attributes.id)
}
