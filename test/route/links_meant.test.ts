// A device that a call names once stays the one that is meant, whatever becomes of the name.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { useNetNs } from '../../lib/testing'
import { fresh, ip, ipJson, ownPrefix } from '../support/namespaces'

const net = useNetNs({ prefix: ownPrefix })
const long = 'a-name-of-more-than-fifteen-bytes'

const altnamesOf = async (): Promise<readonly string[]> => {
  const { ns } = net
  const { altnames = [] } = await ns.links.get('d')
  return altnames
}

describe('a device that is named by one of the names that a call takes away', () => {
  beforeEach(async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'd', altnames: ['x', 'y', long, 'z'] })
  })

  it.each([
    ['a short one as { altname }', { altname: 'x' }, ['x', 'y']],
    ['a short one', 'x', ['x', 'y']],
    ['a long one', { altname: long }, [long, 'y', 'x']],
    ['a long one, last', { altname: long }, ['y', long]],
  ])('%s: all of them go', async (_what, dev, altnames) => {
    const { ns } = net
    await ns.links.deleteAltnames(dev, altnames)
    expect(await altnamesOf()).toEqual(['x', 'y', long, 'z'].filter((name) => !altnames.includes(name)))
  })

  it.each([[{ altname: 'x' }], ['x'], [{ altname: long }]])(
    '%p: all come back if one of them is refused',
    async (dev) => {
      const { ns } = net
      const deleting = ns.links.deleteAltnames(dev, ['x', long, 'nowhere'])
      await expect(deleting).rejects.toMatchObject({ code: 'ENOENT', leftover: false })
      expect([...(await altnamesOf())].sort()).toEqual([long, 'x', 'y', 'z'])
    },
  )

  it('comes back with them when a batch is rolled back', async () => {
    const { ns } = net
    const batch = ns.batch({ rollback: true })
    batch.links.deleteAltnames({ altname: 'x' }, ['x'])
    batch.links.deleteAltnames({ altname: long }, [long, 'y'])
    batch.links.delete('nowhere')
    await expect(batch.commit()).rejects.toMatchObject({ rolledBack: true, leftovers: [] })
    expect([...(await altnamesOf())].sort()).toEqual([long, 'x', 'y', 'z'])
  })

  it.each([[{ altname: 'x' }], ['x'], [{ altname: long }]])('%p takes further ones', async (dev) => {
    const { ns } = net
    await ns.links.addAltnames(dev, ['more', `${long}-2`])
    expect(await altnamesOf()).toEqual(['x', 'y', long, 'z', 'more', `${long}-2`])
  })

  it('is not there: ENODEV names it', async () => {
    const { ns } = net
    for (const altname of ['nowhere', `${long}-nowhere`]) {
      const deleting = ns.links.deleteAltnames({ altname }, ['x'])
      await expect(deleting).rejects.toMatchObject({ code: 'ENODEV', operation: 'links.deleteAltnames' })
      await expect(deleting).rejects.toThrow(altname)
    }
    expect(await altnamesOf()).toHaveLength(4)
  })
})

describe('links.set in several messages', () => {
  it('renames, and goes on with the device that it has renamed', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br' })
    await ns.links.add({ kind: 'ifb', name: 'd', altnames: ['alias', long] })
    await ns.links.set('alias', { name: 'e', master: 'br', port: { cost: 7 }, addrGenMode: 'none', up: true })
    expect(await ns.links.get('e')).toMatchObject({ up: true, addrGenMode: 'none', port: { cost: 7 } })
    await ns.links.set({ altname: long }, { port: { cost: 8 }, addrGenMode: 'eui64', up: false })
    expect(await ns.links.get('e')).toMatchObject({ up: false, addrGenMode: 'eui64', port: { cost: 8 } })
  })

  it('means the same device in all of them while another program renames devices', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'one' })
    await ns.links.add({ kind: 'ifb', name: 'two' })
    // The two change their names again and again, so that each message may meet another one.
    const swaps = ['one other', 'two one', 'other two'].map((pair) => pair.split(' '))
    const renames = Array.from({ length: 400 }, () => swaps).flat()
    const directory = await mkdtemp(join(tmpdir(), 'netloom-'))
    const file = join(directory, 'batch')
    await writeFile(file, renames.map(([from, to]) => `link set ${from} name ${to}\n`).join(''))
    const over = new AbortController()
    const renaming = ip(ns, '-batch', file).finally(() => {
      over.abort()
    })
    let done = 0
    for (let group = 1; !over.signal.aborted; group++) {
      const promisc = group % 2 === 0
      // The flag goes in a message behind that of the group.
      const set = await ns.links.set('one', { group, addrGenMode: 'none', promisc }).then(
        () => true,
        () => false, // for a moment there is no such device
      )
      if (!set) continue
      done++
      expect(await ns.links.list({ group })).toMatchObject([{ promisc }])
    }
    await renaming
    await rm(directory, { recursive: true })
    expect(done).toBeGreaterThan(0)
  })
})

describe('links.set to another namespace', () => {
  it.each([
    ['by its name', 'd', {}],
    ['by its name, with a new one', 'd', { name: 'e', mtu: 1400, up: true }],
    ['by its index', 7, {}],
    ['by its index, with a new name', 7, { name: 'e' }],
  ] as const)('%s gives the link as it is there, though its index is taken', async (_what, dev, more) => {
    const { ns } = net
    await using other = await fresh()
    await other.links.add({ kind: 'ifb', name: 'taken', index: 7 })
    await ns.links.add({ kind: 'ifb', name: 'd', index: 7 })
    const moved = await ns.links.set(dev, { netns: other, ...more })
    const name = 'name' in more ? more.name : 'd'
    const [shown] = await ipJson<{ ifindex: number }[]>(other, 'link', 'show', 'dev', name)
    expect(moved).toMatchObject({ name, index: shown!.ifindex, ...more })
    expect(moved.index).not.toBe(7)
    expect(moved).toEqual(await other.links.get(name))
    await other.delete()
  })

  it('tells it in a batch, too; without a move there is nothing to tell', async () => {
    const { ns } = net
    await using other = await fresh()
    await ns.links.add({ kind: 'ifb', name: 'd' })
    const batch = ns.batch({ rollback: true })
    const changed = batch.links.set('d', { mtu: 1400 })
    const moved = batch.links.set('d', { netns: other, name: 'e' })
    await batch.commit()
    expect(changed.value).toBeUndefined()
    expect(moved.value).toEqual(await other.links.get('e'))
    await other.delete()
  })
})
