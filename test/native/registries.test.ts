// A module registry of jest's is a copy of the library on the same addon; each test file has its own.
import type * as library from '../../lib/index'

async function copy(): Promise<typeof library> {
  let loaded: typeof library | undefined
  await jest.isolateModulesAsync(async () => {
    loaded = await Promise.resolve(jest.requireActual<typeof library>('../../lib/index'))
  })
  return loaded!
}

test('every copy of the library in a process gets the results of its own calls', async () => {
  const [first, second] = [await copy(), await copy()]
  expect(first.NetNs).not.toBe(second.NetNs)
  const opened = await Promise.all([first, second, first].map(({ NetNs }) => NetNs.create()))
  for (const netns of opened) {
    expect(await netns.links.list()).toMatchObject([{ name: 'lo' }])
    netns.close()
  }
})
