// Starting a program inside a network namespace.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { findProgram, type NetNs } from 'netloom'

/** Starts a program that the kernel ends (SIGTERM) when this thread ends, however it ends. */
export function startInside(
  netns: NetNs,
  program: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  // Of util-linux: sets PR_SET_PDEATHSIG and executes the program.
  const setpriv = findProgram('setpriv')
  const [command, ...rest] =
    setpriv === undefined ? [program, ...args] : [setpriv, '--pdeathsig', 'TERM', '--', program, ...args]
  // A child inherits the namespace of the thread that starts it, which is inside until this returns.
  return netns.run(() => spawn(command, rest, options))
}
