// What docs/inside/diag.md shows.
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { NetNs } from 'netloom'

async function main(): Promise<void> {
  await using ns = await NetNs.create()
  await ns.links.set('lo', { up: true })
  await ns.addresses.add({ dev: 'lo', address: '10.0.0.1/32' })
  await ns.addresses.add({ dev: 'lo', address: '10.0.0.2/32' })
  const server = await ns.listen({ host: '10.0.0.1', port: 80 })
  const connection = once(server, 'connection')
  const client = await ns.connect({ host: '10.0.0.1', port: 80, localAddress: '10.0.0.2' })
  const [accepted] = (await connection) as [Socket]
  await listing(ns)
  await more(ns)

  const [aborted, reset] = [once(accepted, 'error'), once(client, 'error')]
  await ending(ns)
  assert.equal(((await aborted) as [NodeJS.ErrnoException])[0].code, 'ECONNABORTED')
  assert.equal(((await reset) as [NodeJS.ErrnoException])[0].code, 'ECONNRESET')
  server.close()
}

async function listing(ns: NetNs): Promise<void> {
  const servers = await ns.sockets({ protocol: 'tcp', state: 'listen' })
  for (const { localAddress, localPort } of servers) console.log(`${localAddress}:${localPort}`)
  assert.equal(servers.length, 1)

  const clients = await ns.sockets({
    state: ['established', 'closeWait'],
    localAddress: '10.0.0.0/8',
    localPort: [80, 443, { from: 8000, to: 8999 }],
  })
  assert.deepEqual([clients.length, clients[0]?.remoteAddress], [1, '10.0.0.2'])

  const unix = await ns.listen({ path: '\0guide' })
  for (const socket of await ns.sockets({ protocol: ['unix', 'udp'] })) {
    if (socket.protocol === 'unix') console.log(socket.path, socket.peer)
    else console.log(socket.localPort, socket.receiveQueue)
  }
  unix.close()
}

async function more(ns: NetNs): Promise<void> {
  const [slow] = await ns.sockets({ protocol: 'tcp', remotePort: 80, info: true, memory: true, processes: true })
  console.log(slow?.info?.roundTrip, slow?.info?.retransmitted, slow?.memory?.drops, slow?.processes)
  assert.equal(slow?.processes?.[0]?.pid, process.pid)
}

async function ending(ns: NetNs): Promise<void> {
  const ended = await ns.destroySockets({ protocol: 'tcp', remoteAddress: '10.0.0.2' })
  assert.equal(ended.length, 1)
}

void main()
