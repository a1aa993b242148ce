// Projects that depend on netloom, as their tests are run by somebody who has installed it.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const root = join(__dirname, '..', '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }

/** A copy of a project of examples/, with the package as it was compiled last in its node_modules, beside one framework. */
export class Project implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'netloom-project-'))

  constructor(example: string, framework?: string) {
    cpSync(join(root, 'examples', example), this.directory, { recursive: true })
    const modules = join(this.directory, 'node_modules')
    const installed = join(modules, 'netloom')
    mkdirSync(installed, { recursive: true })
    cpSync(join(root, 'package.json'), join(installed, 'package.json'))
    cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true })
    symlinkSync(join(root, 'build'), join(installed, 'build'))
    const needed = Object.keys(manifest.dependencies)
    for (const name of [...needed, ...(framework === undefined ? [] : [framework])]) {
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
    }
  }

  /** Puts another file into it. */
  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.directory, path)), { recursive: true })
    writeFileSync(join(this.directory, path), content)
  }

  /** Runs a program of Node in it: with a /run, devices and processes of its own, so that nothing that it leaves stays. */
  async run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const script = 'mount -t tmpfs none /run && ip link set lo up && cd "$0" && exec "$@"'
    const own = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
    const environment = { ...process.env, NO_COLOR: '1' }
    // What the runners look at to know whether they run inside another one.
    for (const name of ['JEST_WORKER_ID', 'NODE_ENV', 'NODE_OPTIONS', 'FORCE_COLOR'])
      Reflect.deleteProperty(environment, name)
    const child = spawn('unshare', [...own, 'sh', '-c', script, this.directory, process.execPath, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (data) => (stdout += String(data)))
    child.stderr.on('data', (data) => (stderr += String(data)))
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
    return { status, stdout, stderr }
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true })
  }
}

/** What became of each test: `passed`, or the messages of its failure. */
export type Outcomes = Record<string, string>

/** What the JSON of jest and of vitest tells. */
export function outcomesOf(json: string): Outcomes {
  const { testResults } = JSON.parse(json) as {
    testResults: { assertionResults: { title: string; status: string; failureMessages: string[] }[] }[]
  }
  const all = testResults.flatMap(({ assertionResults }) => assertionResults)
  return Object.fromEntries(
    all.map(({ title, status, failureMessages }) => [title, status === 'failed' ? failureMessages.join('\n') : status]),
  )
}
