// Node's child_process for one namespace: functions that need no `this`, so that they can be handed on.
import childProcess, { type ChildProcess } from 'node:child_process'
import { promisify } from 'node:util'
import type { NetnsHandle } from '../native/netns_handle'
import { bornInside } from './birth'
import { explain } from './node'
import { splitOptions, surroundings, type ProcessOptions } from './options'
import type { Exec, ExecFile, ExecFileSync, ExecSync, Fork, Spawn, SpawnSync } from './types'
import { runToEnd } from './waiting'

/** The functions. */
export interface Processes {
  readonly spawn: Spawn
  readonly exec: Exec
  readonly execFile: ExecFile
  readonly fork: Fork
  readonly spawnSync: SpawnSync
  readonly execSync: ExecSync
  readonly execFileSync: ExecFileSync
}

type Args = unknown[]
type Loose = (...args: Args) => unknown

const isOptions = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Node's arguments without our options, and those. What Node does not know as options it refuses itself. */
function split(args: Args): [node: Args, ours: ProcessOptions] {
  // The first is what is started.
  const at = args.findIndex((arg, i) => i > 0 && isOptions(arg))
  if (at < 0) return [args, {}]
  const [node, ours] = splitOptions(args[at] as object)
  return [args.map((arg, i) => (i === at ? node : arg)), ours]
}

/** The same, whose callback is told the namespace in its error. */
function explaining(args: Args, netns: NetnsHandle): Args {
  const last = args.at(-1)
  if (typeof last !== 'function') return args
  const callback = last as (error: unknown, ...rest: Args) => unknown
  return [...args.slice(0, -1), (error: unknown, ...rest: Args) => callback(explain(error, netns), ...rest)]
}

/** What `util.promisify` makes of exec and execFile: as Node does it. */
function promising(start: Loose): Loose {
  return (...args) => {
    let child: unknown
    const promise = new Promise((resolve, reject) => {
      child = start(...args, (error: object | null, stdout: unknown, stderr: unknown) => {
        if (error === null) resolve({ stdout, stderr })
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is Node's own error
        else reject(Object.assign(error, { stdout, stderr }))
      })
    })
    return Object.assign(promise, { child })
  }
}

/** Makes the functions for a namespace. */
export function processesOf(netns: NetnsHandle, name: string | undefined): Processes {
  /** A function of Node's that starts a process and gives it. */
  const started = (method: 'spawn' | 'exec' | 'execFile' | 'fork'): Loose => {
    const start = (...args: Args): unknown => {
      const [node, ours] = split(args)
      // At the time of the call: others may have replaced it, to watch what is started.
      const nodes = childProcess[method] as (...args: Args) => ChildProcess
      const passed = method.startsWith('exec') ? explaining(node, netns) : node
      return bornInside(`NetNs.${method}`, netns, surroundings(ours, name), start, () => nodes(...passed))
    }
    return start
  }
  const awaited = (method: 'spawnSync' | 'execSync' | 'execFileSync'): Loose => {
    const operation = `NetNs.${method}`
    return (...args) => {
      const [node, ours] = split(args)
      const nodes = childProcess[method] as Loose
      return runToEnd(operation, netns, surroundings(ours, name), ours, () => nodes(...node))
    }
  }
  const exec = started('exec')
  const execFile = started('execFile')
  const functions = {
    spawn: started('spawn'),
    exec: Object.assign(exec, { [promisify.custom]: promising(exec) }),
    execFile: Object.assign(execFile, { [promisify.custom]: promising(execFile) }),
    fork: started('fork'),
    spawnSync: awaited('spawnSync'),
    execSync: awaited('execSync'),
    execFileSync: awaited('execFileSync'),
  }
  return functions as unknown as Processes
}
