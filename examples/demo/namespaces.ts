// The demo's namespaces.
import { NetloomError, NetNs } from 'netloom'
import { result, step } from './print'

let way: 'named' | 'anonymous' | 'rootless' = 'named'

/**
 * A namespace that `ip netns` sees by its name. Who has the capabilities but may not write to /run/netns gets an
 * anonymous one, and who has none one of a user namespace.
 */
export async function createNetns(name: string, rootless: boolean): Promise<NetNs> {
  if (rootless) way = 'rootless'
  if (way === 'named') {
    try {
      return await step(() => NetNs.create(name, { ephemeral: true }), { name: `'${name}'` })
    } catch (error) {
      if (!isRefusal(error)) throw error
      way = 'anonymous'
      result('/run/netns is not yours to write to: without names, then')
    }
  }
  if (way === 'anonymous') {
    try {
      return await step(() => NetNs.create())
    } catch (error) {
      if (!isRefusal(error)) throw error
      way = 'rootless'
      result('you are not root: in a user namespace, then')
    }
  }
  return step(() => NetNs.create({ rootless: true }))
}

/** Whether it is for want of a right, which root would have. */
function isRefusal(error: unknown): boolean {
  const { code } = error as NetloomError
  return error instanceof NetloomError && (code === 'EACCES' || (code === 'EPERM' && process.getuid?.() !== 0))
}
