// Pins in a directory where somebody else may write: what he swaps meanwhile is never mounted over, nor removed.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../../lib/index'
import { ownPrefix, uniqueName } from '../support/namespaces'

const nobody = 65534

let root: string
/** Root's own. */
let victim: string
/** The other one's. */
let theirs: string
let path: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), ownPrefix))
  chmodSync(root, 0o755)
  mkdirSync(join(root, 'etc'))
  victim = join(root, 'etc', 'red')
  writeFileSync(victim, 'secret')
  theirs = join(root, 'home')
  mkdirSync(theirs)
  chownSync(theirs, nobody, nobody)
  path = join(theirs, 'red')
})

afterEach(() => {
  expect(mountsBelow(root)).toEqual([])
  expect(readFileSync(victim, 'utf8')).toBe('secret')
  rmSync(root, { recursive: true })
})

function mountsBelow(directory: string): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return lines.map((line) => line.split(' ')[4] ?? '').filter((place) => place.startsWith(`${directory}/`))
}

/** Creates in a process of its own, which takes half a second between the file and the mount; swaps files then. */
async function createdSlowly(swap: () => void): Promise<string> {
  const script = `
    const { NetNs } = require(${JSON.stringify(require.resolve('../../dist/index.js'))})
    NetNs.create({ path: process.argv[1] }).then(
      (ns) => ns.delete().then(() => console.log('made'), ({ code }) => console.log('made, not deleted: ' + code)),
      ({ code }) => console.log(code))`
  const slow = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=unshare', '-e', 'inject=unshare:delay_exit=500000']
  const child = spawn('strace', [...slow, process.execPath, '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text) => (said += String(text)))
  const closed = once(child, 'close')
  while (!existsSync(path)) await sleep(1)
  swap()
  await closed
  return said.trim()
}

test('one that nobody disturbs is made and deleted', async () => {
  expect(await createdSlowly(() => undefined)).toBe('made')
  expect(readdirSync(theirs)).toEqual([])
})

test('a fresh file that becomes a symbolic link: nothing is mounted on what that names', async () => {
  const swap = (): void => {
    unlinkSync(path)
    symlinkSync(victim, path)
  }
  expect(await createdSlowly(swap)).toMatch(/^(EEXIST|ENOENT)$/)
  expect(lstatSync(path).isSymbolicLink()).toBe(true)
})

test('one that is renamed, with a link in its place: what was mounted on it is not', async () => {
  const swap = (): void => {
    renameSync(path, join(theirs, 'moved'))
    symlinkSync(victim, path)
  }
  expect(await createdSlowly(swap)).toBe('EEXIST')
  expect(readdirSync(theirs).sort()).toEqual(['moved', 'red'])
})

test('a directory that becomes a symbolic link leads neither the mount nor the removal elsewhere', async () => {
  const swap = (): void => {
    renameSync(theirs, join(root, 'moved'))
    symlinkSync(join(root, 'etc'), theirs)
  }
  expect(await createdSlowly(swap)).toBe('EEXIST')
  expect(readdirSync(join(root, 'moved'))).toEqual([])
})

test('a pin whose directory becomes a link to one with a file of that name: the file stays, the pin is told gone', async () => {
  const ns = await NetNs.create({ path })
  renameSync(theirs, join(root, 'moved'))
  symlinkSync(join(root, 'etc'), theirs)
  await expect(ns.delete()).rejects.toMatchObject({ code: 'ENOENT', operation: 'NetNs.delete' })
  unlinkSync(theirs)
  renameSync(join(root, 'moved'), theirs)
  await ns.delete()
  expect(readdirSync(theirs)).toEqual([])
})

test('the namespace of another one is not unpinned through a link', async () => {
  const other = await NetNs.create({ path: join(root, 'blue') })
  const ns = await NetNs.create({ path })
  execFileSync('umount', [path])
  unlinkSync(path)
  symlinkSync(other.path!, path)
  await expect(ns.delete()).rejects.toMatchObject({ code: 'ESTALE' })
  expect(statSync(other.path!).ino).toBe(other.identity.inode)
  ns.close()
  await other.delete()
})

test('a file with something in it that a namespace was mounted over is not removed with the mount', async () => {
  const [place, kept] = [join(root, 'mine'), await NetNs.create()]
  writeFileSync(place, 'mine')
  execFileSync('mount', ['--bind', `/proc/${process.pid}/ns/net`, place])
  const over = await NetNs.fromPath(place)
  await over.delete()
  expect(readFileSync(place, 'utf8')).toBe('mine')
  kept.close()
})

test('a marked file of somebody else is not taken over', async () => {
  writeFileSync(path, '')
  chmodSync(path, 0o1000)
  chownSync(path, nobody, nobody)
  await expect(NetNs.create({ path })).rejects.toMatchObject({ code: 'EEXIST' })
  expect(lstatSync(path).uid).toBe(nobody)
})

test('while somebody swaps names without end, all that is made is deleted, and nothing else touched', async () => {
  const attack = `
    const fs = require('node:fs')
    const [path, victim] = process.argv.slice(1)
    const tries = [
      () => fs.renameSync(path, path + '.moved'),
      () => fs.symlinkSync(victim, path),
      () => fs.unlinkSync(path),
      () => fs.unlinkSync(path + '.moved'),
      () => fs.writeFileSync(path, ''),
      () => fs.linkSync(path, path + '.moved'),
    ]
    process.stdin.once('end', () => process.exit()).resume()
    const swap = () => {
      for (let i = 0; i < 200; i++) try { tries[Math.floor(Math.random() * tries.length)]() } catch {}
      setImmediate(swap)
    }
    console.log('ready')
    swap()`
  const child = spawn(process.execPath, ['-e', attack, path, victim], {
    stdio: ['pipe', 'pipe', 'inherit'],
    uid: nobody,
    gid: nobody,
  })
  const closed = once(child, 'close')
  await once(child.stdout, 'data')
  const ends: Record<string, number> = {}
  for (const end = performance.now() + 3000; performance.now() < end;) {
    const made = await NetNs.create({ path, ephemeral: true }).catch((error: unknown) => error as { code: string })
    if (made instanceof NetNs) await made.delete({ force: true }).catch(() => made)
    const outcome = made instanceof NetNs ? 'made' : made.code
    if (made instanceof NetNs) made.close()
    ends[outcome] = (ends[outcome] ?? 0) + 1
    expect(['made', 'EEXIST', 'ENOENT']).toContain(outcome)
    expect(mountsBelow(join(root, 'etc'))).toEqual([])
  }
  child.stdin.end()
  await closed
  expect(Object.values(ends).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(20)
})

test('a namespace lives until its name is gone: another one of the same inode is not taken for it', async () => {
  const name = uniqueName()
  const busy = await NetNs.create()
  const ns = await NetNs.create(name, { ephemeral: true })
  const { inode } = ns.identity
  const batch = busy.batch()
  // No bridges: to dismantle two thousand the kernel keeps the rtnl lock for half a minute.
  for (let i = 0; i < 4000; i++) batch.links.add({ kind: 'ifb', name: `d${i}` })
  const working = batch.commit()
  ns.close() // its name goes when the batch is through
  execFileSync('ip', ['netns', 'delete', name])
  execFileSync('sleep', ['0.2'])
  execFileSync('ip', ['netns', 'add', name])
  expect(statSync(`/run/netns/${name}`).ino).not.toBe(inode)
  await working
  await (await NetNs.create()).delete()
  expect(await NetNs.exists(name)).toBe(true)
  await NetNs.delete(name)
  busy.close()
})
