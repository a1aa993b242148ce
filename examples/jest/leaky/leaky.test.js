// Tests that leave something behind, each something else: they fail, and the failure names it.
const { spawn } = require('node:child_process')
const { openSync } = require('node:fs')
const { NetNs } = require('netloom')
const { useNetNs } = require('netloom/testing')

const net = useNetNs()

test('leaves a namespace', async () => {
  const ns = await NetNs.create({ prefix: 'leaky-' })
  ns.close()
})

test('leaves a handle open', async () => {
  await NetNs.create()
})

test('leaves a server', async () => {
  await net.ns.links.set('lo', { up: true })
  await net.ns.listen({ host: '127.0.0.1', port: 80 })
})

test('leaves a file open', () => {
  openSync('/dev/null')
})

test('leaves a process', () => {
  net.ns.run(() => spawn('sleep', ['60'], { stdio: 'ignore' })).unref()
})

test('leaves a device in the namespace that it runs in', async () => {
  const host = net.use(await NetNs.current())
  await host.links.add({ kind: 'bridge', name: 'leaky0' })
})

test('fails, and leaves nothing: its namespace goes all the same', async () => {
  net.use(await net.ns.listen())
  throw new Error('as any test may')
})
