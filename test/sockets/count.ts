// How many sockets this process has open.
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

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

/** The same, when it has come down to `wanted`, or a second later: Node closes what is destroyed in a later turn. */
export async function settledSocketCount(wanted: number): Promise<number> {
  for (let turns = 0; turns < 200 && socketCount() > wanted; turns++) await sleep(5)
  return socketCount()
}
