// The verbs of links that query: `get` and `list`.
import { Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import type { Operation } from '../netlink/operation'
import type { Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { nearest } from '../wire/nearest'
import { linkKinds } from './kinds'
import { kernelKinds } from './kinds/in_kernel'
import { decodeLink, type Link } from './link'
import { linkLayout } from './link_attributes'
import { brief, naming, show, type LinkName } from './link_messages'
import { checkInfoKind } from './link_places'
import { dump, query, message } from './rtnetlink'

/** Details of links in a query. */
export interface LinkDetail {
  /** With counters (IFLA_STATS64). Default: false, which is faster. */
  statistics?: boolean | undefined
}

const detailKeys = new Set(['statistics'])

function checkStatistics({ statistics = false }: LinkDetail): boolean {
  if (typeof statistics !== 'boolean') throw wrongType('statistics', 'a boolean', statistics)
  return statistics
}

/** links.get */
export function getLink(netns: NetnsReference, dev: LinkName, detail: LinkDetail = {}): Operation<Link> {
  checkKeys(detail, detailKeys)
  const statistics = checkStatistics(detail)
  const request = message('GETLINK', linkLayout, naming(dev, brief))
  return query(
    'links.get',
    netns,
    Lane.query,
    request,
    (received) => decodeLink(received, statistics),
    `link ${show(dev)}`,
  )
}

/** A filter for links. Where the kernel can filter, it does. */
export interface LinkFilter extends LinkDetail {
  /**
   * Links of one kind of Linux (in the kernel, if this library has options for it); `none` for those without a kind, `other`
   * for those of kinds without options here.
   */
  kind?: string | undefined
  /** Links of a kind by the kernel's name (IFLA_INFO_KIND), also of modules outside of Linux. */
  infoKind?: string | undefined
  /** Ports of one device, by name or index (in the kernel); 0 for links that are no port. */
  master?: Device | undefined
  /** Links of one group, 0 or more. */
  group?: number | undefined
  /** Links that are set up (true), or down (false). */
  up?: boolean | undefined
}

const filterKeys = new Set(['statistics', 'kind', 'infoKind', 'master', 'group', 'up'])

function checkListedKind(kind: unknown): void {
  if (typeof kind !== 'string') throw wrongType('kind', 'a string', kind)
  if (kernelKinds.has(kind) || kind === 'none' || kind === 'other') return
  const near = nearest(kind, kernelKinds)
  const hint = near === undefined ? '' : `: did you mean "${near}"?`
  throw wrongValue('kind', `a link kind of Linux, "none" or "other"; any other is an "infoKind"${hint}`, kind)
}

/** links.list */
export function listLinks(netns: NetnsReference, filter: LinkFilter = {}): Operation<Link[]> {
  checkKeys(filter, filterKeys)
  const { kind, infoKind, master, group, up } = filter
  const statistics = checkStatistics(filter)
  if (kind !== undefined) checkListedKind(kind)
  if (infoKind !== undefined) checkInfoKind(infoKind)
  const known = infoKind ?? kind
  if (group !== undefined) checkInteger(group, 0, 0xffffffff, 'group')
  if (up !== undefined && typeof up !== 'boolean') throw wrongType('up', 'a boolean', up)
  const request = message('GETLINK', linkLayout, {
    flags: NLM_F.DUMP,
    attributes: {
      ...brief,
      ...(known === undefined || !Object.hasOwn(linkKinds, known) ? {} : { linkInfo: { kind: known } }),
      ...(master === undefined || master === 0 ? {} : { master }),
    },
  })
  return dump('links.list', netns, Lane.query, request, (received) => {
    const link = decodeLink(received, statistics)
    if (link === undefined || (group !== undefined && link.group !== group)) return undefined
    // The kernel does not filter by a kind whose module is not loaded.
    const its = link.kind === 'other' ? link.infoKind : link.kind
    if (infoKind !== undefined && its !== infoKind) return undefined
    if ((kind !== undefined && link.kind !== kind && its !== kind) || (master === 0 && link.master !== undefined))
      return undefined
    return up === undefined || link.up === up ? link : undefined
  })
}
