// Two namespaces, joined by a cable, for each test.
const { once } = require('node:events')
const { useNetNs } = require('netloom/testing')

const net = useNetNs({ pair: true })

test('green answers red', async () => {
  const server = net.use(await net.green.listen({ host: '10.0.0.2', port: 80 }))
  server.on('connection', (socket) => socket.end('hello'))
  const socket = net.use(await net.red.connect({ host: '10.0.0.2', port: 80 }))
  const [data] = await once(socket, 'data')
  expect(String(data)).toBe('hello')
})

test('a link that is down carries nothing', async () => {
  // Nothing of the test before is there any more: the address and the port are free.
  net.use(await net.green.listen({ host: '10.0.0.2', port: 80 }))
  await net.green.links.set('eth0', { up: false })
  const connecting = net.red.connect({ host: '10.0.0.2', port: 80, timeout: 100 })
  await expect(connecting).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})
