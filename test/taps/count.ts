// What the tests of taps share.
import { readdirSync, readlinkSync } from 'node:fs'
import { once } from 'node:events'
import type { Tap } from '../../lib/index'

/** How many descriptors of taps this process has. */
export function tapCount(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === '/dev/net/tun'
    } catch {
      return false // it was the one that listed them
    }
  }).length
}

/** An Ethernet frame of a type that nobody else uses. */
export function frame(size = 100, to = 'ffffffffffff'): Buffer {
  const bytes = Buffer.alloc(size, 0x5a)
  bytes.write(`${to}02000000000988b5`, 'hex')
  return bytes
}

/** Whether it is one of `frame`. */
export function isOurs(packet: Buffer): boolean {
  return packet.readUInt16BE(12) === 0x88b5
}

/** The next of our frames that a tap gives; what the kernel sends by itself is left out. */
export async function nextOurs(tap: Tap): Promise<Buffer> {
  for (;;) {
    const packet = tap.read() as Buffer | null
    if (packet === null) await once(tap, 'readable')
    else if (isOurs(packet)) return packet
  }
}

/** Writes a packet, and waits until the kernel has it. */
export async function write(tap: Tap, packet: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    tap.write(packet, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
