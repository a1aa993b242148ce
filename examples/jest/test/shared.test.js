// One namespace for all tests of a file, and a leak check around something else.
const { NetNs } = require('netloom')
const { checkLeaks, holdings, useNetNs } = require('netloom/testing')

describe('with a namespace for all of them', () => {
  const net = useNetNs({ hooks: { beforeEach: beforeAll, afterEach: afterAll } })

  test('one test makes a bridge', async () => {
    await net.ns.links.add({ kind: 'bridge', name: 'br0' })
  })

  test('the next one finds it', async () => {
    expect(await net.ns.links.find('br0')).toBeDefined()
  })
})

test('a program leaves nothing behind', async () => {
  const before = holdings()
  await program()
  await checkLeaks(before)
})

async function program() {
  const ns = await NetNs.create()
  await ns.links.set('lo', { up: true })
  ns.close()
}
