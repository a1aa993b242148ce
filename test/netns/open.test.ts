// Opening namespaces that are there, in every way, and what is no namespace.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isNotFound, Namespace, NetNs } from '../../lib/index'
import { fresh, ipJson, ownPrefix, uniqueName } from '../support/namespaces'

const ownNetns = (): number => statSync('/proc/self/ns/net').ino

test('the current namespace is the one that the process lives in, also inside run()', async () => {
  await using red = await fresh()
  const current = await NetNs.current()
  const inside = await red.run(() => ({ opening: NetNs.current() })).opening
  expect([current.identity.inode, inside.identity.inode]).toEqual([ownNetns(), ownNetns()])
  current.close()
  inside.close()
})

test('a namespace that ip made is opened by its name, listed, and exists', async () => {
  const name = uniqueName()
  execFileSync('ip', ['netns', 'add', name])
  const opened = await NetNs.open(name)
  expect(opened).toMatchObject({ name, path: `/run/netns/${name}`, ephemeral: false })
  expect(await NetNs.list()).toContainEqual({ name, path: `/run/netns/${name}`, ...opened.identity })
  expect(await NetNs.exists(name)).toBe(true)
  opened.close()
  execFileSync('ip', ['netns', 'delete', name])
  expect(await NetNs.exists(name)).toBe(false)
  expect((await NetNs.list()).map((one) => one.name)).not.toContain(name)
})

test('lists are in the order of names', async () => {
  await using _b = await fresh('b')
  await using _a = await fresh('a')
  const names = (await NetNs.list()).map(({ name }) => name).filter((name) => name.startsWith(ownPrefix))
  expect(names).toEqual([_a.name, _b.name])
})

describe('what is no namespace is neither listed nor existing, cannot be opened, and is not deleted:', () => {
  test.each<[string, string, (path: string) => void]>([
    [
      'an empty file, as it is for a moment while a name is made or deleted',
      'ENOENT',
      (path) => {
        writeFileSync(path, '')
      },
    ],
    [
      'a file with something in it',
      'EINVAL',
      (path) => {
        writeFileSync(path, 'mine')
      },
    ],
    [
      'a directory',
      'EINVAL',
      (path) => {
        mkdirSync(path)
      },
    ],
    [
      'a link to a file',
      'EINVAL',
      (path) => {
        symlinkSync(__filename, path)
      },
    ],
    [
      'a link to nothing',
      'ENOENT',
      (path) => {
        symlinkSync('nothing', path)
      },
    ],
    ['a device', 'EINVAL', (path) => execFileSync('mknod', [path, 'c', '1', '3'])],
  ])('%s', async (_what, code, make) => {
    const name = uniqueName()
    const path = `/run/netns/${name}`
    make(path)
    const before = lstatSync(path)
    expect((await NetNs.list()).map((one) => one.name)).not.toContain(name)
    expect(await NetNs.exists(name)).toBe(false)
    await expect(NetNs.open(name)).rejects.toMatchObject({ code, netns: name })
    const error: unknown = await NetNs.delete(name).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ENOENT', operation: 'NetNs.delete' })
    await NetNs.delete(name, { force: true })
    expect(lstatSync(path).ino).toBe(before.ino)
    rmSync(path, { recursive: true })
  })

  test('a namespace of another kind', async () => {
    await using _red = await fresh() // so that the directory is there
    const name = uniqueName()
    const path = `/run/netns/${name}`
    const uts = (await Namespace.create({ uts: true })).uts
    await uts.pin(path)
    expect(await NetNs.exists(name)).toBe(false)
    await expect(NetNs.open(name)).rejects.toMatchObject({ code: 'EINVAL' })
    await expect(NetNs.delete(name)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(statSync(path).ino).toBe(uts.identity.inode)
    await Namespace.unpin(path)
    uts.close()
  })
})

describe('while another program', () => {
  const found = new Set(['opened', 'ENOENT'])
  /** What looking at a name gives, for as long as a program runs that makes and deletes it. */
  async function looksAt(name: string, command: string, ...args: string[]): Promise<Map<string, number>> {
    const other = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    const closed = once(other, 'close')
    const seen = new Map<string, number>()
    while (other.exitCode === null) {
      const one = await NetNs.open(name).catch((error: unknown) => (error as { code: string }).code)
      const outcome = typeof one === 'string' ? one : 'opened'
      if (typeof one !== 'string') one.close()
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
      expect(typeof (await NetNs.exists(name))).toBe('boolean')
    }
    expect(await closed).toEqual([0, null])
    return seen
  }

  test('ip, makes and deletes a name, it is opened or not there', async () => {
    const name = uniqueName()
    const script = `for i in $(seq 60); do ip netns add ${name} && ip netns delete ${name} || exit 1; done`
    const seen = await looksAt(name, 'sh', '-c', script)
    for (const outcome of seen.keys()) expect(found).toContain(outcome)
  })

  test('of ours, makes and deletes a name, it is opened or not there', async () => {
    const name = uniqueName()
    const script = `
      const { NetNs } = require(${JSON.stringify(require.resolve('../../dist/index.js'))})
      void (async () => {
        for (let i = 0; i < 300; i++) await (await NetNs.create(process.argv[1])).delete()
      })()`
    const seen = await looksAt(name, process.execPath, '-e', script, name)
    for (const outcome of seen.keys()) expect(found).toContain(outcome)
    expect(seen.get('opened')).toBeGreaterThan(0)
  })
})

test('a name that nobody has gives ENOENT', async () => {
  const name = uniqueName()
  const error: unknown = await NetNs.open(name).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'ENOENT', errno: -2, operation: 'NetNs.open', netns: name })
  expect(isNotFound(error)).toBe(true)
})

test('a descriptor stays the caller’s, and the handle lives on without it', async () => {
  await using red = await fresh()
  const fd = openSync(red.path!, 'r')
  const opening = NetNs.fromFd(fd)
  expect(fstatSync(fd).ino).toBe(red.identity.inode)
  closeSync(fd)
  const opened = await opening
  expect(opened.equals(red)).toBe(true)
  expect(await opened.links.list()).toMatchObject([{ name: 'lo' }])
  opened.close()
})

test('closing a handle leaves the descriptor that it was made from open', async () => {
  await using red = await fresh()
  const fd = openSync(red.path!, 'r')
  const opened = await NetNs.fromFd(fd)
  opened.close()
  expect(fstatSync(fd).ino).toBe(red.identity.inode)
  closeSync(fd)
})

test('a descriptor that is not open gives EBADF', async () => {
  await expect(NetNs.fromFd(999_999)).rejects.toMatchObject({ code: 'EBADF', errno: -9, operation: 'NetNs.fromFd' })
})

test('a descriptor of something else gives EINVAL', async () => {
  const fd = openSync('/dev/null', 'r')
  await expect(NetNs.fromFd(fd)).rejects.toMatchObject({ code: 'EINVAL', operation: 'NetNs.fromFd' })
  closeSync(fd)
})

test('the namespace of a process and of a thread is found by its number', async () => {
  await using red = await fresh()
  const child = red.run(() => spawn('sleep', ['60'], { stdio: 'ignore' }))
  try {
    const byPid = await NetNs.fromPid(child.pid!)
    const byThread = await NetNs.fromThread(child.pid!)
    const byPath = await NetNs.fromPath(`/proc/${child.pid!}/ns/net`)
    expect([byPid, byThread, byPath].map((one) => one.equals(red))).toEqual([true, true, true])
    for (const one of [byPid, byThread, byPath]) one.close()
  } finally {
    child.kill()
    await once(child, 'close')
  }
  const gone = { code: 'ESRCH', errno: -3, netns: undefined }
  await expect(NetNs.fromPid(child.pid!)).rejects.toMatchObject({ ...gone, operation: 'NetNs.fromPid' })
  await expect(NetNs.fromThread(child.pid!)).rejects.toMatchObject({ ...gone, operation: 'NetNs.fromThread' })
})

test('a process that has ended but was not waited for gives ESRCH', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await sleep(5)
    await expect(NetNs.fromPid(pid)).rejects.toMatchObject({ code: 'ESRCH' })
  } finally {
    parent.kill()
    await once(parent, 'close')
  }
})

test('the number of a thread that leads no process gives ESRCH as a pid', async () => {
  const tid = Number(readdirSync('/proc/self/task').find((name) => name !== String(process.pid)))
  await expect(NetNs.fromPid(tid)).rejects.toMatchObject({ code: 'ESRCH' })
})

describe('a path', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), ownPrefix))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  test('that is a symbolic link is followed', async () => {
    await using red = await fresh()
    symlinkSync(red.path!, join(directory, 'link'))
    const opened = await NetNs.fromPath(join(directory, 'link'))
    expect(opened.equals(red)).toBe(true)
    expect(await ipJson(red, 'link')).toHaveLength((await opened.links.list()).length)
    opened.close()
  })

  test('that is a symbolic link to nothing gives ENOENT', async () => {
    symlinkSync(join(directory, 'none'), join(directory, 'link'))
    await expect(NetNs.fromPath(join(directory, 'link'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('that is a fifo is refused at once, without waiting for a writer', async () => {
    const path = join(directory, 'fifo')
    execFileSync('mkfifo', [path])
    await expect(NetNs.fromPath(path)).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test.each([
    { path: '/etc/passwd', what: 'an ordinary file' },
    { path: '/proc/self/ns', what: 'a directory' },
    { path: '/dev/null', what: 'a device' },
    { path: '/proc/self/ns/mnt', what: 'a namespace of another kind' },
  ])('that is $what is refused as no network namespace', async ({ path }) => {
    const error: unknown = await NetNs.fromPath(path).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'EINVAL', errno: -22, operation: 'NetNs.fromPath', netns: path })
    expect(String(error)).toContain('is not a network namespace')
  })
})

test('opening and failing to open leave this thread at home', async () => {
  await NetNs.fromPath('/proc/self/ns/mnt').catch(() => undefined)
  expect(readlinkSync('/proc/thread-self/ns/net')).toBe(`net:[${ownNetns()}]`)
})
