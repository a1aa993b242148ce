// Makes all routers equal to a description, and returns the changes.
import { isDeepStrictEqual } from 'node:util'
import { forEach } from '../agents/for_each'
import { wrongValue } from 'netloom/errors'
import { checkArray, checkObject } from 'netloom/values'
import { checkRouter, refuseTaken, type CheckedRouter } from './check'
import type { RouterOptions } from './options'

/** What `sync` changed. */
export interface RouterDifferences {
  /** Ids of routers that were made. */
  readonly created: readonly string[]
  /** Ids of routers whose description changed. */
  readonly changed: readonly string[]
  /** Ids of routers that were deleted. */
  readonly deleted: readonly string[]
}

/**
 * Checks a whole description before anything is done.
 * @param present - The existing routers: one whose description is unchanged was checked before, also against the others.
 */
export function checkDesired(desired: unknown, present: readonly CheckedRouter[]): CheckedRouter[] {
  const { routers } = checkObject(desired, 'routers', 'an array in an object')
  const given = checkArray(routers, 'routers')
  const known = new Map(present.map((router) => [router.id, router]))
  const seen = new Set<string>()
  const wanted: CheckedRouter[] = []
  const changed: CheckedRouter[] = []
  for (const [i, one] of (given as RouterOptions[]).entries()) {
    try {
      const before = known.get((one as Partial<RouterOptions> | null | undefined)?.id ?? '')
      const isSame = before !== undefined && isDeepStrictEqual(before.given, one)
      const router = isSame ? before : checkRouter(one)
      if (seen.has(router.id)) throw wrongValue('id', 'another one', router.id)
      refuseTaken(router, isSame ? changed : wanted)
      seen.add(router.id)
      wanted.push(router)
      if (!isSame) changed.push(router)
    } catch (error) {
      throw inField(error, `routers[${i}]`)
    }
  }
  return wanted
}

/** Adds a prefix to the field of an error. */
function inField(error: unknown, prefix: string): unknown {
  const refused = error as Error & { field?: string }
  if (refused.field === undefined) return error
  const field = refused.field === 'options' ? prefix : `${prefix}.${refused.field}`
  refused.message = refused.message.replace(`"${refused.field}"`, `"${field}"`)
  refused.field = field
  return refused
}

/** Performs the changes. */
export interface Reality {
  present(): readonly CheckedRouter[]
  /** Whether a router was as described at its last check. */
  isSettled(router: CheckedRouter): boolean
  ensure(router: CheckedRouter): Promise<void>
  delete(id: string): Promise<void>
}

/** Carries a description out. */
export async function syncRouters(reality: Reality, wanted: readonly CheckedRouter[]): Promise<RouterDifferences> {
  const byId = new Map(wanted.map((router) => [router.id, router]))
  const before = reality.present()
  const deleted = before.flatMap(({ id }) => (byId.has(id) ? [] : [id]))
  // Deletions first, as new routers may get their addresses.
  await forEach(deleted, (id) => reality.delete(id))
  const changed = before.flatMap((router) => {
    const next = byId.get(router.id)
    return next !== undefined && next.key !== router.key ? [router.id] : []
  })
  for (const router of before) {
    const next = byId.get(router.id)
    if (next === undefined || !changed.includes(router.id)) continue
    await reality.ensure(without(router, next))
  }
  await forEach(
    wanted.filter((router) => !reality.isSettled(router)),
    (router) => reality.ensure(router),
  )
  const known = new Set(before.map(({ id }) => id))
  return { created: wanted.flatMap(({ id }) => (known.has(id) ? [] : [id])), changed, deleted }
}

/** The present router, without what the next description does not have: another router may get that. */
function without(router: CheckedRouter, next: CheckedRouter): CheckedRouter {
  const floating = new Set(next.floatingIps.map(({ address }) => address))
  const devices = new Map([...next.ports, ...(next.gateway === undefined ? [] : [next.gateway])].map((p) => [p.id, p]))
  const stays = (id: string): boolean => devices.has(id)
  const { given } = router
  const gateway = given.gateway !== undefined && stays(given.gateway.id) ? given.gateway : undefined
  const ports = given.ports.filter(({ id }) => stays(id))
  const floatingIps = (given.floatingIps ?? []).filter(({ address }) => floating.has(address))
  try {
    return checkRouter({ ...given, ports, gateway, floatingIps, routes: [] })
  } catch {
    // The rest is not a valid description: removes everything that only one router can have.
    return checkRouter({ id: router.id, namespace: router.namespace, ports: [] })
  }
}
