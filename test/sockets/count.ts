// How many sockets this process has open.
import { readdirSync, readlinkSync } from 'node:fs'

/** Counts the descriptors that are sockets; a namespace holds some of netlink until its handle is closed. */
export function socketCount(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
    } catch {
      return false // it was the one that listed them
    }
  }).length
}
