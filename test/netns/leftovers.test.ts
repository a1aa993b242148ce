// What a process leaves in the directory of names that is killed: its names are free again, those of the living are not.
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NetNs } from '../../lib/index'
import { ipJson, ownPrefix, uniqueName } from '../support/namespaces'

const pathOf = (name: string): string => `/run/netns/${name}`

/** A file as we make it: marked by its mode. */
function leaveOurs(path: string): void {
  writeFileSync(path, '')
  chmodSync(path, 0o1000)
}

/** A file as `ip netns add` makes it. */
function leaveTheirs(path: string): void {
  writeFileSync(path, '', { mode: 0 })
  chmodSync(path, 0)
}

interface Program {
  child: ChildProcess
  /** Lets it go on after its first line; gives its exit code. */
  end: () => Promise<unknown>
}

/** A program that says a line when it is ready, and ends some time after its standard input. */
async function program(...command: string[]): Promise<Program> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  const end = async (): Promise<unknown> => {
    child.stdin.end('\n')
    return (await closed)[0]
  }
  return { child, end }
}

/** What several processes do, each in a program of its own: they begin together. Gives their exit codes. */
async function together(count: number, body: string, ...args: string[]): Promise<number[]> {
  const script = `
    const { NetNs } = require(${JSON.stringify(require.resolve('../../dist/index.js'))})
    const args = process.argv.slice(1)
    process.stdin.once('data', async () => {${body}})
    console.log('ready')`
  const programs = await Promise.all(
    Array.from({ length: count }, () => program(process.execPath, '-e', script, ...args)),
  )
  return Promise.all(programs.map(async ({ end }) => Number(await end())))
}

async function works(ns: NetNs): Promise<void> {
  expect(await ipJson(ns, 'link')).toMatchObject([{ ifname: 'lo' }])
  expect(statSync(ns.path!).ino).toBe(ns.identity.inode)
}

beforeAll(async () => {
  await (await NetNs.create(uniqueName())).delete() // makes the directory
})

test('a file of ours on which nothing was mounted is taken over at once', async () => {
  const waits: number[] = []
  for (let i = 0; i < 5; i++) {
    const name = uniqueName()
    leaveOurs(pathOf(name))
    const begin = performance.now()
    const ns = await NetNs.create(name)
    waits.push(performance.now() - begin)
    await works(ns)
    await ns.delete()
    expect(existsSync(pathOf(name))).toBe(false)
  }
  // Somebody else would be given two seconds.
  expect(Math.min(...waits)).toBeLessThan(1900)
})

test('one of a pod, whose namespace a batch creates, too', async () => {
  const name = uniqueName()
  leaveOurs(pathOf(name))
  using host = await NetNs.create()
  const batch = host.batch()
  const pod = batch.createNetNs(name, { ephemeral: true })
  await batch.commit()
  await works(pod.value)
  await pod.value.delete()
})

test('what was left when a name was deleted is taken over, by whomever it was made', async () => {
  const [ours, theirs] = [uniqueName(), uniqueName()]
  ;(await NetNs.create(ours)).close()
  execFileSync('ip', ['netns', 'add', theirs])
  for (const name of [ours, theirs]) {
    execFileSync('umount', [pathOf(name)])
    const ns = await NetNs.create(name)
    await works(ns)
    await ns.delete()
  }
})

test('somebody else is given two seconds to mount something on his file, and is waited for', async () => {
  const name = uniqueName()
  const begin = Date.now()
  leaveTheirs(pathOf(name))
  const ns = await NetNs.create(name)
  expect(Date.now() - begin).toBeGreaterThan(1900)
  await works(ns)
  await ns.delete()
})

test('a name stays with a program that has its file and is slow to make the namespace', async () => {
  const name = uniqueName()
  const script = `: > ${pathOf(name)}; echo; sleep 0.7; mount --bind /proc/self/ns/net ${pathOf(name)}; read _`
  const other = await program('unshare', '-n', 'sh', '-c', script)
  await expect(NetNs.create(name)).rejects.toMatchObject({ code: 'EEXIST', operation: 'NetNs.create', netns: name })
  const there = await NetNs.fromPid(other.child.pid!)
  expect(statSync(pathOf(name)).ino).toBe(there.identity.inode)
  there.close()
  await other.end()
  await NetNs.delete(name)
})

test('also if that takes it long because the kernel is busy, for then it is before us in the queue', async () => {
  const name = uniqueName()
  const script = `
    const { NetNs } = require(${JSON.stringify(require.resolve('../../dist/index.js'))})
    NetNs.create(process.argv[1]).then(() => console.log('made'), ({ code }) => console.log(code))`
  // Each unshare takes three seconds: one of the addon's thread, one that makes the namespace.
  const slow = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'inject=unshare:delay_exit=3000000']
  leaveTheirs(pathOf(name))
  const other = spawn('unshare', ['-n', 'sh', '-c', `sleep 4.5; mount --bind /proc/self/ns/net ${pathOf(name)}`])
  const mounted = once(other, 'close')
  const { stdout } = await promisify(execFile)(slow[0]!, [...slow.slice(1), process.execPath, '-e', script, name])
  expect(stdout).toBe('EEXIST\n')
  await mounted
  expect(readFileSync('/proc/self/mountinfo', 'utf8').split(`${pathOf(name)} `)).toHaveLength(2)
  await NetNs.delete(name)
})

test('a name of ours stays with the process that is making it, for as long as that lives', async () => {
  const name = uniqueName()
  leaveOurs(pathOf(name))
  const other = await program('flock', pathOf(name), 'sh', '-c', 'echo; read _')
  await expect(NetNs.create(name)).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(NetNs.delete(name)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await NetNs.deleteAll({ prefix: name })).toBe(0)
  expect(existsSync(pathOf(name))).toBe(true)
  await other.end()
  await (await NetNs.create(name)).delete()
})

test('of many processes that want the names of one that was killed, exactly one gets each', async () => {
  const names = Array.from({ length: 30 }, () => uniqueName())
  for (const name of names) leaveOurs(pathOf(name))
  const body = `
    const all = await Promise.allSettled(args.map((name) => NetNs.create(name)))
    const wrong = all.filter(({ status, reason }) => status === 'rejected' && reason.code !== 'EEXIST')
    for (const { reason } of wrong) console.error(reason)
    process.exit(wrong.length > 0 ? 255 : all.filter(({ status }) => status === 'fulfilled').length)`
  const won = await together(4, body, ...names)
  expect(won.reduce((sum, count) => sum + count, 0)).toBe(names.length)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4])
  for (const name of names) {
    expect(mounts.filter((place) => place === pathOf(name))).toHaveLength(1)
    const ns = await NetNs.open(name)
    await works(ns)
    await ns.delete()
  }
})

test('names that are made and deleted by several processes at once never fail in another way than being taken', async () => {
  const name = uniqueName()
  const body = `
    let made = 0
    const end = Date.now() + 20_000
    while (made < 30 && Date.now() < end) {
      try {
        const ns = await NetNs.create(args[0])
        made++
        await ns.delete()
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      }
    }
    process.exit(made === 30 ? 0 : 1)`
  expect(await together(3, body, name)).toEqual([0, 0, 0])
  expect(existsSync(pathOf(name))).toBe(false)
})

test('deleteAll removes them with the namespaces behind a prefix, and counts the namespaces', async () => {
  const prefix = `${ownPrefix}left-`
  const ns = await NetNs.create(`${prefix}namespace`)
  ns.close()
  leaveOurs(pathOf(`${prefix}file`))
  leaveOurs(pathOf(`${ownPrefix}other`))
  expect(await NetNs.deleteAll({ prefix })).toBe(1)
  expect(readdirSync('/run/netns').filter((name) => name.startsWith(ownPrefix))).toEqual([`${ownPrefix}other`])
  rmSync(pathOf(`${ownPrefix}other`))
})

describe('what is no leftover keeps its name', () => {
  test.each([
    [
      'a file with something in it',
      (path: string) => {
        writeFileSync(path, 'mine', { mode: 0o1000 })
      },
    ],
    [
      'a directory',
      (path: string) => {
        mkdirSync(path)
      },
    ],
    [
      'a symbolic link',
      (path: string) => {
        symlinkSync('nowhere', path)
      },
    ],
    ['a fifo', (path: string) => execFileSync('mkfifo', [path])],
  ])('%s', async (_what, make) => {
    const name = uniqueName()
    make(pathOf(name))
    const before = lstatSync(pathOf(name))
    await expect(NetNs.create(name)).rejects.toMatchObject({ code: 'EEXIST', syscall: 'open' })
    expect(await NetNs.deleteAll({ prefix: name })).toBe(0)
    expect(lstatSync(pathOf(name))).toMatchObject({ ino: before.ino, size: before.size })
    rmSync(pathOf(name), { recursive: true })
  })

  test('an empty file outside the directory of names, unless it is one of ours', async () => {
    const directory = mkdtempSync(join(tmpdir(), ownPrefix))
    const path = join(directory, 'red')
    writeFileSync(path, '')
    await expect(NetNs.create({ path })).rejects.toMatchObject({ code: 'EEXIST' })
    chmodSync(path, 0o1000)
    const ns = await NetNs.create({ path })
    await ns.delete()
    expect(readdirSync(directory)).toEqual([])
    rmSync(directory, { recursive: true })
  })
})
