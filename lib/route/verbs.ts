// What can be asked of each resource, as operations that are not carried out yet: a class carries them out one by one, a
// batch all at once.
import type { NetnsReference } from '../native/netns_handle'
import { ifThere, map, type Operation } from '../netlink/operation'
export { addressVerbs } from './address_messages'
export { neighborVerbs } from './neighbor_messages'
export { ruleVerbs } from './rule_messages'
import type { Link } from './link'
import { addLink } from './link_add'
import { changeAltnames } from './link_altnames'
import { deleteLink, flushLinks } from './link_delete'
import { getLink, listLinks, type LinkDetail, type LinkFilter } from './link_list'
import type { LinkName } from './link_messages'
import type { LinkChanges, LinkOptions } from './link_options'
import { setLink } from './link_set'
import { firstOf } from '../netlink/lookup'
import {
  addRoute,
  deleteRoute,
  flushRoutes,
  listOfKey,
  listRoutes,
  lookUpRoute,
  type LookupOptions,
} from './route_operations'
import type { RouteFilter } from './route_filter'
import type { Route, RouteKey, RouteOptions } from './route'
import { checkForce, type Force } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import { ensureLink } from './link_ensure'
import { ensureRoute } from './route_ensure'

type Netns = NetnsReference

const forgiving = (operation: Operation<void>, options: Force | undefined): Operation<void> =>
  checkForce(options) ? ifThere(operation) : operation

export const linkVerbs = {
  add: (netns: Netns, options: LinkOptions): Operation<Link> => addLink(netns, options),
  ensure: (netns: Netns, options: LinkOptions): Operation<Ensured<Link>> => ensureLink(netns, options),
  get: (netns: Netns, dev: LinkName, detail: LinkDetail = {}): Operation<Link> => getLink(netns, dev, detail),
  find: (netns: Netns, dev: LinkName, detail: LinkDetail = {}): Operation<Link | undefined> =>
    ifThere(getLink(netns, dev, detail)),
  list: (netns: Netns, filter?: LinkFilter): Operation<Link[]> => listLinks(netns, filter),
  set: (netns: Netns, dev: LinkName, changes: LinkChanges): Operation<Link | undefined> => setLink(netns, dev, changes),
  delete: (netns: Netns, dev: LinkName, options?: Force): Operation<void> => forgiving(deleteLink(netns, dev), options),
  flush: (netns: Netns, filter: { group: number }): Operation<void> => flushLinks(netns, filter),
  addAltnames: (netns: Netns, dev: LinkName, altnames: readonly string[]): Operation<void> =>
    changeAltnames(netns, 'addAltnames', dev, altnames),
  deleteAltnames: (netns: Netns, dev: LinkName, altnames: readonly string[]): Operation<void> =>
    changeAltnames(netns, 'deleteAltnames', dev, altnames),
}

function getRoute(netns: Netns, key: RouteKey): Operation<Route> {
  return map(listOfKey(netns, key), (all) => firstOf(all, 'routes.get', netns, `route ${key.dst}`))
}

export const routeVerbs = {
  add: (netns: Netns, options: RouteOptions): Operation<void> => addRoute(netns, 'add', options),
  ensure: (netns: Netns, options: RouteOptions): Operation<Ensured<Route>> => ensureRoute(netns, options),
  replace: (netns: Netns, options: RouteOptions): Operation<void> => addRoute(netns, 'replace', options),
  change: (netns: Netns, options: RouteOptions): Operation<void> => addRoute(netns, 'change', options),
  append: (netns: Netns, options: RouteOptions): Operation<void> => addRoute(netns, 'append', options),
  prepend: (netns: Netns, options: RouteOptions): Operation<void> => addRoute(netns, 'prepend', options),
  get: getRoute,
  find: (netns: Netns, key: RouteKey): Operation<Route | undefined> => ifThere(getRoute(netns, key)),
  list: (netns: Netns, filter?: RouteFilter): Operation<Route[]> => listRoutes(netns, filter),
  lookup: (netns: Netns, address: string, options?: LookupOptions): Operation<Route> =>
    lookUpRoute(netns, address, options),
  delete: (netns: Netns, key: RouteKey, options?: Force): Operation<void> =>
    forgiving(deleteRoute(netns, key), options),
  flush: (netns: Netns, filter: RouteFilter): Operation<void> => flushRoutes(netns, filter),
}
