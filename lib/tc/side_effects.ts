// What goes with a qdisc: classes, the qdiscs in them, filters. A rollback brings it back.
import { NLM_F } from '../netlink/constants'
import { encodeMessage, type Message } from '../netlink/message'
import type { SideEffect } from '../netlink/operation'
import { word, type Condition } from '../netlink/rollback/pattern'
import { attributes } from '../wire/attributes'
import type { Device } from '../wire/device'
import { u32 } from '../wire/integers'
import { at, RTM, tcmsg } from './messages'
import { anyClass, anyFilter, anyQdisc } from './recipes'
import { filterParent, TC_H } from './handles'

const layout = { header: tcmsg(u32, u32, u32), attributes: attributes('TCA_', {}) }
const filters = { header: tcmsg(u32, filterParent, u32), attributes: layout.attributes }

const dumpOf = (type: number, name: string, dev: Device): Message =>
  encodeMessage(layout, name, type, { flags: NLM_F.DUMP, header: { dev } })

const filtersOf = (dev: Device, parent: string): Message =>
  encodeMessage(filters, 'RTM_GETTFILTER', RTM.GETTFILTER, { flags: NLM_F.DUMP, header: { dev, parent } })

const isSet = (field: number): Condition => [{ header: field, value: word(0), not: true }]

/** All filters at a qdisc or a hook of it. */
export const filtersAt = (dev: Device, parent: string): SideEffect => ({
  lookup: filtersOf(dev, parent),
  pattern: [isSet(at.handle)],
  recipe: anyFilter,
})

/** What is in a qdisc of a device, by its place or its handle. */
export function heldBy(dev: Device, parent: string | undefined, handle: string | undefined): SideEffect[] {
  if (parent === 'ingress' || parent === 'clsact' || handle === 'ffff:') {
    return [filtersAt(dev, 'ingress'), filtersAt(dev, 'egress')]
  }
  const device: Condition = [{ header: at.dev, device: dev }]
  const below: Condition[] = [TC_H.ROOT, TC_H.INGRESS].map((one) => [
    { header: at.parent, value: word(one), not: true },
  ])
  return [
    { lookup: dumpOf(RTM.GETTCLASS, 'RTM_GETTCLASS', dev), pattern: [], recipe: anyClass },
    {
      lookup: dumpOf(RTM.GETQDISC, 'RTM_GETQDISC', dev),
      pattern: [device, isSet(at.handle), ...below],
      recipe: anyQdisc,
    },
    filtersAt(dev, handle ?? 'root'),
  ]
}
