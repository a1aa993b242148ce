// A dependent's jest test. There is no configuration of jest beside it, and there must be none.
const { NetNs } = require('netloom')
const { useNetNs } = require('netloom/testing')

test('a new namespace has lo', async () => {
  const ns = await NetNs.create()
  const links = await ns.links.list()
  await ns[Symbol.asyncDispose]()
  expect(links.map((link) => link.name)).toContain('lo')
})

describe('with the test kit', () => {
  const net = useNetNs({ pair: true })

  test('red reaches green, and what is left is cleaned up', async () => {
    net.use(await net.green.listen({ host: '10.0.0.2', port: 80 }))
    const socket = net.use(await net.red.connect({ host: '10.0.0.2', port: 80 }))
    expect(socket.remoteAddress).toBe('10.0.0.2')
  })
})
