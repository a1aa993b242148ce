// vitest. With `globals: true` its hooks are found; else they are handed over, as here.
import { once } from 'node:events'
import { useNetNs } from 'netloom/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const hooks = { beforeEach, afterEach }

describe('a pair', () => {
  const net = useNetNs({ pair: true, hooks })

  test('talks', async () => {
    const server = net.use(await net.green.listen({ host: '10.0.0.2', port: 80 }))
    server.on('connection', (socket) => socket.end('hello'))
    const socket = net.use(await net.red.connect({ host: '10.0.0.2', port: 80 }))
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(String(data)).toBe('hello')
  })
})

// Tests that run at the same time: each has its own, by the context that it is called with.
describe('side by side', () => {
  const net = useNetNs({ hooks })

  for (const name of ['br0', 'br1', 'br2']) {
    test.concurrent(`there is only ${name}`, async (context) => {
      const { ns } = net.of(context)
      await ns.links.add({ kind: 'bridge', name })
      const links = await ns.links.list()
      context.expect(links.map((link) => link.name)).toEqual(['lo', name])
    })
  }
})
