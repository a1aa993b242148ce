// A dependent's jest test. There is no configuration of jest beside it, and there must be none.
const { NetNs } = require('netloom')

test('a new namespace has lo', async () => {
  const ns = await NetNs.create()
  const links = await ns.links.list()
  await ns[Symbol.asyncDispose]()
  expect(links.map((link) => link.name)).toContain('lo')
})
