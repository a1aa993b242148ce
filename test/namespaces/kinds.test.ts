// Namespaces of all eight kinds. The programs of util-linux are the oracle: lsns, nsenter and unshare.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespace, NetNs, type NamespaceKind } from '../../lib/index'
import { holdings } from '../../lib/testing'
import { until } from '../support/patience'

const kinds: NamespaceKind[] = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts']
const all = { cgroup: true, ipc: true, mnt: true, net: true, pid: true, time: true, user: true, uts: true } as const
const own = (kind: NamespaceKind): number => Number(/\d+/.exec(readlinkSync(`/proc/self/ns/${kind}`))?.[0])

/** What a program prints that nsenter(1) starts in namespaces of this process. */
function inside(entries: Partial<Record<string, { identity: { inode: number } }>>, ...command: string[]): string {
  const links = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [[readlinkSync(`/proc/self/fd/${fd}`), fd] as const]
    } catch {
      return []
    }
  })
  const options = Object.entries(entries).map(([kind, one]) => {
    const fd = links.find(([link]) => link === `${kind}:[${String(one?.identity.inode)}]`)?.[1]
    return `--${kind === 'mnt' ? 'mount' : kind}=/proc/${process.pid}/fd/${String(fd)}`
  })
  return execFileSync('nsenter', [...options, ...command], { encoding: 'utf8' }).trim()
}

interface LsnsEntry {
  ns: number
  type: NamespaceKind
  nprocs: number
  pid: number
}
const lsns = (): LsnsEntry[] => {
  const text = execFileSync('lsns', ['-J', '-o', 'ns,type,nprocs,pid'], { encoding: 'utf8' })
  const { namespaces } = JSON.parse(text) as { namespaces: Record<keyof LsnsEntry, string | number>[] }
  return namespaces.map(({ ns, type, nprocs, pid }) => ({
    ns: Number(ns),
    type: type as NamespaceKind,
    nprocs: Number(nprocs),
    pid: Number(pid),
  }))
}

describe('a set', () => {
  it('has each of the kinds asked for, all new, and no other', async () => {
    await using set = await Namespace.create(all)
    for (const kind of kinds) {
      const { inode } = set[kind].identity
      expect([kind, inode === own(kind)]).toEqual([kind, false])
    }
    expect(set.net).toBeInstanceOf(NetNs)
    await using two = await Namespace.create({ uts: true, ipc: true, net: false })
    expect(
      Object.keys(two)
        .filter((key) => kinds.includes(key as NamespaceKind))
        .sort(),
    ).toEqual(['ipc', 'uts'])
    expect(two.pid1).toBeUndefined()
  })

  it('is what nsenter finds inside', async () => {
    await using set = await Namespace.create({ ...all, user: false, uts: { hostname: 'box', domainname: 'example' } })
    const { cgroup, ipc, mnt, net, pid, uts } = set
    const lines = inside({ cgroup, ipc, mnt, net, pid, uts }, 'sh', '-c', 'hostname; domainname; echo $$').split('\n')
    expect(lines).toEqual(['box', 'example', expect.stringMatching(/^[2-9]$/)])
    for (const [kind, one] of Object.entries({ cgroup, ipc, mnt, net, pid, uts })) {
      const link = readlinkSync(`/proc/${String(set.pid1)}/ns/${kind}`)
      expect(link).toBe(`${kind}:[${one.identity.inode}]`)
    }
    await net.links.set('lo', { up: true })
    expect(inside({ net }, 'ip', '-br', 'link')).toMatch(/^lo +UNKNOWN/)
  })

  it('belongs to its user namespace, which has one’s own user as root, and no setgroups', async () => {
    await using set = await Namespace.create({ user: true, uts: true, net: true, pid: true })
    using owner = await set.uts.owner()
    expect(owner.equals(set.user)).toBe(true)
    using above = await set.user.parent()
    expect(above.identity.inode).toBe(own('user'))
    expect(await set.user.ownerUid()).toBe(process.getuid?.())
    const read = 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups'
    const lines = inside({ user: set.user }, '--preserve-credentials', 'sh', '-c', read).split('\n')
    expect(lines.map((line) => line.trim().split(/\s+/).join(' '))).toEqual(['0 0 1', '0 0 1', 'deny'])
  })

  it('has the ranges of users that it is given', async () => {
    const uidMap = [
      { inside: 0, outside: 1000 },
      { inside: 5, outside: 2000, count: 10 },
    ]
    await using set = await Namespace.create({
      user: { uidMap, gidMap: [{ inside: 0, outside: 3000, count: 2 }] },
      uts: true,
      pid: true,
    })
    const map = (file: string): string[] => {
      const text = readFileSync(`/proc/${String(set.pid1)}/${file}`, 'utf8')
      return text
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/).join(' '))
    }
    expect([map('uid_map'), map('gid_map')]).toEqual([['0 1000 1', '5 2000 10'], ['0 3000 2']])
  })

  it('has clocks that are ahead or behind', async () => {
    await using set = await Namespace.create({ time: { monotonic: 100_000.5, boottime: -0.25 } })
    expect(await set.time.offsets()).toEqual({ monotonic: 100_000.5, boottime: -0.25 })
    await using ahead = await Namespace.create({ time: { boottime: 1_000_000 } })
    const there = Number(inside({ time: ahead.time }, 'cat', '/proc/uptime').split(' ')[0])
    expect(there - Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])).toBeGreaterThan(999_990)
    await using none = await Namespace.create({ time: true })
    expect(await none.time.offsets()).toEqual({ monotonic: 0, boottime: 0 })
  })

  it('has a first process with no descriptor of ours, which reaps and ends with it, and all others too', async () => {
    let ended: Promise<unknown[]> | undefined
    {
      await using set = await Namespace.create({ pid: true, mnt: true })
      const first = `/proc/${String(set.pid1)}`
      const fds = (): string[] => readdirSync(`${first}/fd`).map((fd) => readlinkSync(`${first}/fd/${fd}`))
      for (let i = 0; i < 1000 && fds().length > 1; i++) await new Promise((resolve) => setTimeout(resolve, 10))
      expect(fds()).toEqual([expect.stringMatching(/^pipe:/)])
      // An orphan that ends: its parent is the first process, and no zombie stays.
      inside({ pid: set.pid }, 'sh', '-c', '(sleep 0.05 &) ; exit 0')
      const members = async (): Promise<number | undefined> =>
        (await Namespace.list()).find(({ inode }) => inode === set.pid.identity.inode)?.processes
      await until(async () => (await members()) === 1, 'the orphan has ended and was reaped')
      const at = readdirSync('/proc/self/fd').find((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === `pid:[${set.pid.identity.inode}]`
        } catch {
          return false
        }
      })
      const child = spawn('nsenter', [`--pid=/proc/${process.pid}/fd/${String(at)}`, 'sleep', '60'])
      ended = once(child, 'close')
      await once(child, 'spawn')
      await until(async () => Number(await members()) > 1, 'another process is inside')
    }
    expect(await ended).not.toEqual([0, null])
  })

  it('ends with a process that is killed', async () => {
    const root = join(__dirname, '..', '..')
    const program = `const { Namespace } = require(${JSON.stringify(join(root, 'dist/index.js'))})
      Namespace.create({ pid: true }).then(({ pid1 }) => { console.log(pid1); setInterval(() => {}, 1000) })`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [data] = (await once(child.stdout, 'data')) as [Buffer]
    const first = `/proc/${String(data).trim()}`
    expect(existsSync(first)).toBe(true)
    child.kill('SIGKILL')
    await once(child, 'close')
    for (let i = 0; i < 200 && existsSync(first); i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(existsSync(first)).toBe(false)
  })

  it('leaves nothing if something of it fails', async () => {
    const held = (): string[] =>
      holdings()
        .filter(({ kind, name }) => kind === 'process' || (kind === 'descriptor' && name.includes(':[')))
        .filter(({ name }) => !name.includes(`net:[${own('net')}]`))
        .map(({ name }) => name)
    const before = held()
    // The kernel refuses a boot time below zero.
    const failing = Namespace.create({ ...all, time: { boottime: -1e9 } })
    await expect(failing).rejects.toMatchObject({ code: 'ERANGE', syscall: 'write', operation: 'Namespace.create' })
    expect(held()).toEqual(before)
    await expect(Namespace.create(all, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' })
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController()
      const aborted = Namespace.create(all, { signal: controller.signal })
      if (i > 0) await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      // The later it comes, the more may have been done.
      await aborted.then(
        (set) => set[Symbol.asyncDispose](),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'ABORT_ERR' })
        },
      )
    }
  })
})

describe('a namespace', () => {
  it.each(kinds)('of the kind %s is opened by path, descriptor, process and thread', async (kind) => {
    const path = `/proc/self/ns/${kind}`
    const fd = openSync(path, 'r')
    const opened = [
      await Namespace.fromPath(path),
      await Namespace.fromFd(fd),
      await Namespace.fromPid(process.pid, kind),
      await Namespace.fromThread(process.pid, kind),
    ]
    closeSync(fd)
    for (const one of opened) {
      expect([one.kind, one.identity.inode]).toEqual([kind, own(kind)])
      one.close()
      expect(one.closed).toBe(true)
    }
  })

  it('is none where there is none', async () => {
    await expect(Namespace.fromPath('/etc/passwd')).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(Namespace.fromPath('/run/none')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(Namespace.fromPid(0x7ffffffe, 'uts')).rejects.toMatchObject({ code: 'ESRCH' })
    await expect(Namespace.fromFd(99_999)).rejects.toMatchObject({ code: 'EBADF' })
    using uts = await Namespace.fromPid(process.pid, 'uts')
    uts.close()
    await expect(uts.hostname()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  })

  it('of the kind uts has names, which nobody else sees', async () => {
    await using set = await Namespace.create({ uts: true })
    expect(await set.uts.hostname()).toBe(hostname())
    await set.uts.setHostname('other')
    await set.uts.setDomainname('example')
    expect([await set.uts.hostname(), await set.uts.domainname()]).toEqual(['other', 'example'])
    expect(inside({ uts: set.uts }, 'hostname')).toBe('other')
    expect(hostname()).not.toBe('other')
    await expect(set.uts.offsets()).rejects.toMatchObject({ code: 'EINVAL' })
  })

  it('is entered by this thread for as long as a function takes, and the addon’s threads stay at home', async () => {
    await using set = await Namespace.create({ uts: { hostname: 'box' }, ipc: true, cgroup: true, net: true })
    const here = (kind: string): string => readlinkSync(`/proc/thread-self/ns/${kind}`)
    for (const kind of ['uts', 'ipc', 'cgroup'] as const) {
      const one: Namespace = set[kind]
      expect(one.run(() => here(kind))).toBe(`${kind}:[${one.identity.inode}]`)
      expect(here(kind)).toBe(`${kind}:[${own(kind)}]`)
    }
    await new Promise((resolve) => setTimeout(resolve, 700)) // until the addon’s threads have ended
    // A call that begins inside starts threads that are at home.
    const [name, called] = set.uts.run(() => set.net.run(() => [hostname(), set.net.links.list()] as const))
    await called
    const homes = readdirSync('/proc/self/task').flatMap((tid) => {
      try {
        return [readlinkSync(`/proc/self/task/${tid}/ns/uts`)]
      } catch {
        return [] // It has just ended.
      }
    })
    expect([name, new Set(homes)]).toEqual(['box', new Set([`uts:[${own('uts')}]`])])
    expect(() =>
      set.uts.run(() => {
        throw new Error('on purpose')
      }),
    ).toThrow('on purpose')
    expect(hostname()).not.toBe('box')
    expect(() => set.uts.run(() => Promise.resolve())).toThrow(TypeError)
  })

  it.each(['mnt', 'pid', 'time', 'user'] as const)(
    'of the kind %s is not, and the error says what to do',
    async (kind) => {
      using one = await Namespace.fromPid(process.pid, kind)
      expect(() => one.run(() => 1)).toThrow(/start a process in it instead/)
    },
  )

  it('has no parent if it is of a kind that has none, and none that one may not see', async () => {
    using uts = await Namespace.fromPid(process.pid, 'uts')
    await expect(uts.parent()).rejects.toThrow(/uts namespaces have no parents/)
    using user = await Namespace.fromPid(process.pid, 'user')
    await expect(user.parent()).rejects.toMatchObject({ code: 'EPERM' })
    await using set = await Namespace.create({ pid: true })
    using above = await set.pid.parent()
    expect(above.identity.inode).toBe(own('pid'))
  })
})

describe('a pin', () => {
  let directory: string
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'netloom-pins-'))
    mkdirSync(join(directory, 'private'))
    execFileSync('mount', ['--bind', '--make-private', join(directory, 'private'), join(directory, 'private')])
    execFileSync('mount', ['--make-private', join(directory, 'private')])
  })
  afterAll(() => {
    execFileSync('umount', [join(directory, 'private')])
    rmSync(directory, { recursive: true })
  })

  it.each(kinds)('of the kind %s keeps it, is found by nsenter, and goes', async (kind) => {
    const path = join(directory, 'private', kind)
    const set = await Namespace.create({ [kind]: true } as Record<NamespaceKind, true>)
    const one = set[kind]
    const { inode } = one.identity
    const pinned: Namespace = one instanceof NetNs ? await Namespace.fromFd(fdOf(one)) : one
    await pinned.pin(path)
    await expect(pinned.pin(path)).rejects.toMatchObject({ code: 'EEXIST' })
    await set[Symbol.asyncDispose]()
    pinned.close()
    using again = await Namespace.fromPath(path)
    expect([again.kind, again.identity.inode]).toEqual([kind, inode])
    expect((await Namespace.list()).find((entry) => entry.inode === inode)?.mounts).toEqual([path])
    await Namespace.unpin(path)
    expect(existsSync(path)).toBe(false)
    await expect(Namespace.unpin(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  // Each core has a stock of numbers of its own since Linux 6.18, and what is newer is not always what has the larger one.
  it('of a mount namespace can be made wherever it was made, by root or by the root of a user namespace', async () => {
    for (let i = 0; i < 24; i++) {
      const path = join(directory, 'private', `mounts ${i}`)
      await using set = await Namespace.create({ mnt: true, user: i % 2 === 1, pid: i % 3 === 1 })
      await set.mnt.pin(path)
      using pinned = await Namespace.fromPath(path)
      expect(pinned.identity).toEqual(set.mnt.identity)
      await Namespace.unpin(path)
    }
  })

  it('of unshare(1) is opened and unpinned', async () => {
    const path = join(directory, 'private', 'by unshare')
    execFileSync('touch', [path])
    execFileSync('unshare', [`--uts=${path}`, 'hostname', 'theirs'])
    using uts = (await Namespace.fromPath(path)) as Namespace<'uts'>
    expect(await uts.hostname()).toBe('theirs')
    expect((await Namespace.list()).find(({ inode }) => inode === uts.identity.inode)).toMatchObject({
      processes: 0,
      pid: undefined,
      mounts: [path],
      descriptors: 1,
    })
    await Namespace.unpin(path)
  })

  it('of a mount namespace on itself is refused with the reason', async () => {
    using mnt = await Namespace.fromPid(process.pid, 'mnt')
    const path = join(directory, 'private', 'own')
    await expect(mnt.pin(path)).rejects.toThrow(/within an older mount namespace/)
    expect(existsSync(path)).toBe(false)
  })
})

/** A descriptor of this process that leads to a namespace. */
function fdOf({ identity }: NetNs): number {
  const link = `net:[${identity.inode}]`
  const fd = readdirSync('/proc/self/fd').find((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === link
    } catch {
      return false
    }
  })
  return Number(fd)
}

test('the list is that of lsns', async () => {
  const child = spawn('unshare', [
    '--uts',
    '--ipc',
    '--net',
    '--pid',
    '--fork',
    '--user',
    '--map-root-user',
    'sleep',
    '60',
  ])
  await once(child, 'spawn')
  try {
    for (let i = 0; i < 100 && !lsns().some(({ pid, type }) => type === 'uts' && pid === child.pid); i++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    const [ours, theirs] = [await Namespace.list(), lsns()]
    // Others come and go meanwhile; and lsns counts itself.
    const uts = theirs.filter(({ pid, type }) => pid === child.pid && type !== 'pid')
    expect(uts.map(({ type }) => type).sort()).toEqual(expect.arrayContaining(['ipc', 'net', 'user', 'uts']))
    for (const { ns, type, nprocs, pid } of uts) {
      if (ns === own(type)) continue
      const found = ours.find(({ inode }) => inode === ns)
      expect(found).toMatchObject({ kind: type, processes: nprocs, pid, uid: 0 })
      expect(found?.command).toContain('unshare --uts')
    }
    const known = new Set(ours.map(({ inode }) => inode))
    expect(theirs.filter(({ ns }) => known.has(ns)).length).toBeGreaterThanOrEqual(theirs.length - 8)
  } finally {
    execFileSync('pkill', ['-KILL', '-P', String(child.pid)])
    await once(child, 'close')
  }
})
