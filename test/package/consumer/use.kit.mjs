// A dependent's test by Node's own runner: `node --test use.kit.mjs`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useNetNs } from 'netloom/testing'

const net = useNetNs()

test('a new namespace has lo', async () => {
  const links = await net.ns.links.list()
  assert.deepEqual(
    links.map((link) => link.name),
    ['lo'],
  )
})

test('side by side, each has its own', { concurrency: true }, async (context) => {
  assert.equal(net.of(context).ns.closed, false)
})
