// node:test. Run by `node --test`, its hooks are found.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useNetNs } from 'netloom/testing'

const net = useNetNs()

test('a namespace of its own', async () => {
  await net.ns.links.add({ kind: 'bridge', name: 'br0' })
  assert.equal((await net.ns.links.list()).length, 2)
})

test('of its own', async () => {
  assert.equal((await net.ns.links.list()).length, 1)
})
