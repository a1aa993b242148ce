// Isolates the benchmarks: a mount and a network namespace, with an empty /run in memory, as on most machines. Other programs do not
// affect what is counted and timed there, and the kernel removes all that is left.
import { spawnSync } from 'node:child_process'

const inside = 'NETLOOM_BOXED'
const script = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"'

/** Starts this program again in such namespaces and ends with its status; returns where that has been done. */
export function enterBox(): void {
  if (process.env[inside] !== undefined) return
  const { status, error } = spawnSync(
    'unshare',
    [
      ...['--mount', '--net', '--propagation', 'private', 'sh', '-c', script, 'sh'],
      ...[process.execPath, '--expose-gc', ...process.argv.slice(1)],
    ],
    { stdio: 'inherit', env: { ...process.env, [inside]: '1' } },
  )
  if (error !== undefined) console.error(`unshare: ${error.message}`)
  process.exit(status ?? 1)
}
