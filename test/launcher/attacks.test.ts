// Who lives inside comes by nothing of ours: an attacker looks into each process that it sees, while this library is used.
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

let directory: string
let attacker: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'attacks-'))
  chmodSync(directory, 0o755)
  attacker = join(directory, 'hostile')
  execFileSync('gcc', ['-O1', '-o', attacker, join(__dirname, 'fixtures', 'hostile.c')])
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

interface Report {
  readonly found: readonly string[]
  readonly seen: number
}

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', '--bounding-set=-all']

async function besieged(name: string, within: readonly string[]): Promise<Report> {
  const [command, ...args] = [...within, process.execPath, join(__dirname, 'fixtures', 'besieged.cjs'), name, attacker]
  const { stdout } = await promisify(execFile)(command, args)
  return JSON.parse(stdout) as Report
}

/** What is ours: this library's processes before they are the program that was asked for, and Node. */
const isOurs = (line: string): boolean => /^\S+ (node|netloom|MainThread|jest)/.test(line)
/** The attacks work: its neighbor inside is defenceless. */
const againstNeighbor = ['mem', 'environ', 'maps', 'cwd', 'fd', 'readv', 'getfd', 'ptrace']

function expectSafe({ found, seen }: Report): void {
  expect(found.filter(isOurs)).toEqual([])
  expect(found).toEqual(expect.arrayContaining(againstNeighbor.map((way) => `${way} sleep`)))
  expect(seen).toBeGreaterThan(100)
}

test.each([
  'a set with ids of its own',
  'a set with ids of its own, without a pid namespace',
  'a set whose root is our own user',
])('root: in %s', async (name) => {
  expectSafe(await besieged(name, []))
})

test.each(['a rootless network namespace', 'a rootless network namespace, in a pid namespace'])(
  'a user without any capability: in %s',
  async (name) => {
    expectSafe(await besieged(name, nobody))
  },
)
