// Namespaces of a user without any capability. What they do is in fixtures/rootless.cjs, a program of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetNs } from '../../lib/index'
import { forbiddenBy } from '../../lib/native/forbidden'
import { reportOf } from '../native/child'

interface Report<Result> {
  readonly result: Result
  readonly left: readonly string[]
  readonly threads: readonly string[]
  readonly uid: number
}

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const nothing = [...nobody, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all']

/** Runs a case of the fixture, which must leave nothing. */
async function resultOf<Result>(name: string, within = nothing, args: readonly string[] = []): Promise<Result> {
  const directory = join(__dirname, 'fixtures')
  const report = await reportOf<Report<Result>>('rootless', [name, ...args], { within, directory })
  const { result, ...rest } = report
  expect(rest).toEqual({ left: [], threads: [], uid: expect.any(Number) as number })
  return result
}

describe('a user without any capability', () => {
  it('joins namespaces by a bridge and veths, gives them addresses, routes and rules, and talks through port 80', async () => {
    expect(await resultOf('network')).toMatchObject({
      heard: 'hello 10.0.0.1',
      refused: 'ENETUNREACH',
      addresses: ['10.0.0.2/24'],
      route: '10.0.0.1',
      rule: true,
      ports: ['v-green', 'v-red'],
      neighbor: true,
      run: { code: 'EPERM', syscall: 'setns', message: expect.stringContaining('processes of one thread') as string },
      named: { code: 'EPERM', message: expect.stringContaining('{ rootless: true }') as string },
    })
  })

  it('maps its own user and group and no other, and denies setgroups; a child enters by what findNamespacesToJoin says', async () => {
    const { lines, kinds, inode } = await resultOf<{ lines: string[]; kinds: string[]; inode: number }>('maps')
    expect(kinds).toEqual(['user', 'net'])
    expect(lines).toEqual(['0 65534 1', '0 65534 1', 'deny', `net:[${inode}]`, '0'])
  })

  it('chooses another id inside', async () => {
    const map = JSON.stringify([{ inside: 1000, outside: 65534 }])
    const { lines } = await resultOf<{ lines: string[] }>('maps', nothing, [map, map])
    expect(lines).toEqual(['1000 65534 1', '1000 65534 1', 'deny', expect.any(String), '1000'])
  })

  it('gets its ranges of /etc/subuid and /etc/subgid by newuidmap and newgidmap', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'netloom-subid-'))
    try {
      writeFileSync(join(directory, 'ids'), 'other:1:5\nnobody:200000:1000\n65534:300000:10\n')
      const script = 'for f in subuid subgid; do touch /etc/$f; mount --bind "$0" /etc/$f; done; exec "$@"'
      const within = ['unshare', '--mount', 'sh', '-c', script, join(directory, 'ids'), ...nobody]
      const { lines } = await resultOf<{ lines: string[] }>('maps', within, ['"subordinate"', '"subordinate"'])
      const map = ['0 65534 1', '1 200000 1000', '1001 300000 10']
      expect(lines).toEqual([...map, ...map, 'deny', expect.any(String), '0'])
      // With a range that is somebody else's: nothing is made.
      const theirs = JSON.stringify([
        { inside: 0, outside: 65534 },
        { inside: 1, outside: 400000, count: 5 },
      ])
      await expect(resultOf('maps', within, [theirs, theirs])).rejects.toThrow(
        /newuidmap refused the map.*\/etc\/subuid/,
      )
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('sets sysctls, reads files of /proc and /sys, pings, captures, and binds a low UDP port', async () => {
    expect(await resultOf('inside')).toEqual({ forwards: 1, devices: true, sysfs: ['lo'], ping: 1 })
  })

  it('starts processes in it', async () => {
    expect(await resultOf('spawned')).toEqual({ inside: true, waited: true, boxed: 'box\n2\n' })
  })

  it('lets nothing of it into children', async () => {
    expect(await resultOf('inheritance')).toEqual({ inherited: [], closed: false })
  })

  it('opens namespaces of other processes of its own, and joins its own to them', async () => {
    expect(await resultOf('others')).toEqual({ links: ['lo', 'dummy0', 'eth1'], heard: 'inside' })
  })

  it('creates many, in batches and in pools', async () => {
    expect(await resultOf('many')).toEqual({ pod: ['lo', 'eth0'], taken: true, inodes: 20 })
  })

  it('shares them with its Workers', async () => {
    expect(await resultOf('workers')).toEqual({ links: ['by-worker', 'lo'], same: true })
  })

  it('uses sixteen at once: each server is heard in its own alone, no thread moves, and no child stays', async () => {
    const heard = new Array<boolean>(16).fill(true)
    expect(await resultOf('parallel')).toEqual({ heard, elsewhere: [], users: 1, zombies: null })
  })

  it('leaves nothing where there are no more descriptors', async () => {
    const few = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', ...nothing]
    expect(await resultOf('full', few)).toEqual({ code: 'EMFILE', some: true })
  })
})

describe('where it is forbidden, the error names the setting', () => {
  it('user.max_user_namespaces', async () => {
    const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    const within = [...nobody, 'unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh']
    expect(await resultOf('forbidden', within)).toMatchObject({
      code: 'ENOSPC',
      syscall: 'unshare (CLONE_NEWUSER)',
      message: expect.stringContaining('the sysctl user.max_user_namespaces is 0: raise it') as string,
    })
  })

  it('a container\u2019s seccomp filter', async () => {
    const within = ['python3', join(__dirname, 'fixtures', 'without_user_namespaces.py'), ...nobody]
    expect(await resultOf('forbidden', within)).toMatchObject({
      code: 'EPERM',
      syscall: 'unshare (CLONE_NEWUSER)',
      message: expect.stringContaining('--security-opt seccomp=') as string,
    })
  })

  // These kernels and modules are not here: what they say is.
  const [EPERM, EACCES, ENOENT, EINVAL] = [1, 13, 2, 22]
  it.each([
    [
      EPERM,
      'unshare (CLONE_NEWUSER)',
      { '/proc/sys/kernel/unprivileged_userns_clone': '0' },
      /kernel\.unprivileged_userns_clone is 0/,
    ],
    [EACCES, 'uid_map', { '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1' }, /kernel\.apparmor_restrict/],
    [EPERM, 'unshare', { '/proc/self/status': 'Name:\tnode\nSeccomp:\t0\n' }, /chroot/],
    [EINVAL, 'unshare (CLONE_NEWUSER)', {}, /CONFIG_USER_NS/],
    [ENOENT, 'newuidmap', {}, /not installed/],
    [ENOENT, 'open', {}, /^undefined$/],
  ])('errno %d of %s', (errno, call, settings: Record<string, string>, expected) => {
    expect(String(forbiddenBy(errno, call, (path) => settings[path]))).toMatch(expected)
  })
})

describe('root', () => {
  it('may do all of it too, run among it, and join them to others', async () => {
    await using ns = await NetNs.create({ rootless: true })
    await using other = await NetNs.create()
    await other.links.add({ kind: 'veth', name: 'v0', peer: { netns: ns, name: 'eth0' } })
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo', 'eth0'])
    expect(ns.run(() => 5)).toBe(5)
    expect([ns.name, ns.path, ns.ephemeral]).toEqual([undefined, undefined, true])
  })
})
