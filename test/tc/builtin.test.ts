// Qdiscs that the kernel keeps to itself, and does not tell of: they are not there.
import { isNotFound } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['red'], prefix: ownPrefix })

test('that of a device that is down, and of an ingress hook that was taken away', async () => {
  const { red } = net
  await red.links.add({ kind: 'ifb', name: 'ifb0' })
  expect(await red.qdiscs.find({ dev: 'ifb0', parent: 'root' })).toBeUndefined()
  await red.qdiscs.add({ dev: 'ifb0', kind: 'clsact' })
  expect(await red.qdiscs.find({ dev: 'ifb0', parent: 'ingress' })).toMatchObject({ kind: 'clsact' })
  await red.qdiscs.delete({ dev: 'ifb0', parent: 'ingress' })
  expect(await red.qdiscs.find({ dev: 'ifb0', parent: 'ingress' })).toBeUndefined()
  const error: unknown = await red.qdiscs.get({ dev: 'ifb0', parent: 'ingress' }).catch((e: unknown) => e)
  expect(isNotFound(error)).toBe(true)
  await red.qdiscs.add({ dev: 'ifb0', kind: 'pfifo', handle: '1:' })
  expect(await red.qdiscs.find({ dev: 'ifb0', parent: 'root' })).toMatchObject({ kind: 'pfifo', handle: '1:' })
})
