// Runs a fixture in a process of its own, under plain node and with the compiled package: what a crash, an exit code or a
// process-wide limit is about cannot be tried in the process that runs the tests.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { patience } from '../support/patience'

/** How a child ended. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface ChildOptions {
  /** Options for node itself. */
  node?: readonly string[]
  /** Environment variables besides those of this process. */
  env?: Record<string, string>
  /** A command that starts node, such as `unshare -m`; node and its arguments are appended. */
  within?: readonly string[]
  /** Where the fixture is. Default: test/native/fixtures. */
  directory?: string
}

const patienceMs = 2 * patience

/** Runs a file of test/native/fixtures and waits for its end; one that hangs is killed, and says so by its signal. */
export function runFixture(fixture: string, args: readonly string[] = [], options: ChildOptions = {}): Promise<Ended> {
  const { node = [], env = {}, within = [], directory = join(__dirname, 'fixtures') } = options
  const [command = '', ...rest] = [...within, process.execPath, ...node, join(directory, `${fixture}.cjs`), ...args]
  const inherited = { ...process.env }
  delete inherited.NODE_OPTIONS
  delete inherited.NODE_DEBUG
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, ...env },
    timeout: patienceMs,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** Runs a fixture that must succeed, and gives what it printed as JSON. */
export async function reportOf<T>(fixture: string, args?: readonly string[], options?: ChildOptions): Promise<T> {
  const { code, signal, stdout, stderr } = await runFixture(fixture, args, options)
  if (code !== 0) throw new Error(`${fixture} ended with ${String(signal ?? code)}:\n${stdout}${stderr}`)
  return JSON.parse(stdout) as T
}
