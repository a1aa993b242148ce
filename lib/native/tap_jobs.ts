// The addon's jobs on taps, as promises.
import { addon, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import type { NetnsHandle } from './netns_handle'
import { unwrap, type About } from './netns_jobs'

/** How a tap is opened: OpenTap::Options of native/taps/tap_jobs.h. */
export interface TapRequest {
  readonly name: string
  /** IFF_ of linux/if_tun.h. */
  readonly flags: number
  /** Whether it is there already; else it is made. */
  readonly exists: boolean
  readonly owner?: number | undefined
  readonly group?: number | undefined
  /** Size of virtio's header; 0: the kernel's default. */
  readonly headerSize: number
  /** TUN_F_ of linux/if_tun.h. */
  readonly offload: number
}

/** Opens a queue of a tap: its number among the addon's datagrams, and the device's name. */
export async function openTap(
  about: About,
  netns: NetnsHandle,
  { name, flags, exists, owner = -1, group = -1, headerSize, offload }: TapRequest,
  options?: CallOptions,
): Promise<readonly [datagrams: number, name: string]> {
  const start = (): Started =>
    addon.openTap(netns.use(about.operation), name, flags, exists, owner, group, headerSize, offload)
  return unwrap(await runJob<readonly [number, string]>(about, start, options), about)
}

/** ControlTap::What of native/taps/tap_jobs.h. */
export const Control = { persist: 0, attach: 1 } as const

/** Changes a tap by one of its queues. */
export async function controlTap(
  about: About,
  datagrams: number,
  what: keyof typeof Control,
  value: number,
  options?: CallOptions,
): Promise<void> {
  unwrap(await runJob<undefined>(about, () => addon.controlTap(datagrams, Control[what], value), options), about)
}
