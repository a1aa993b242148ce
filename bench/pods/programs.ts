// Other programs that make pods: started inside the host's namespace, which their children are born in.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { NetNs } from '../../lib/index'
import type { Context } from '../benchmark'

const run = promisify(execFile)

/** Runs a program inside a namespace, and gives what it printed. */
export async function runInside(
  { signal }: Context,
  host: NetNs,
  program: string,
  args: readonly string[],
): Promise<string> {
  const { ended } = host.run(() => ({ ended: run(program, args, { signal, maxBuffer: 64 << 20 }) }))
  return (await ended).stdout
}

/** Whether a program can be run so. */
export async function works(program: string, ...args: string[]): Promise<boolean> {
  try {
    await run(program, args)
    return true
  } catch {
    return false
  }
}
