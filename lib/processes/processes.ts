// Node's child_process for one namespace: functions that need no `this`, so that they can be passed on.
import childProcess, { type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { NetnsHandle } from '../native/netns_handle'
import { commandOf, takeApart, type Options } from './command'
import { explain } from './errors'
import { collect, limitsOf, type Callback } from './exec_file'
import { launch, launchSync, type Launch, type Start, type SyncResult } from './launch'
import { splitOptions, surroundings } from './options'
import type { Exec, ExecFile, ExecFileSync, ExecSync, Fork, Spawn, SpawnSync } from './types'

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

type Method = keyof Processes
type Args = readonly unknown[]
type Loose = (...args: Args) => unknown

/** Has Node throw its error for wrong arguments. If it starts a process instead, that is killed at once. */
function refuse(method: Method, args: Args, netns: NetnsHandle): never {
  const nodes = childProcess[method] as unknown as Loose
  let child: unknown
  try {
    child = nodes(...args)
  } catch (error) {
    throw explain(error, netns)
  }
  ;(child as Partial<ChildProcess>).kill?.('SIGKILL')
  throw new TypeError(`NetNs.${method}: these arguments are not understood`)
}

/** Splits options into Node’s, and the namespaces and restrictions of the process. */
type Split = (method: Method, options: Options) => [node: Options, about: Launch]

function splitter(netns: NetnsHandle, name: string | undefined): Split {
  return (method, options) => {
    const [node, ours] = splitOptions(options)
    return [node, { operation: `NetNs.${method}`, netns, surroundings: surroundings(ours, name) }]
  }
}

const isCallback = (value: unknown): value is Callback => typeof value === 'function'

/** The common part of `execFile` and `exec`, after their arguments are parsed. */
function collected(
  [options, about]: [Options, Launch],
  file: string,
  args: readonly string[],
  callback: Callback | undefined,
  opener: Loose,
): ChildProcess {
  const limits = limitsOf(options)
  // The options that Node passes to spawn; time limits and signals are handled here, but wrong ones are left for Node to refuse.
  const { cwd, env, gid, shell, signal, uid, windowsHide } = options
  const wrong = {
    ...(typeof options.timeout === 'number' && options.timeout >= 0 ? {} : { timeout: options.timeout }),
    ...(options.killSignal === undefined ? {} : { killSignal: options.killSignal }),
  }
  const command = commandOf(file, args, {
    ...{ cwd, env, gid, shell, signal, uid, windowsHide: Boolean(windowsHide) },
    ...wrong,
  })
  const child = launch(about, command, opener)
  const said = callback === undefined ? undefined : explaining(callback, about.netns)
  collect(child, [file, ...args].join(' '), limits, said)
  return child
}

function explaining(callback: Callback, netns: NetnsHandle): Callback {
  return (error, ...printed) => {
    if (error !== null) explain(error, netns)
    callback(error, ...printed)
  }
}

/** Without null, which these functions accept for no options and no arguments. */
function present(args: Args): Args {
  return args.filter((arg) => arg !== null && arg !== undefined)
}

const wrongMaxBuffer = (value: unknown): boolean =>
  value !== undefined && value !== null && !(typeof value === 'number' && value >= 0)

function execFileOf(netns: NetnsHandle, split: Split): Loose {
  const execFile: Loose = (...given) => {
    const callback = given.find((arg, i) => i > 0 && isCallback(arg)) as Callback | undefined
    const rest = [given[0], ...present(given.slice(1)).filter((arg) => !isCallback(arg))]
    const apart = rest.length > 3 ? undefined : takeApart(rest)
    if (apart === undefined || wrongMaxBuffer(apart.options.maxBuffer)) return refuse('execFile', given, netns)
    return collected(split('execFile', apart.options), apart.file, apart.args, callback, execFile)
  }
  return execFile
}

function execOf(netns: NetnsHandle, split: Split): Loose {
  const exec: Loose = (...given) => {
    const [command] = given
    const callback = given.find((arg, i) => i > 0 && isCallback(arg)) as Callback | undefined
    const apart = takeApart([command, ...present(given.slice(1)).filter((arg) => !isCallback(arg))])
    if (apart === undefined || Array.isArray(given[1]) || wrongMaxBuffer(apart.options.maxBuffer)) {
      return refuse('exec', given, netns)
    }
    const [options, about] = split('exec', apart.options)
    const shell = typeof options.shell === 'string' ? options.shell : true
    return collected([{ ...options, shell }, about], apart.file, [], callback, exec)
  }
  return exec
}

function spawnOf(netns: NetnsHandle, split: Split): Loose {
  const spawn: Loose = (...given) => {
    const apart = takeApart(given)
    if (apart === undefined) return refuse('spawn', given, netns)
    const [options, about] = split('spawn', apart.options)
    return launch(about, commandOf(apart.file, apart.args, options), spawn)
  }
  return spawn
}

/** Options of Node itself for a child: this process’s, without those that have a program (`--eval`). */
function inheritedExecArgv(): readonly string[] {
  const evaluated = /^(-[pe]|-pe|--eval|--print)$/
  return process.execArgv.filter((arg, i, all) => !evaluated.test(arg) && !evaluated.test(all[i - 1] ?? ''))
}

function forkOf(netns: NetnsHandle, split: Split): Loose {
  const fork: Loose = (...given) => {
    const [module, ...rest] = given
    const path = module instanceof URL && module.protocol === 'file:' ? fileURLToPath(module) : module
    const apart = takeApart([path, ...rest])
    if (apart === undefined) return refuse('fork', given, netns)
    const [options, about] = split('fork', apart.options)
    const { execPath, execArgv, silent, stdio, shell: _, ...others } = options
    const node = typeof execPath === 'string' && execPath !== '' ? execPath : process.execPath
    const flags = Array.isArray(execArgv) ? execArgv.map(String) : inheritedExecArgv()
    const standard = silent === true ? 'pipe' : 'inherit'
    const words = typeof stdio === 'string' ? [stdio, stdio, stdio, 'ipc'] : stdio
    const all = words ?? [standard, standard, standard, 'ipc']
    const command = commandOf(node, [...flags, apart.file, ...apart.args], { ...others, stdio: all })
    // Node makes the IPC channel, and starts its `execPath`, which is the launcher here.
    const start: Start<ChildProcess> = (file, args, launched) =>
      childProcess.fork(apart.file, apart.args, {
        ...launched,
        execPath: file,
        execArgv: args.slice(0, args.length - 1 - apart.args.length),
      } as Parameters<typeof childProcess.fork>[2])
    return launch(about, command, fork, start)
  }
  return fork
}

type SyncMethod = 'spawnSync' | 'execSync' | 'execFileSync'

/** The error of execSync and execFileSync, as in Node. */
function failureOf(result: SyncResult, command: string): Error | undefined {
  if (result.error !== undefined) return Object.assign(result.error, result)
  if (result.status === 0) return undefined
  const stderr = result.stderr as Buffer | string | null
  const said = stderr === null || stderr.length === 0 ? '' : `\n${stderr.toString()}`
  return Object.assign(new Error(`Command failed: ${command}${said}`), result)
}

function synchronous(method: SyncMethod, netns: NetnsHandle, split: Split): Loose {
  return (...given) => {
    const apart = takeApart(method === 'spawnSync' ? given : [given[0], ...present(given.slice(1))])
    if (apart === undefined || (method === 'execSync' && Array.isArray(given[1]))) return refuse(method, given, netns)
    const [options, about] = split(method, apart.options)
    const isShell = method === 'execSync'
    const shell = isShell ? { shell: typeof options.shell === 'string' ? options.shell : true } : {}
    const result = launchSync(about, commandOf(apart.file, apart.args, { ...options, ...shell }))
    if (method === 'spawnSync') return result
    const errors = result.stderr as Buffer | string | null
    if (!options.stdio && errors !== null && errors.length > 0) process.stderr.write(errors)
    const name = typeof options.argv0 === 'string' ? options.argv0 : apart.file
    const failure = failureOf(result, isShell ? apart.file : [name, ...apart.args].join(' '))
    if (failure !== undefined) throw explain(failure, netns)
    return result.stdout
  }
}

/** The promise form of exec and execFile for `util.promisify`, as in Node. */
function promising(start: Loose): Loose {
  return (...args) => {
    let child: unknown
    const promise = new Promise((resolve, reject) => {
      child = start(...args, (error: object | null, stdout: unknown, stderr: unknown) => {
        if (error === null) resolve({ stdout, stderr })
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an error, with the output
        else reject(Object.assign(error, { stdout, stderr }))
      })
    })
    return Object.assign(promise, { child })
  }
}

/** Makes the functions for a namespace. */
export function processesOf(netns: NetnsHandle, name: string | undefined): Processes {
  const split = splitter(netns, name)
  const exec = execOf(netns, split)
  const execFile = execFileOf(netns, split)
  const functions = {
    spawn: spawnOf(netns, split),
    exec: Object.assign(exec, { [promisify.custom]: promising(exec) }),
    execFile: Object.assign(execFile, { [promisify.custom]: promising(execFile) }),
    fork: forkOf(netns, split),
    spawnSync: synchronous('spawnSync', netns, split),
    execSync: synchronous('execSync', netns, split),
    execFileSync: synchronous('execFileSync', netns, split),
  }
  return functions as unknown as Processes
}
