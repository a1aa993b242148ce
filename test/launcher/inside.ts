// Programs that are run as somebody, and what they print.
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Of nobody else on the machine, whose processes may so be signalled; nor of another run of these tests. */
const user = 40_000 + (process.pid % 20_000)

/** Who runs a program: what stands before its name. */
export const root: readonly string[] = []
/** An ordinary user without any capability. */
export const ordinary: readonly string[] = [
  'setpriv',
  ...[`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--no-new-privs', '--bounding-set=-all'],
]
/** The same with subordinate ids, as newuidmap(1) gives them; it needs its privileges for that. */
export const subordinate: readonly string[] = [
  ...['unshare', '--mount', 'sh', '-c'],
  // In files that only this mount namespace sees.
  `give() { (umask 022; cat - > /tmp/$$ && mount --bind /tmp/$$ "$1" && rm /tmp/$$); }
   touch /etc/subuid /etc/subgid
   (cat /etc/passwd; echo inside:x:${user}:${user}::/:/bin/sh) | give /etc/passwd
   for file in /etc/subuid /etc/subgid; do echo ${user}:1400000:1000 | give $file; done
   exec "$@"`,
  ...['sh', 'setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'],
]

/** A directory that anybody may write to, for the tests of a file. */
export function openDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'inside-'))
  chmodSync(directory, 0o777)
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })
  return directory
}

/** Compiles a fixture. */
export function compiled(directory: string, name: string, ...flags: readonly string[]): string {
  const program = join(directory, name)
  execFileSync('gcc', ['-O1', '-o', program, join(__dirname, 'fixtures', `${name}.c`), ...flags])
  return program
}

/** Runs one of the scenes in fixtures/, and gives what it has printed. */
export async function played<Result>(
  who: readonly string[],
  scene: string,
  args: readonly string[],
  { execArgv = [], ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; execArgv?: readonly string[] } = {},
): Promise<Result> {
  const node = [process.execPath, ...execArgv, join(__dirname, 'fixtures', scene)]
  const [program = '', ...rest] = [...who, ...node, ...args]
  const { stdout } = await promisify(execFile)(program, rest, { maxBuffer: 1 << 26, ...options })
  return JSON.parse(stdout) as Result
}
