// Starts dnsmasq inside a namespace, so that it outlives this process: a session of its own, nothing to write to but a file.
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { NetNs } from 'netloom'

/** A program that was started, and waits for the end of its standard input. */
export interface Started {
  readonly child: ChildProcess
  /** Ends its input. If this process ends before, that does so too. */
  readonly release: () => void
}

/** Starts a program; what it says before it has opened its log goes there, too. */
export function spawnWaiting(netns: NetNs, program: string, args: readonly string[], log: string): Started {
  const said = openSync(log, 'a', 0o644)
  try {
    const child = netns.spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', said],
      env: { PATH: '/usr/sbin:/usr/bin' },
    })
    child.unref()
    const { stdin } = child
    // One that has ended by itself does not read.
    stdin?.on('error', () => undefined)
    return { child, release: () => stdin?.destroy() }
  } finally {
    closeSync(said)
  }
}
