// What docs/threads.md shows.
import { strict as assert } from 'node:assert'
import { readlinkSync } from 'node:fs'
import { AbortError, NetNs } from 'netloom'

async function main(): Promise<void> {
  await using ns = await NetNs.create()

  // in order, awaited or not
  const added = ns.links.add({ kind: 'bridge', name: 'br0' })
  const renamed = ns.links.set('br0', { name: 'br1', up: true })
  const found = ns.links.get('br1')
  console.log((await found).name) // br1
  await Promise.all([added, renamed])

  // inside, for as long as a function takes
  const outside = readlinkSync('/proc/thread-self/ns/net')
  const inside = ns.run(() => readlinkSync('/proc/thread-self/ns/net'))
  assert.notEqual(inside, outside)
  assert.equal(readlinkSync('/proc/thread-self/ns/net'), outside)

  // abort
  const controller = new AbortController()
  const adding = ns.links.add({ kind: 'bridge', name: 'br2' }, { signal: controller.signal })
  controller.abort()
  try {
    await adding // in time, or too late to be aborted
  } catch (error) {
    if (!(error instanceof AbortError)) throw error
    // 'none': it was still waiting for its turn, and nothing was sent. 'unknown': the kernel had it.
    const isThere = error.outcome === 'unknown' && (await ns.links.find('br2')) !== undefined
    console.log(error.outcome, isThere)
  }

  // time limits
  await ns.links.list(undefined, { timeout: 5000 })
  await assert.rejects(ns.links.list(undefined, { signal: AbortSignal.abort() }), { outcome: 'none' })
}

void main()
