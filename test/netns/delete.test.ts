// Deleting and closing.
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { NetNs, type Link } from '../../lib/index'
import { fresh, ip, uniqueName } from '../support/namespaces'

test('delete unpins the namespace and closes the handle', async () => {
  const red = await NetNs.create(uniqueName())
  await red.delete()
  expect(red.closed).toBe(true)
  expect(existsSync(red.path!)).toBe(false)
})

test('a namespace is deleted by its name, while handles to it go on working', async () => {
  const red = await NetNs.create(uniqueName())
  await NetNs.delete(red.name!)
  expect(existsSync(red.path!)).toBe(false)
  expect(await red.links.list()).toMatchObject([{ name: 'lo' }])
  red.close()
})

test('deleting by a name that nobody has gives ENOENT, or with force nothing', async () => {
  const name = uniqueName()
  await expect(NetNs.delete(name)).rejects.toMatchObject({ code: 'ENOENT', operation: 'NetNs.delete' })
  await expect(NetNs.delete(name, { force: true })).resolves.toBeUndefined()
})

test('deleting what somebody else deleted gives ENOENT and leaves the handle open; with force it closes it', async () => {
  const red = await NetNs.create(uniqueName())
  execFileSync('ip', ['netns', 'delete', red.name!])
  await expect(red.delete()).rejects.toMatchObject({ code: 'ENOENT', netns: red.name })
  expect(red.closed).toBe(false)
  await red.delete({ force: true })
  expect(red.closed).toBe(true)
  await expect(red.delete({ force: true })).resolves.toBeUndefined()
  await expect(red.delete()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})

test.each([{ force: false }, { force: true }])(
  'a name that another namespace has taken is not deleted (ESTALE), force: $force',
  async ({ force }) => {
    const red = await NetNs.create(uniqueName())
    execFileSync('ip', ['netns', 'delete', red.name!])
    execFileSync('ip', ['netns', 'add', red.name!])
    const { ino } = statSync(red.path!)
    await expect(red.delete({ force })).rejects.toMatchObject({ code: 'ESTALE', netns: red.name })
    expect(red.closed).toBe(false)
    expect(statSync(red.path!).ino).toBe(ino)
    red.close()
    await NetNs.delete(red.name!)
  },
)

test('a handle without a name or path cannot delete, and says what to do', async () => {
  const home = await NetNs.current()
  await expect(home.delete()).rejects.toMatchObject({ code: 'ERR_NETLOOM_NOT_PINNED' })
  expect(home.closed).toBe(false)
  home.close()
})

test('deletion waits for the changes of the namespace that were asked for before', async () => {
  const red = await NetNs.create(uniqueName())
  const order: string[] = []
  const adding = Array.from({ length: 10 }, (_, i) => red.links.add({ kind: 'bridge', name: `br${i}` }))
  const noting = [
    ...adding.map((add) => add.then(() => order.push('add'))),
    red.delete().then(() => order.push('delete')),
  ]
  await Promise.all(noting)
  expect(order).toEqual([...adding.map(() => 'add'), 'delete'])
})

test('close may be called again, and refuses what is called later', async () => {
  const red = await NetNs.create()
  red.close()
  red.close()
  const closed = { code: 'ERR_NETLOOM_CLOSED', name: 'NetloomError', netns: expect.stringContaining('net:[') as string }
  await expect(red.links.list()).rejects.toMatchObject({ ...closed, operation: 'links.list' })
  await expect(red.listen()).rejects.toMatchObject({ ...closed, operation: 'NetNs.listen' })
  expect(() => {
    red.run(() => undefined)
  }).toThrow(expect.objectContaining({ ...closed, operation: 'NetNs.run' }) as Error)
})

test('calls that were made before close finish', async () => {
  const red = await NetNs.create()
  const calls: Promise<Link>[] = []
  for (let i = 0; i < 20; i++) calls.push(red.links.add({ kind: 'bridge', name: `br${i}` }))
  const listing = red.links.list()
  red.close()
  expect((await Promise.all(calls)).map((link) => link.name)).toEqual(calls.map((_, i) => `br${i}`))
  expect(await listing).toHaveLength(21)
})

test('a closed handle cannot be the far end of a link, and nothing is made', async () => {
  await using red = await fresh()
  const green = await NetNs.create()
  green.close()
  const adding = red.links.add({ kind: 'veth', name: 'eth0', peer: { netns: green, name: 'eth1' } })
  await expect(adding).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  expect(await ip(red, 'link')).not.toContain('eth0')
})

test('using closes; await using deletes what is ephemeral and closes what is not', async () => {
  const [kept, gone] = [uniqueName(), uniqueName()]
  let anonymous: NetNs
  {
    using closed = await NetNs.create()
    anonymous = closed
    await using _kept = await NetNs.create(kept)
    await using _gone = await NetNs.create(gone, { ephemeral: true })
  }
  expect(anonymous.closed).toBe(true)
  expect(await Promise.all([NetNs.exists(kept), NetNs.exists(gone)])).toEqual([true, false])
  await NetNs.delete(kept)
})

test('disposing of an ephemeral namespace whose name another one has leaves that one alone', async () => {
  const name = uniqueName()
  {
    await using _red = await NetNs.create(name, { ephemeral: true })
    execFileSync('ip', ['netns', 'delete', name])
    execFileSync('ip', ['netns', 'add', name])
  }
  expect(await NetNs.exists(name)).toBe(true)
  await NetNs.delete(name)
})

test('closing an ephemeral handle whose name another namespace has leaves that one alone', async () => {
  const name = uniqueName()
  const red = await NetNs.create(name, { ephemeral: true })
  execFileSync('ip', ['netns', 'delete', name])
  execFileSync('ip', ['netns', 'add', name])
  red.close()
  expect(await NetNs.exists(name)).toBe(true)
  await NetNs.delete(name, { force: true })
})

test('handles are equal if their namespaces are one', async () => {
  await using red = await fresh()
  await using green = await fresh()
  using again = await NetNs.open(red.name!)
  expect([red.equals(again), again.equals(red), red.equals(green)]).toEqual([true, true, false])
  expect(again.identity).toEqual(red.identity)
})
