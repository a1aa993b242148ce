// Calls on one name take effect in the order in which they were made; and what a name may be besides a pin of ours.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { NetNs } from '../../lib/index'
import { fresh, uniqueName } from '../support/namespaces'

const rounds = 30

test('what is created can be opened, and what is deleted is gone, without waiting in between', async () => {
  for (let i = 0; i < rounds; i++) {
    const name = uniqueName()
    const creating = NetNs.create(name)
    const opening = NetNs.open(name)
    const [created, opened] = await Promise.all([creating, opening])
    expect(opened.equals(created)).toBe(true)
    opened.close()
    const looking = [created.links.list(), created.addresses.list()]
    const deleting = created.delete()
    const existing = NetNs.exists(name)
    const again = NetNs.create(name)
    await Promise.all([...looking, deleting])
    expect(await existing).toBe(false)
    await (await again).delete()
  }
})

test('the name of an ephemeral namespace is free as soon as its handle is closed, whatever is under way', async () => {
  for (let i = 0; i < rounds; i++) {
    const name = uniqueName()
    const first = await NetNs.create(name, { ephemeral: true })
    const looking = [first.links.list(), first.links.list()]
    first.close()
    const second = await NetNs.create(name)
    await Promise.all(looking)
    expect(await NetNs.exists(name)).toBe(true)
    await second.delete()
  }
})

test('a symbolic link among the names is opened and deleted, its target is not', async () => {
  await using red = await fresh()
  const name = uniqueName()
  symlinkSync(red.path!, `/run/netns/${name}`)
  const opened = await NetNs.open(name)
  expect(opened.equals(red)).toBe(true)
  await opened.delete()
  expect(await Promise.all([NetNs.exists(name), NetNs.exists(red.name!)])).toEqual([false, true])
})

test('a namespace that was opened behind /proc is not pinned there', async () => {
  const own = await NetNs.fromPath(`/proc/${process.pid}/ns/net`)
  await expect(own.delete({ force: true })).rejects.toMatchObject({ code: 'ERR_NETLOOM_NOT_PINNED' })
  own.close()
})

test('a pinned namespace of another kind is not listed', async () => {
  const name = uniqueName()
  const path = `/run/netns/${name}`
  await using _red = await fresh() // so that the directory is there
  writeFileSync(path, '')
  execFileSync('unshare', [`--uts=${path}`, 'true'])
  try {
    expect((await NetNs.list()).map((one) => one.name)).not.toContain(name)
    expect(await NetNs.exists(name)).toBe(false)
  } finally {
    execFileSync('umount', [path])
    unlinkSync(path)
  }
})

test('whoever holds the lock of /run/netns holds up nobody', async () => {
  await using _red = await fresh()
  const command = ['-F', '/run/netns', 'sh', '-c', 'echo locked; exec sleep 3600']
  const holder = spawn('flock', command, { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await once(holder.stdout, 'data')
    await using _green = await NetNs.create(uniqueName(), { ephemeral: true })
    expect([holder.exitCode, holder.signalCode]).toEqual([null, null])
  } finally {
    const ended = once(holder, 'close')
    holder.kill()
    await ended
  }
})

test('run refuses a generator', async () => {
  await using red = await fresh()
  expect(() => {
    red.run(function* () {
      yield 1
    })
  }).toThrow(expect.objectContaining({ code: 'ERR_NETLOOM_ASYNC_RUN' }) as Error)
})
