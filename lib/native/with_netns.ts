// Errors that are not made here, such as Node's own, tell the namespace too.
import { NetloomError } from '../errors'
import type { NetnsHandle } from './netns_handle'

/** Errors of Node's own classes stay what they are, and tell the namespace. */
export function withNetns(error: unknown, netns: NetnsHandle): unknown {
  // Not `instanceof Error`: Node's own may be of another realm.
  const foreign = typeof error === 'object' && error !== null && !(error instanceof NetloomError)
  return foreign ? Object.assign(error, { netns: netns.label }) : error
}
