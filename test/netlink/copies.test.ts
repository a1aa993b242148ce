// A process may hold several copies of the library, as each of jest's test files does: they share the addon.
import type * as Library from '../../lib/index'
import { uniqueName } from '../support/namespaces'

function copy(): typeof Library {
  let library: typeof Library | undefined
  jest.isolateModules(() => {
    library = jest.requireActual<typeof Library>('../../lib/index')
  })
  return library!
}

it('two copies of the library in one process both get their answers, whichever was loaded first', async () => {
  const [first, second] = [copy(), copy()]
  expect(first.NetNs).not.toBe(second.NetNs)
  for (const { NetNs } of [second, first, second]) {
    await using ns = await NetNs.create(uniqueName(), { ephemeral: true, timeout: 5000 })
    const links = await ns.links.list({}, { timeout: 5000 })
    expect(links.map(({ name }) => name)).toEqual(['lo'])
  }
})

it('calls of two copies at the same time each get their own', async () => {
  const [first, second] = [copy(), copy()]
  await using one = await first.NetNs.create(uniqueName(), { ephemeral: true, timeout: 5000 })
  await using other = await second.NetNs.create(uniqueName(), { ephemeral: true, timeout: 5000 })
  await other.links.add({ kind: 'ifb', name: 'ifb7' }, { timeout: 5000 })
  const found = await Promise.all(
    [one, other, other, one].map(async (ns) => (await ns.links.list({}, { timeout: 5000 })).length),
  )
  expect(found).toEqual([1, 2, 2, 1])
})
