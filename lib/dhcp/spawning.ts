// Starts dnsmasq inside a namespace, so that it outlives this process: a session of its own, nothing to write to but a file.
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { NetNs } from '../netns/netns'

/** Starts a program; what it says before it has opened its log goes there, too. */
export function spawnDetached(netns: NetNs, program: string, args: readonly string[], log: string): ChildProcess {
  const said = openSync(log, 'a', 0o644)
  try {
    // Synchronous: the child is born while this thread is inside, and stays there.
    const child = netns.run(() =>
      spawn(program, args, {
        cwd: '/',
        detached: true,
        stdio: ['ignore', 'ignore', said],
        env: { PATH: '/usr/sbin:/usr/bin' },
      }),
    )
    child.unref()
    return child
  } finally {
    closeSync(said)
  }
}
