// Three namespaces at a bridge, each prepared before each test.
const { useNetNs } = require('netloom/testing')

describe('at a bridge', () => {
  const net = useNetNs({
    names: ['client', 'router', 'server'],
    join: 'bridge',
    prepare: ({ client }) => client.routes.add({ dst: '10.9.0.0/16', via: '10.0.0.2' }),
  })

  test('the client goes by the router', async () => {
    expect(await net.client.routes.lookup('10.9.1.1')).toMatchObject({ via: '10.0.0.2' })
  })

  test('each has a port of its name', async () => {
    const ports = await net.switch.links.list({ master: 'br0' })
    expect(ports.map(({ name }) => name).sort()).toEqual(['client', 'router', 'server'])
  })
})
