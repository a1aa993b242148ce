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
