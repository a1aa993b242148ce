// Messages longer than the 32 KiB that the kernel usually fills: devices with many names, or many source addresses.
import { useNetNs } from '../../lib/testing'
import { ipJson, ownPrefix } from '../support/namespaces'

const net = useNetNs({ prefix: ownPrefix })

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${String(i).padStart(3, '0')}-`.padEnd(127, 'x'))

const addresses = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    const [high, low] = [i >> 8, i & 0xff].map((byte) => byte.toString(16).padStart(2, '0'))
    return `02:00:00:00:${high}:${low}`
  })

describe('a device whose message is longer than 32 KiB', () => {
  it.each([239, 240, 248, 490])('with %p altnames is made, and told whole', async (count) => {
    const { ns } = net
    const altnames = names(count)
    const made = await ns.links.add({ kind: 'ifb', name: 'large', altnames })
    expect(made).toMatchObject({ name: 'large', altnames })
    await ns.links.add({ kind: 'ifb', name: 'small' })
    expect(await ns.links.get('large')).toEqual(made)
    expect(await ns.links.find({ altname: altnames.at(-1)! })).toEqual(made)
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo', 'large', 'small'])
    expect(await ns.links.list({ kind: 'ifb' })).toContainEqual(made)
    const [shown] = await ipJson<{ altnames: string[] }[]>(ns, 'link', 'show', 'dev', 'large')
    expect(shown!.altnames).toEqual(altnames)
  })

  it.each([3000, 5000])('with %p source addresses is made, changed and told whole', async (count) => {
    const { ns } = net
    const macaddrs = addresses(count)
    await ns.links.add({ kind: 'ifb', name: 'below' })
    const made = await ns.links.add({
      kind: 'macvlan',
      name: 'm',
      link: 'below',
      mode: 'source',
      macaddrMode: 'set',
      macaddrs,
    })
    const sorted = ({ macaddrs: found }: { macaddrs?: readonly string[] }): string[] => [...(found ?? [])].sort()
    expect(made).toMatchObject({ kind: 'macvlan', macaddrCount: count })
    expect(sorted(made as never)).toEqual(macaddrs)
    await ns.links.set('m', { mtu: 1400, name: 'n' })
    const [, , listed] = await ns.links.list()
    expect(listed).toMatchObject({ name: 'n', mtu: 1400, macaddrCount: count })
    expect(sorted(listed as never)).toEqual(macaddrs)
  })

  it('is made in a batch beside others, and what was before a change is brought back', async () => {
    const { ns } = net
    const batch = ns.batch({ rollback: true })
    const altnames = names(300)
    const entries = ['a', 'b'].map((name, i) =>
      batch.links.add({ kind: 'ifb', name, altnames: altnames.map((altname) => altname.replace(/x$/, String(i))) }),
    )
    const list = batch.links.list()
    await batch.commit()
    expect(entries.map(({ value }) => value.altnames?.length)).toEqual([300, 300])
    expect(list.value.map(({ name }) => name)).toEqual(['lo', 'a', 'b'])

    const failing = ns.batch({ rollback: true })
    failing.links.set('a', { mtu: 1300, alias: 'x' })
    failing.links.set('nowhere', { mtu: 1300 })
    await expect(failing.commit()).rejects.toMatchObject({ rolledBack: true, leftovers: [] })
    expect(await ns.links.get('a')).toEqual(entries[0]!.value)
  })

  it('does not get lost where the kernel refuses a part of it: nothing remains', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'taken', altnames: ['other'] })
    const adding = ns.links.add({ kind: 'ifb', name: 'large', altnames: [...names(260), 'other'] })
    await expect(adding).rejects.toMatchObject({ code: 'EEXIST', outcome: undefined, leftover: false })
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo', 'taken'])
  })
})

it('memory for large messages is given back', async () => {
  const { ns } = net
  await ns.links.add({ kind: 'ifb', name: 'large', altnames: names(490) })
  const read = async (times: number): Promise<number> => {
    for (let i = 0; i < times; i++) await ns.links.get('large')
    globalThis.gc?.()
    return process.memoryUsage.rss()
  }
  const before = await read(50)
  expect((await read(200)) - before).toBeLessThan(32 * 2 ** 20)
})
