// Creating namespaces: every way, and nothing left behind by the ways that fail.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlreadyExists, NetNs } from '../../lib/index'
import { ip, ipJson, ownPrefix, uniqueName } from '../support/namespaces'

function ours(): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(ownPrefix))
}

test('a named namespace is seen by ip, and has nothing but a loopback device that is down', async () => {
  const name = uniqueName()
  const red = await NetNs.create(name)
  expect(red).toMatchObject({ name, path: `/run/netns/${name}`, ephemeral: false, closed: false })
  expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).toContain(`${name}\n`)
  expect(await ipJson(red, 'link')).toMatchObject([{ ifname: 'lo', operstate: 'DOWN' }])
  expect(statSync(`/run/netns/${name}`).ino).toBe(red.identity.inode)
  await red.delete()
  expect(existsSync(`/run/netns/${name}`)).toBe(false)
})

test('what ip changes in a namespace is what its handle shows', async () => {
  await using red = await NetNs.create(uniqueName(), { ephemeral: true })
  await ip(red, 'link', 'set', 'lo', 'up')
  expect(await red.links.get('lo')).toMatchObject({ up: true })
})

test('a named namespace stays when its handle is closed', async () => {
  const name = uniqueName()
  const red = await NetNs.create(name)
  red.close()
  const again = await NetNs.open(name)
  expect(again.equals(red)).toBe(true)
  await again.delete()
})

test('an anonymous namespace has no name, no path and no file', async () => {
  const before = ours()
  const red = await NetNs.create()
  expect(red).toMatchObject({ name: undefined, path: undefined, ephemeral: true })
  expect(ours()).toEqual(before)
  const home = await NetNs.current()
  expect(red.equals(home)).toBe(false)
  home.close()
  await red.delete()
  expect(red.closed).toBe(true)
})

test('an ephemeral namespace loses its name when its handle is closed', async () => {
  const name = uniqueName()
  const red = await NetNs.create(name, { ephemeral: true })
  expect(await NetNs.exists(name)).toBe(true)
  red.close()
  expect(await NetNs.exists(name)).toBe(false)
})

describe('at a path', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), ownPrefix))
  })
  afterEach(() => {
    rmSync(directory, { recursive: true })
  })

  test('a namespace is pinned at any path', async () => {
    const path = join(directory, 'red')
    const red = await NetNs.create({ path })
    expect(red).toMatchObject({ name: undefined, path, ephemeral: false })
    const again = await NetNs.fromPath(path)
    expect(again.equals(red)).toBe(true)
    again.close()
    await red.delete()
    expect(existsSync(path)).toBe(false)
  })

  test('a file that is there is left as it is', async () => {
    const path = join(directory, 'file')
    writeFileSync(path, 'mine')
    await expect(NetNs.create({ path })).rejects.toMatchObject({ code: 'EEXIST', netns: path })
    expect(statSync(path)).toMatchObject({ size: 4 })
  })

  test('a directory that is missing is not made', async () => {
    const path = join(directory, 'none', 'red')
    await expect(NetNs.create({ path })).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open', netns: path })
    expect(readdirSync(directory)).toEqual([])
  })

  test('a directory in place of a file is refused', async () => {
    await expect(NetNs.create({ path: directory })).rejects.toMatchObject({ code: 'EEXIST' })
  })
})

test('of many that want one name at once exactly one gets it, and the name works', async () => {
  const name = uniqueName()
  const all = await Promise.allSettled(Array.from({ length: 20 }, () => NetNs.create(name)))
  const won = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const lost = all.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  expect(won).toHaveLength(1)
  expect(lost.filter(isAlreadyExists)).toHaveLength(19)
  expect(await ipJson(won[0]!, 'link')).toMatchObject([{ ifname: 'lo' }])
  expect(statSync(`/run/netns/${name}`).ino).toBe(won[0]!.identity.inode)
  await won[0]!.delete()
})

test('of many, made by ip and by us, exactly one gets a name', async () => {
  const name = uniqueName()
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const byIp = Array.from({ length: 8 }, () => promisify(execFile)('ip', ['netns', 'add', name]))
  const byUs = Array.from({ length: 8 }, () => NetNs.create(name))
  const all = await Promise.allSettled([...byIp, ...byUs])
  for (const one of all) if (one.status === 'fulfilled' && one.value instanceof NetNs) one.value.close()
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const red = await NetNs.open(name)
  expect(await ipJson(red, 'link')).toMatchObject([{ ifname: 'lo' }])
  await red.delete()
})

test('a name that is taken stays with the namespace that has it', async () => {
  await using red = await NetNs.create(uniqueName(), { ephemeral: true })
  await expect(NetNs.create(red.name)).rejects.toMatchObject({
    name: 'NetloomError',
    code: 'EEXIST',
    errno: -17,
    syscall: 'open',
    operation: 'NetNs.create',
    netns: red.name,
  })
  expect(statSync(red.path!).ino).toBe(red.identity.inode)
  expect(await ipJson(red, 'link')).toHaveLength(1)
})

test('names may be as long as files’ names, and hold what files’ names hold', async () => {
  for (const name of [uniqueName('äöü €'), uniqueName('%20\n'), ownPrefix.padEnd(255, 'x')]) {
    const red = await NetNs.create(name)
    expect(await NetNs.list()).toContainEqual({ name, path: `/run/netns/${name}`, ...red.identity })
    await red.delete()
  }
})
