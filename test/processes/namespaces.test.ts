// The other namespaces that a process may be born in, and how long it lives.
import { execFileSync, spawn as plainSpawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { NetNs, type ProcessOptions } from '../../lib/index'
import { fresh } from '../support/namespaces'

/** How a call fails. */
function failing(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

const children = (): string => readFileSync('/proc/thread-self/children', 'utf8')
const atFirst = children()

let red: NetNs
beforeEach(async () => {
  red = await fresh()
})
afterEach(async () => {
  await red.delete()
})

async function shell(script: string, options: ProcessOptions): Promise<string> {
  return (await promisify(red.execFile)('sh', ['-c', script], options)).stdout
}

const kinds = ['mnt', 'uts', 'ipc', 'pid', 'cgroup', 'user', 'net'] as const
const ours = (): Record<string, string> =>
  Object.fromEntries(kinds.map((kind) => [kind, readlinkSync(`/proc/self/ns/${kind}`)]))
const show = kinds.map((kind) => `readlink /proc/self/ns/${kind}`).join('; ')

async function kindsThatDiffer(options: ProcessOptions): Promise<string[]> {
  const theirs = (await shell(show, options)).trim().split('\n')
  const own = ours()
  return kinds.filter((kind, i) => theirs[i] !== own[kind])
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
])('%j: its own are these', async (options, differing) => {
  const before = ours()
  expect(await kindsThatDiffer(options)).toEqual(differing)
  expect(ours()).toEqual(before)
})

test('a process namespace of its own begins with it, and ends with it', async () => {
  const child = red.spawn('sh', ['-c', 'sleep 1234 & echo $$; ps -e | wc -l; exec sleep 1000'], {
    pid: true,
    mount: true,
  })
  const [printed] = (await once(child.stdout, 'data')) as [Buffer]
  expect(printed.toString()).toMatch(/^2\n/)
  child.kill('SIGKILL')
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
  expect(await red.pids()).toEqual([])
  // what is mounted inside is not seen outside
  expect(existsSync('/proc/self')).toBe(true)
})

test('names of its own', async () => {
  const before = hostname()
  const printed = await shell('hostname; cat /proc/sys/kernel/domainname', {
    uts: { hostname: 'inner', domainname: 'some' },
  })
  expect(printed).toBe('inner\nsome\n')
  expect(hostname()).toBe(before)
})

test('the maps of a user namespace are those that were asked for, and setgroups is denied', async () => {
  const uidMap = [
    { inside: 0, outside: 100_000, count: 10 },
    { inside: 1000, outside: 0 },
  ]
  const gidMap = [{ inside: 5, outside: 100_000 }]
  const printed = await shell('cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -g; id -G', {
    user: { uidMap, gidMap },
  })
  expect(
    printed
      .trim()
      .split('\n')
      .map((line) => line.trim().replaceAll(/ +/g, ' ')),
  ).toEqual(['0 100000 10', '1000 0 1', '5 100000 1', 'deny', '0', '5', '5'])
  const once = await shell('cat /proc/self/uid_map; id -u', { user: true })
  expect(once.trim().split(/\s+/)).toEqual(['0', '0', '1', '0'])
  expect(
    failing(() =>
      red.spawn('true', [], {
        user: {
          uidMap: [
            { inside: 0, outside: 0 },
            { inside: 0, outside: 1 },
          ],
        },
      }),
    ),
  ).toMatchObject({ code: 'EINVAL', syscall: 'uid_map', netns: red.name })
  // The launcher that has failed is reaped as Node reaps any process.
  while (children() !== atFirst) await pause(5)
})

test('what ip netns exec mounts: /etc/netns/NAME over /etc, and /sys of the namespace', async () => {
  const directory = `/etc/netns/${red.name}`
  mkdirSync(directory, { recursive: true })
  try {
    writeFileSync(join(directory, 'hosts'), '10.9.8.7 from-netns\n')
    writeFileSync(join(directory, 'not-in-etc'), '')
    await red.links.add({ kind: 'bridge', name: 'only-here' })
    const script = 'cat /etc/hosts; ls /sys/class/net | grep only'
    const oracle = execFileSync('ip', ['netns', 'exec', red.name!, 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(await shell(script, { etc: true })).toBe(oracle.toString())
    expect(oracle.toString()).toBe('10.9.8.7 from-netns\nonly-here\n')
    expect(readFileSync('/etc/hosts', 'utf8')).not.toContain('from-netns')
    expect(existsSync('/sys/class/net/only-here')).toBe(false)
    // another name, and links that lead elsewhere
    expect(await shell('cat /etc/hosts', { etc: 'nobody' })).toBe(readFileSync('/etc/hosts', 'utf8'))
    rmSync(join(directory, 'hosts'))
    symlinkSync('/etc/shadow', join(directory, 'hosts'))
    expect(failing(() => red.spawn('true', [], { etc: true }))).toMatchObject({ code: 'ELOOP', netns: red.name })
  } finally {
    rmSync(directory, { recursive: true })
  }
  symlinkSync('/etc', directory)
  try {
    expect(failing(() => red.spawn('true', [], { etc: true }))).toMatchObject({ code: 'ENOTDIR' })
  } finally {
    rmSync(directory)
  }
})

test('it joins namespaces that exist, by path or descriptor', async () => {
  const host = plainSpawn(
    'unshare',
    [
      '-m',
      '-u',
      '-i',
      '-C',
      '-p',
      '-f',
      '--mount-proc',
      '-U',
      '-r',
      'sh',
      '-c',
      'hostname joined; echo up; exec sleep 1000',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(host.stdout, 'data')
  const of = readFileSync(`/proc/${host.pid}/task/${host.pid}/children`, 'utf8').trim()
  const where = (kind: string): string => `/proc/${of}/ns/${kind}`
  const mount = openSync(where('mnt'), 'r')
  const options = {
    pid: where('pid'),
    uts: where('uts'),
    ipc: where('ipc'),
    cgroup: where('cgroup'),
    user: where('user'),
    mount,
  }
  try {
    expect(await kindsThatDiffer(options)).toEqual([...kinds])
    expect(await shell('hostname; ps -e -o args= | grep -c "sleep 100[0]"', options)).toBe('joined\n1\n')
  } finally {
    closeSync(mount)
    process.kill(Number(of), 'SIGKILL')
    await once(host, 'close')
  }
  for (const wrong of ['/proc/self/ns/net', '/etc/passwd', '/dev/null']) {
    expect(failing(() => red.spawn('true', [], { pid: wrong }))).toMatchObject({ code: 'EINVAL' })
  }
})

test.each([{}, { pid: true }, { user: true, uid: 0 }])(
  'with dieWithParent (%j) it ends when this process is killed',
  async (more) => {
    const source = `const { NetNs } = require(${JSON.stringify(join(__dirname, '../..'))})
    NetNs.open(${JSON.stringify(red.name)}).then((ns) => {
      for (const dieWithParent of [true, false])
        console.log(ns.spawn('sleep', ['1000'], { ...${JSON.stringify(more)}, dieWithParent, stdio: 'ignore' }).pid)
    })`
    const parent = plainSpawn(process.execPath, ['-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }) as ChildProcess
    let printed = ''
    while (printed.trim().split('\n').length < 2) printed += String((await once(parent.stdout!, 'data'))[0])
    const [dying, staying] = printed.trim().split('\n').map(Number)
    // In a pid namespace there are two: its first process and the program; and one outside that stands for them.
    const inside = 'pid' in more ? 2 : 1
    const isThere = (pid: number | undefined): boolean => existsSync(`/proc/${pid}`)
    expect(await red.pids()).toHaveLength(2 * inside)
    expect([isThere(dying), isThere(staying)]).toEqual([true, true])
    parent.kill('SIGKILL')
    await once(parent, 'close')
    while ((await red.pids()).length > inside || isThere(dying)) await pause(10)
    expect(isThere(staying)).toBe(true)
    const left = await red.pids()
    expect(left).toHaveLength(inside)
    // With the first process of a PID namespace the kernel ends the program: it may be gone before it is signalled itself.
    const signalled = await red.kill('SIGKILL')
    expect(left.slice(0, signalled.length)).toEqual(signalled)
    expect(signalled.length).toBeGreaterThan(0)
    while (isThere(staying) || (await red.pids()).length > 0) await pause(10)
  },
)

test('pids are those of ip netns pids; kill ends them, and never this process', async () => {
  const some = Array.from({ length: 5 }, () => red.spawn('sleep', ['1000'], { stdio: 'ignore' }))
  const closed = some.map((child) => once(child, 'close'))
  const oracle = execFileSync('ip', ['netns', 'pids', red.name!], { encoding: 'utf8' })
  const pids = some.map(({ pid }) => pid)
  expect((await red.pids()).sort()).toEqual(pids.sort())
  expect(oracle.trim().split('\n').map(Number).sort()).toEqual(pids.sort())
  expect((await red.kill()).sort()).toEqual(pids.sort())
  for (const end of await Promise.all(closed)) expect(end).toEqual([null, 'SIGTERM'])
  expect(await red.kill('SIGKILL')).toEqual([])
  using own = await NetNs.current()
  expect(await own.pids()).toContain(process.pid)
  await expect(own.kill(0)).rejects.toMatchObject({ code: 'ERR_NETLOOM_OWN_PROCESS' })
})

test('output of one that has ended already is read to its end', async () => {
  const child = red.spawn('seq', ['20000'])
  const whole = text(child.stdout) // before the end: of what nobody reads then, Node drops the rest
  await once(child, 'exit')
  expect((await whole).length).toBe(108_894)
})
