// Many calls at once, and the order in which they take effect.
import { fresh } from '../support/namespaces'
import { shown, shownNames } from './kinds/support'

describe('calls that are made at once', () => {
  it('fifty adds all make their links, and each gives its own', async () => {
    await using ns = await fresh()
    const names = Array.from({ length: 50 }, (_, i) => `x${i}`)
    const links = await Promise.all(names.map((name) => ns.links.add({ kind: 'ifb', name, mtu: 1300 })))
    expect(links.map(({ name }) => name)).toEqual(names)
    expect(new Set(links.map(({ index }) => index)).size).toBe(50)
    expect(await shownNames(ns)).toEqual(names)
  })

  it('fifty veths to as many namespaces all reach theirs', async () => {
    await using ns = await fresh()
    const far = await Promise.all(Array.from({ length: 50 }, () => fresh()))
    try {
      await Promise.all(
        far.map((netns, i) =>
          ns.links.add({
            kind: 'veth',
            name: `v${i}`,
            up: true,
            peer: { netns, name: 'eth0', alias: `end ${i}`, up: true },
          }),
        ),
      )
      for (const [i, netns] of far.entries()) {
        expect(await netns.links.get('eth0')).toMatchObject({ index: 2, alias: `end ${i}`, up: true })
      }
    } finally {
      await Promise.all(far.map((netns) => netns.delete()))
      for (const netns of far) netns.close()
    }
  })

  it('fifty adds of one name make one link, and forty-nine fail with EEXIST', async () => {
    await using ns = await fresh()
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => ns.links.add({ kind: 'ifb', name: 'x', alias: `number ${i}`, up: true })),
    )
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of settled) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'EEXIST' })
    }
    expect((await shown(ns, 'x')).ifalias).toBe('number 0')
  })

  it('take effect in the order in which they were made, awaited or not', async () => {
    await using ns = await fresh()
    const calls = [
      ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'p' } }),
      ns.links.get('x'),
      ns.links.set('x', { name: 'y', mtu: 1300 }),
      ns.links.get('y'),
      ns.links.list({ kind: 'veth' }),
      ns.links.delete('y'),
      ns.links.find('p'),
      ns.links.list({ kind: 'veth' }),
    ] as const
    const [added, got, , renamed, both, , gone, none] = await Promise.all(calls)
    expect(got).toEqual(added)
    expect(renamed).toMatchObject({ index: added.index, mtu: 1300 })
    expect(both.map(({ name }) => name).sort()).toEqual(['p', 'y'])
    expect(gone).toBeUndefined()
    expect(none).toEqual([])
  })

  it('see the last of many changes', async () => {
    await using ns = await fresh()
    await ns.links.add({ kind: 'ifb', name: 'x' })
    const sets = Array.from({ length: 100 }, (_, i) => ns.links.set('x', { mtu: 1000 + i }))
    expect((await ns.links.get('x')).mtu).toBe(1099)
    await Promise.all(sets)
  })

  it('go on after one of them failed', async () => {
    await using ns = await fresh()
    const [failed, added, got] = await Promise.allSettled([
      ns.links.add({ kind: 'ifb', name: 'x', master: 'nowhere' }),
      ns.links.add({ kind: 'ifb', name: 'x' }),
      ns.links.get('x'),
    ])
    expect([failed.status, added.status, got.status]).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  })
})
