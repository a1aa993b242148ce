// The demo's namespaces.
import { NetloomError, NetNs } from 'netloom'
import { result, step } from './print'

let named = true

/**
 * A namespace that `ip netns` sees by its name. Who has the capabilities but may not write to /run/netns gets an
 * anonymous one.
 */
export async function createNetns(name: string): Promise<NetNs> {
  if (named) {
    try {
      return await step(() => NetNs.create(name, { ephemeral: true }), { name: `'${name}'` })
    } catch (error) {
      if (!(error instanceof NetloomError && error.code === 'EACCES')) throw error
      named = false
      result('/run/netns is not yours to write to: without names, then')
    }
  }
  return step(() => NetNs.create())
}
