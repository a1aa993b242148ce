// The order of calls that nobody awaits: kept within a namespace, free between them.
import { NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ipJson, ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['red', 'green'], prefix: ownPrefix })

const many = 400

/** Asks for many changes of a namespace, which note in `order` that they are done. */
function queue(ns: NetNs, order: string[], word: string): Promise<unknown> {
  const noted = Array.from({ length: many }, (_, i) =>
    ns.links.add({ kind: 'ifb', name: `ifb${i}` }).then(() => order.push(`${word}${i}`)),
  )
  return Promise.all(noted)
}

test('changes of one namespace take effect in the order of their calls', async () => {
  const { red } = net
  const order: string[] = []
  await queue(red, order, 'add')
  expect(order).toEqual(Array.from({ length: many }, (_, i) => `add${i}`))
  const links = await ipJson(red, 'link')
  expect(links.slice(1).map((link) => link.ifname)).toEqual(Array.from({ length: many }, (_, i) => `ifb${i}`))
})

test('calls on several lanes see what those before them did', async () => {
  const { red } = net
  const calls = [
    red.links.add({ kind: 'bridge', name: 'br0', up: true }),
    red.links.find('br0').then((link) => link?.name),
    red.addresses.add({ dev: 'br0', address: '10.0.0.1/24' }),
    red.addresses.list({ dev: 'br0' }).then((list) => list.some(({ address }) => address.startsWith('10.0.0.1'))),
    red.links.delete('br0'),
    red.links.find('br0').then((link) => link?.name),
    red.links.add({ kind: 'bridge', name: 'br0' }),
    red.addresses.list({ dev: 'br0' }).then((list) => list.length),
  ] as const
  const [, first, , address, , second, , addresses] = await Promise.all(calls)
  expect([first, address, second, addresses]).toEqual(['br0', true, undefined, 0])
})

test('a read waits for the changes of its namespace', async () => {
  const { red } = net
  const order: string[] = []
  const adding = queue(red, order, 'add')
  expect(await red.links.list()).toHaveLength(many + 1)
  await adding
})

test('reads of another namespace do not wait for a long queue', async () => {
  const { red, green } = net
  const order: string[] = []
  // Before it one call that takes the kernel long: to note so many would take this thread as long.
  const batch = red.batch()
  for (let i = 0; i < 10 * many; i++) batch.links.add({ kind: 'ifb', name: `first${i}` })
  const first = batch.commit()
  const adding = queue(red, order, 'add')
  await Promise.all([
    green.links.list().then(() => order.push('links')),
    green.addresses.list().then(() => order.push('addresses')),
    green.links.get('lo').then(() => order.push('link')),
  ])
  await Promise.all([first, adding])
  // In one queue with them the reads would come last.
  expect(order.slice(-1)).toEqual([`add${many - 1}`])
})

test('two handles to one namespace share its order', async () => {
  const { red } = net
  using again = await NetNs.open(red.name!)
  const order: string[] = []
  const adding = queue(red, order, 'add')
  expect(await again.links.list()).toHaveLength(many + 1)
  await adding
})

test('a link into another namespace is there for what is called next in that one', async () => {
  const { red, green } = net
  const adding = green.links.add({ kind: 'veth', name: 'eth-r', peer: { netns: red, name: 'eth0' } })
  const [links, found] = await Promise.all([red.links.list(), red.links.get('eth0')])
  expect(links.map(({ name }) => name)).toEqual(['lo', 'eth0'])
  expect(found.name).toBe('eth0')
  await adding
})

test('a failure does not stop what is behind it', async () => {
  const { red } = net
  const failing = red.links.delete('none')
  const listing = red.links.list()
  await expect(failing).rejects.toMatchObject({ code: 'ENODEV' })
  expect(await listing).toHaveLength(1)
})
