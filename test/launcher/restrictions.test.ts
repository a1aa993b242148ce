// What a process may do: groups, capabilities, no_new_privs, seccomp, control groups, mounts. The kernel is asked.
import { promisify } from 'node:util'
import type { NetNs, ProcessOptions } from '../../lib/index'
import { fresh } from '../support/namespaces'

let red: NetNs
beforeEach(async () => {
  red = await fresh()
})
afterEach(async () => {
  await red.delete()
})

type Options = ProcessOptions & { uid?: number; gid?: number }
const said = async (script: string, options: Options): Promise<string> =>
  (await promisify(red.execFile)('sh', ['-c', script], options)).stdout
const status = async (field: string, options: Options): Promise<string | undefined> =>
  new RegExp(`^${field}:\\s*(.*)$`, 'm').exec(await said('cat /proc/self/status', options))?.[1]?.trim()

/** `struct sock_filter`s: mkdir(2) and mkdirat(2) fail with EACCES, all else is allowed. */
function withoutMkdir(): Uint8Array {
  const numbers = process.arch === 'x64' ? [83, 258] : [34, 34]
  const program = [
    [0x20, 0, 0, 0],
    [0x15, 1, 0, numbers[0]],
    [0x15, 0, 1, numbers[1]],
    [0x06, 0, 0, 0x0005000d],
    [0x06, 0, 0, 0x7fff0000],
  ] as const
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, yes, no, value], i) => {
    bytes.writeUInt16LE(code, 8 * i)
    bytes.writeUInt8(yes, 8 * i + 2)
    bytes.writeUInt8(no, 8 * i + 3)
    bytes.writeUInt32LE(value ?? 0, 8 * i + 4)
  })
  return bytes
}

test('supplementary groups', async () => {
  expect((await said('id -G', { uid: 65_534, gid: 65_534, groups: [12, 100] })).trim().split(' ').sort()).toEqual(
    ['100', '12', '65534'].sort(),
  )
})

test('capabilities: those that are named and no others, for root and for another user', async () => {
  const bits = (1n << 12n) | (1n << 10n) // CAP_NET_ADMIN, CAP_NET_BIND_SERVICE
  const hex = bits.toString(16).padStart(16, '0')
  for (const more of [{}, { uid: 65_534, gid: 65_534 }]) {
    const options = { capabilities: ['CAP_NET_ADMIN', 'CAP_NET_BIND_SERVICE'], ...more }
    for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapInh']) {
      expect([set, await status(set, options)]).toEqual([set, hex])
    }
  }
  expect(await status('CapEff', { capabilities: [] })).toBe('0'.repeat(16))
  await expect(said('ip link add b0 type bridge', { capabilities: [] })).rejects.toMatchObject({ code: 2 })
})

test('no new privileges, and a filter of system calls, which sets them', async () => {
  expect(await status('NoNewPrivs', {})).toBe('0')
  expect(await status('NoNewPrivs', { noNewPrivileges: true })).toBe('1')
  expect(await status('Seccomp', { seccomp: withoutMkdir() })).toBe('2')
  expect(await status('NoNewPrivs', { seccomp: withoutMkdir() })).toBe('1')
  expect(await said('mkdir /tmp/never 2>&1 || true', { seccomp: withoutMkdir() })).toMatch(/denied/)
})

test('mounts of its own, in their order', async () => {
  const mounts = [
    { target: '/mnt', type: 'tmpfs', source: 'own', flags: ['nosuid', 'nodev'], data: 'size=64k' },
    { target: '/mnt', source: '/usr', flags: ['bind', 'ro'] },
  ] as const
  const printed = await said('ls -d /mnt/bin; touch /mnt/x 2>&1 || true; grep " /mnt " /proc/self/mounts', {
    mount: true,
    mounts,
  })
  expect(printed).toMatch(/^\/mnt\/bin\n.*[Rr]ead-only file system\nown \/mnt tmpfs rw,nosuid,nodev.*size=64k/s)
  expect(printed).toMatch(/ \/mnt \S+ ro/)
})

test.each<[string, Options]>([
  ['groups', { groups: 5 as never }],
  ['groups[1]', { groups: [1, -1] }],
  ['capabilities', { capabilities: 'CAP_KILL' as never }],
  ['capabilities[0]', { capabilities: ['CAP_NONE'] }],
  ['noNewPrivileges', { noNewPrivileges: 1 as never }],
  ['seccomp', { seccomp: new Uint8Array(7) }],
  ['seccomp', { seccomp: [] as never }],
  ['cgroupDirectory', { cgroupDirectory: '' }],
  ['mounts', { mounts: [{ target: '/mnt', type: 'tmpfs' }] }],
  ['mounts[0].target', { mount: true, mounts: [{ target: 'mnt' }] }],
  ['mounts[0].flags[0]', { mount: true, mounts: [{ target: '/mnt', flags: ['rw' as never] }] }],
  ['mounts[0].traget', { mount: true, mounts: [{ target: '/mnt', traget: 1 } as never] }],
])('%s is refused by its name, and nothing is started', (field, options) => {
  let error: unknown
  try {
    red.spawn('true', [], options)
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ field })
})

test('what the kernel refuses is told by its step', () => {
  const failure = (options: Options): unknown => red.spawnSync('true', options).error
  expect(failure({ cgroupDirectory: '/sys/fs/cgroup/not-there' })).toMatchObject({ code: 'ENOENT', netns: red.name })
  expect(failure({ mount: true, mounts: [{ target: '/not/there', type: 'tmpfs' }] })).toMatchObject({
    code: 'ENOENT',
    syscall: 'mount',
  })
})

/** A filter that does `action` where one of these system calls is made, and allows all others. */
function filter(calls: readonly number[], action: number): Uint8Array {
  const program: [number, number, number, number][] = [[0x20, 0, 0, 0]]
  calls.forEach((number, i) => program.push([0x15, calls.length - 1 - i, Number(i === calls.length - 1), number]))
  program.push([0x06, 0, 0, action], [0x06, 0, 0, 0x7fff0000])
  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, yes, no, value], i) => {
    bytes.writeUInt16LE(code, 8 * i)
    bytes.writeUInt8(yes, 8 * i + 2)
    bytes.writeUInt8(no, 8 * i + 3)
    bytes.writeUInt32LE(value, 8 * i + 4)
  })
  return bytes
}

const numbers =
  process.arch === 'x64'
    ? { execve: 59, sendmsg: 46, exit: 60, exit_group: 231 }
    : { execve: 221, sendmsg: 211, exit: 93, exit_group: 94 }
const eperm = 0x00050001
const eintr = 0x00050004
const kill = 0x80000000
const killThread = 0
const trap = 0x00030000
/** What the launcher tells by, and ends by. */
const telling = [numbers.sendmsg, numbers.exit, numbers.exit_group]

describe.each([{}, { pid: true }])('a filter of the user’s that is in the way of the launcher, with %j', (more) => {
  /** How it ends or fails, by spawn and by spawnSync, which agree; and soon: the launcher is waited for ten seconds. */
  const attempt = async (program: string, seccomp: Uint8Array): Promise<unknown> => {
    const start = performance.now()
    const options = { ...more, seccomp }
    const outcome = await new Promise((resolve) => {
      try {
        const child = red.spawn(program, [], options)
        child.on('error', resolve).on('exit', (code, signal) => {
          resolve([code, signal])
        })
      } catch (error) {
        resolve(error)
      }
    })
    const { error, status: code, signal } = red.spawnSync(program, [], options)
    expect(performance.now() - start).toBeLessThan(5_000)
    if (error === undefined) expect(outcome).toEqual([code, signal])
    else expect(outcome).toMatchObject({ code: (error as NodeJS.ErrnoException).code })
    return outcome
  }

  test.each([
    ['denies', eperm, 'denied by the seccomp filter'],
    ['kills the process at', kill, 'the seccomp filter kills'],
    ['kills the thread at', killThread, 'the seccomp filter kills'],
    ['traps', trap, 'the seccomp filter kills'],
  ])('one that %s execve is an error that says so', async (_, action, why) => {
    expect(await attempt('true', filter([numbers.execve], action))).toMatchObject({
      code: 'EPERM',
      syscall: `execve (${why})`,
      netns: red.name,
      message: `spawn EPERM: execve (${why}) in netns ${red.name}`,
    })
  })

  test.each([
    ['denies', eperm],
    ['interrupts', eintr],
    ['kills at', kill],
  ])('one that %s what the launcher tells by lets it tell what fails', async (_, action) => {
    expect(await attempt('/not/there', filter(telling, action))).toMatchObject({
      code: 'ENOENT',
      syscall: 'spawn /not/there',
      netns: red.name,
    })
    expect(await attempt('/etc/passwd', filter(telling, action))).toMatchObject({ code: 'EACCES' })
  })

  test('one that is in the way of nothing but the launcher changes nothing', async () => {
    expect(await attempt('true', filter([numbers.sendmsg], kill))).toEqual([0, null])
    expect(await attempt('false', filter([numbers.sendmsg], eperm))).toEqual([1, null])
  })

  test('one that the kernel refuses is told as that', async () => {
    const wrong = Buffer.alloc(8)
    wrong.writeUInt16LE(0xffff)
    expect(await attempt('true', wrong)).toMatchObject({ code: 'EINVAL', syscall: 'seccomp' })
  })
})
