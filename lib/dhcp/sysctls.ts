// The kernel's settings of a namespace, by files that show it to who is inside.
import { readFileSync, writeFileSync } from 'node:fs'
import { isNotFound } from '../errors'
import type { NetNs } from '../netns/netns'

/**
 * Sets what differs, by paths below /proc/sys/net. What the kernel does not have, such as IPv6, is left out.
 * @returns Whether something differed.
 */
export function setSysctls(netns: NetNs, settings: Readonly<Record<string, string>>): boolean {
  return netns.run(() => {
    let changed = false
    for (const [name, value] of Object.entries(settings)) {
      const path = `/proc/sys/net/${name}`
      try {
        if (readFileSync(path, 'utf8').trim() === value) continue
        writeFileSync(path, value)
        changed = true
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
    return changed
  })
}
