// What docs/two-namespaces.md shows, from the first line to the last.
import { networkInterfaces } from 'node:os'
import { NetNs } from 'netloom'

async function main(): Promise<void> {
  // 1. namespaces
  await using sw = await NetNs.create()
  await using red = await NetNs.create()
  await using green = await NetNs.create()

  // 2. a bridge, and a cable to it
  await sw.links.add({ kind: 'bridge', name: 'br0', up: true })
  const port = await sw.links.add({
    kind: 'veth',
    name: 'veth-r',
    master: 'br0',
    up: true,
    peer: { netns: red, name: 'eth-r', mac: '02:00:00:00:00:01', up: true },
  })
  console.log(port.index, port.mac, port.operState)

  await sw.links.add({
    kind: 'veth',
    name: 'veth-g',
    master: 'br0',
    up: true,
    port: { isolated: false, learning: true },
    peer: { netns: green, name: 'eth-g', up: true },
  })

  // 3. addresses, routes
  await red.addresses.add({ dev: 'eth-r', address: '10.0.0.1/24' })
  await green.addresses.add({ dev: 'eth-g', address: '10.0.0.2/24' })
  await red.addresses.add({ dev: 'eth-r', address: 'fd00::1/64', flags: ['nodad'] })
  await red.routes.add({ dst: 'default', via: '10.0.0.2' })
  const way = await red.routes.lookup('192.0.2.1')
  console.log(way.via) // 10.0.0.2

  // 4. loopback
  for (const ns of [red, green]) await ns.links.set('lo', { up: true })

  // 5. looking around
  const redId = await sw.id(red)
  for (const link of await sw.links.list({ master: 'br0' })) {
    if (link.kind === 'veth' && link.peer?.netnsId === redId) console.log(`red is plugged in at ${link.name}`)
    if (link.port?.kind === 'bridge') console.log(link.name, link.port.state) // veth-r forwarding
  }

  // 6. traffic
  const server = await green.listen({ host: '10.0.0.2', port: 80 })
  server.on('connection', (socket) => socket.end('hello'))
  const socket = await red.connect({ host: '10.0.0.2', port: 80, timeout: 1000 })
  for await (const data of socket) console.log(String(data))
  server.close()

  // 7. other programs' way to look
  console.log(Object.keys(red.run(() => networkInterfaces()))) // [ 'lo', 'eth-r' ]
}

void main()
