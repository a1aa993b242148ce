// node:test, whose hooks are handed over: so this file also works without `node --test`.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { useNetNs } from 'netloom/testing'

describe('a pair', () => {
  const net = useNetNs({ pair: true, hooks: { beforeEach, afterEach } })

  it('talks', async () => {
    const server = net.use(await net.green.listen({ host: '10.0.0.2', port: 80 }))
    server.on('connection', (socket) => socket.end('hello'))
    const socket = net.use(await net.red.connect({ host: '10.0.0.2', port: 80 }))
    const [data] = await once(socket, 'data')
    assert.equal(String(data), 'hello')
  })
})

// Tests that run at the same time: each has its own, by the context that it is called with.
describe('side by side', { concurrency: true }, () => {
  const net = useNetNs()

  for (const name of ['br0', 'br1', 'br2']) {
    it(`there is only ${name}`, async (context) => {
      const { ns } = net.of(context)
      await ns.links.add({ kind: 'bridge', name })
      const links = await ns.links.list()
      assert.deepEqual(
        links.map((link) => link.name),
        ['lo', name],
      )
    })
  }
})
