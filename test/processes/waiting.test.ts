// The Sync forms: what one waits for, on this thread, in all the namespaces that a process can be born in.
import { readFileSync, readlinkSync } from 'node:fs'
import type { NetNs, ProcessOptions } from '../../lib/index'
import { fresh } from '../support/namespaces'

let red: NetNs
beforeEach(async () => {
  red = await fresh()
})
afterEach(async () => {
  await red.delete()
})

const kinds = ['mnt', 'uts', 'ipc', 'pid', 'cgroup', 'user', 'net'] as const
const show = kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join('; ')
const own = (): string[] => kinds.map((kind) => readlinkSync(`/proc/thread-self/ns/${kind}`))
const children = (): string => readFileSync('/proc/thread-self/children', 'utf8')
const atFirst = children()

function failing(call: () => unknown): Record<string, unknown> {
  try {
    call()
  } catch (error) {
    return error as Record<string, unknown>
  }
  throw new Error('it does not fail')
}

test.each<[ProcessOptions, string[]]>([
  [{}, ['net']],
  [{ mount: true }, ['mnt', 'net']],
  [{ uts: true }, ['uts', 'net']],
  [{ ipc: true }, ['ipc', 'net']],
  [{ cgroup: true }, ['cgroup', 'net']],
  [{ pid: true }, ['pid', 'net']],
  [{ user: true }, ['user', 'net']],
  [{ etc: true }, ['mnt', 'net']],
  [{ pid: true, mount: true, uts: true, ipc: true, cgroup: true, user: true, etc: true }, [...kinds]],
])('%j: its own are these', (options, differing) => {
  const before = own()
  const theirs = red
    .execFileSync('sh', ['-c', show], { encoding: 'utf8', ...options })
    .trim()
    .split('\n')
  expect(kinds.filter((_, i) => theirs[i] !== before[i])).toEqual(differing)
  expect(red.execSync(show, { encoding: 'utf8', ...options }).split('\n')).toHaveLength(kinds.length + 1)
  expect(red.spawnSync('sh', ['-c', 'exit 5'], options)).toMatchObject({ status: 5, signal: null })
  expect(own()).toEqual(before)
  expect(children()).toBe(atFirst)
})

test('its details are those of the others', () => {
  const said = (script: string, options: ProcessOptions): string =>
    red.execFileSync('sh', ['-c', script], { encoding: 'utf8', ...options }).trim()
  expect(said('hostname', { uts: { hostname: 'box' } })).toBe('box')
  // the first process there is the library's
  expect(said('echo $$', { pid: true })).toBe('2')
  expect(said('id -u; cat /proc/self/uid_map', { user: { uidMap: [{ inside: 7, outside: 0 }] } })).toMatch(
    /^7\n\s+7\s+0\s+1$/,
  )
  expect(said('readlink /proc/self/ns/uts', { uts: '/proc/self/ns/uts' })).toBe(readlinkSync('/proc/self/ns/uts'))
})

test('as much may go in and come out at once as anybody likes', () => {
  const input = Buffer.alloc(8_000_000, 'netloom ')
  const { stdout, stderr, status } = red.spawnSync('bash', ['-c', 'tee >(cat >&2)'], { input, maxBuffer: Infinity })
  expect([status, stdout.equals(input), stderr.equals(input)]).toEqual([0, true, true])
})

test('pipes beyond the third, descriptors, and none at all', () => {
  const all = red.spawnSync('sh', ['-c', 'echo three >&3; cat; echo err >&2'], {
    stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    input: 'in',
    encoding: 'utf8',
  })
  expect(all.output).toEqual([null, 'in', null, 'three\n'])
  expect(red.spawnSync('true', { stdio: 'ignore' })).toMatchObject({ output: [null, null, null], status: 0 })
  // Nothing to read is an end, not a wait.
  expect(red.spawnSync('cat', { timeout: 5000 })).toMatchObject({ status: 0, signal: null })
})

test('a limit of time or of output ends it, by the signal that was named', () => {
  const timed = red.spawnSync('sleep', ['60'], { timeout: 50, killSignal: 'SIGINT' })
  expect(timed).toMatchObject({ status: null, signal: 'SIGINT', error: { code: 'ETIMEDOUT', netns: red.name } })
  const large = red.spawnSync('yes', { maxBuffer: 100_000 })
  expect(large).toMatchObject({ status: null, signal: 'SIGTERM', error: { code: 'ENOBUFS', netns: red.name } })
  expect(large.stdout.length).toBeGreaterThan(100_000)
  expect(failing(() => red.execSync('sleep 60', { timeout: 50, pid: true, killSignal: 'SIGKILL' }))).toMatchObject({
    code: 'ETIMEDOUT',
    signal: 'SIGKILL',
    netns: red.name,
  })
  expect(children()).toBe(atFirst)
})

test('who has the pipes besides is waited for', () => {
  const { stdout, status } = red.spawnSync('sh', ['-c', '(sleep 0.3; echo late) & echo early'], { encoding: 'utf8' })
  expect([stdout, status]).toEqual(['early\nlate\n', 0])
})

test('input that nobody reads is told as Node tells it', () => {
  const { status, error } = red.spawnSync('true', { input: Buffer.alloc(4_000_000) })
  expect([status, error]).toMatchObject([0, { code: 'EPIPE' }])
})

test('what cannot be started says which step failed, and leaves nothing', () => {
  expect(red.spawnSync('no-such', { pid: true, mount: true })).toMatchObject({
    pid: 0,
    status: null,
    output: null,
    error: { code: 'ENOENT', syscall: 'spawnSync no-such', netns: red.name },
  })
  expect(failing(() => red.execFileSync('true', { pid: '/proc/self/ns/uts' }))).toMatchObject({
    code: 'EINVAL',
    netns: red.name,
  })
  expect(failing(() => red.execFileSync('true', { uts: { hostname: '' } }))).toMatchObject({ field: 'uts.hostname' })
  expect(failing(() => red.execFileSync('true', { timeout: -1 }))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
  expect(children()).toBe(atFirst)
})

test("Node's own functions are untouched, also while and after one of ours fails", async () => {
  const { spawnSync } = await import('node:child_process')
  const here = readlinkSync('/proc/self/ns/net')
  const look = (): string => String(spawnSync('readlink', ['/proc/self/ns/net']).stdout).trim()
  failing(() => red.execFileSync('false'))
  failing(() => red.execFileSync('true', { timeout: -1 }))
  expect(look()).toBe(here)
  expect(red.execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim()).not.toBe(here)
  expect(look()).toBe(here)
})
