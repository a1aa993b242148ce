// The demo as users run it: its output, its endings, and what it leaves behind, which is nothing.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NetNs } from '../../lib/index'
import { compileExamples } from '../support/examples'
import { ownPrefix } from '../support/namespaces'
import { patience } from '../support/patience'

const root = join(__dirname, '..', '..')
const demo = join(root, '.build', 'examples', 'demo.js')
const prefix = `${ownPrefix}demo-`

/** Examples are programs for plain Node, and `npm test` compiles only the library. */
beforeAll(() => {
  compileExamples()
})

afterEach(() => {
  expect(namespaces()).toEqual([])
})

function namespaces(): string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns').filter((name) => name.startsWith(prefix)) : []
}

function runDemo(
  args: string[] = [],
  through: string[] = [],
): { status: number | null; stdout: string; stderr: string } {
  const [command = '', ...rest] = [...through, process.execPath, demo, '--prefix', prefix, ...args]
  return spawnSync(command, rest, { encoding: 'utf8', timeout: patience, env: process.env })
}

/** Starts the demo, and waits until it has written a text. */
async function demoAt(text: string, args: string[]): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, [demo, '--prefix', prefix, ...args], { env: process.env })
  let written = ''
  for await (const data of child.stdout.iterator({ destroyOnReturn: false })) {
    written += String(data)
    if (written.includes(text)) return child
  }
  throw new Error(`the demo never wrote "${text}", but:\n${written}`)
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; stderr: string }> {
  let stderr = ''
  child.stderr.on('data', (data) => (stderr += String(data)))
  child.stdout.resume()
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stderr }
}

test('shows refusal, traffic, a round trip and a picture, each step as its call and time', () => {
  const { status, stdout, stderr } = runDemo()
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/links\.add\(\{ kind: 'bridge', name: 'br0', up: true \}\) +\d+\.\d\d ms\n/)
  expect(stdout).toMatch(/peer: \{ netns: green, name: 'eth-g', up: true \} \}\) +\d+\.\d\d ms\n/)
  const [before = '', after = ''] = stdout.split("green.addresses.add({ dev: 'eth-g', address: '10.0.0.2/24' })")
  expect(before).toContain('✗ connect EHOSTUNREACH 10.0.0.2:7000')
  expect(before).toContain("red.addresses.add({ dev: 'eth-r', address: '10.0.0.1/24' })")
  expect(after).toContain('green says: hello 10.0.0.1, this is 10.0.0.2')
  expect(after).toMatch(/median \d+ µs of 200/)
  expect(after).toMatch(/│ 10\.0\.0\.1\/24 eth-r +├─+┤ veth-r ─+ br0 ─+ veth-g ├─+┤ eth-g 10\.0\.0\.2\/24 +│/)
  expect(stdout).not.toContain('\x1b')
})

test('all times end in the same column', () => {
  const columns = runDemo()
    .stdout.split('\n')
    .filter((line) => / \d+\.\d\d ms$/.test(line))
    .map((line) => line.length)
  expect(columns.length).toBeGreaterThan(12)
  expect(new Set(columns)).toEqual(new Set([80]))
})

test('is one process', async () => {
  const child = await demoAt('Ctrl-C', ['--hold'])
  const tasks = `/proc/${String(child.pid)}/task`
  const children = readdirSync(tasks).map((tid) => readFileSync(`${tasks}/${tid}/children`, 'utf8'))
  child.kill('SIGINT')
  await ended(child)
  expect(children.join('')).toBe('')
})

test.each([
  ['SIGINT', 130, 'Ctrl-C', ['--hold']],
  ['SIGTERM', 143, 'Ctrl-C', ['--hold']],
  ['SIGINT', 130, 'NetNs.create', []],
  ['SIGINT', 130, 'red.connect', []],
] as const)('%s ends it with status %d and nothing left, at "%s"', async (signal, status, text, args) => {
  const child = await demoAt(text, [...args])
  child.kill(signal)
  const { code, stderr } = await ended(child)
  expect({ code, stderr: stderr.trim() }).toEqual({
    code: status,
    stderr: `${signal}: the namespaces are removed, and all that was in them.`,
  })
})

test('a reader that goes away ends it, with nothing left', async () => {
  const child = spawn('sh', ['-c', '"$@" | head -n 1', 'sh', process.execPath, demo, '--prefix', prefix], {
    env: process.env,
  })
  const { code, stderr } = await ended(child)
  expect({ code, stderr: stderr.trim() }).toEqual({
    code: 0,
    stderr: 'SIGHUP: the namespaces are removed, and all that was in them.',
  })
})

test('refuses a name that is taken in one sentence, and leaves its owner alone', async () => {
  await using taken = await NetNs.create(`${prefix}red`, { ephemeral: true })
  const { status, stderr } = runDemo()
  expect(status).toBe(1)
  expect(stderr.trim()).toBe(
    `There is a network namespace "${prefix}red" already, and the demo leaves it alone: ` +
      `choose other names with "npm run demo -- --prefix ${prefix}demo-".`,
  )
  expect(namespaces()).toEqual([`${prefix}red`])
  await using same = await NetNs.open(`${prefix}red`)
  expect(same.equals(taken)).toBe(true)
})

const needs =
  'The demo makes network namespaces and devices, which needs root or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN. ' +
  'Without: npm run demo -- --rootless'

test.each([
  ['root without CAP_NET_ADMIN', ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-all']],
  ['root without CAP_SYS_ADMIN', ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-all']],
])('%s is told what is missing in one sentence', (_, through) => {
  const { status, stderr } = runDemo([], through)
  expect({ status, stderr: stderr.trim() }).toEqual({ status: 1, stderr: needs })
})

test.each([
  ['nobody', 'in a user namespace, then', [], ['setpriv', '--reuid=65534', '--clear-groups', '--bounding-set=-all']],
  ['root, if asked', '', ['--rootless'], []],
])('%s gets namespaces of a user namespace, and all else', (_, said, args, through) => {
  const { status, stdout, stderr } = runDemo(args, through)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toContain(said)
  expect(stdout).toContain('NetNs.create({ rootless: true })')
  expect(stdout).toContain('✗ connect EHOSTUNREACH 10.0.0.2:7000')
  expect(stdout).toContain('green says: hello 10.0.0.1, this is 10.0.0.2')
  expect(stdout).toMatch(/│ 10\.0\.0\.1\/24 eth-r +├─+┤ veth-r ─+ br0 ─+ veth-g ├─+┤ eth-g 10\.0\.0\.2\/24 +│/)
})

test('the two capabilities are enough', () => {
  const both = '+net_admin,+sys_admin'
  const { status, stdout } = runDemo(
    [],
    ['setpriv', '--reuid=65534', '--clear-groups', `--inh-caps=${both}`, `--ambient-caps=${both}`],
  )
  expect(stdout).toMatch(/median \d+ µs of 200/)
  expect(status).toBe(0)
})
