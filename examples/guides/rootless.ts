// What docs/inside/rootless.md shows.
import { once } from 'node:events'
import { NetloomError, NetNs } from 'netloom'

async function main(): Promise<void> {
  await join()
  await range()
  await outside()
}

async function join(): Promise<void> {
  await using red = await NetNs.create({ rootless: true })
  await using green = await NetNs.create({ rootless: true })
  await red.links.add({ kind: 'veth', name: 'eth0', up: true, peer: { netns: green, name: 'eth0', up: true } })
  await red.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
  await green.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  await green.sysctl.set('net.ipv4.ip_forward', 1)

  const server = await green.listen({ host: '10.0.0.2', port: 80 })
  server.on('connection', (socket) => socket.end('hello'))
  const socket = await red.connect({ host: '10.0.0.2', port: 80 })
  for await (const data of socket) console.log(String(data)) // hello
  server.close()
  await once(server, 'close')
}

async function range(): Promise<void> {
  try {
    await using ns = await NetNs.create({ rootless: { uidMap: 'subordinate', gidMap: 'subordinate' } })
    await using other = await NetNs.create({ rootless: { with: ns } })
    await ns.links.add({ kind: 'veth', name: 'eth0', peer: { netns: other, name: 'eth0' } })
  } catch (error) {
    if (!(error instanceof NetloomError)) throw error
    console.log(error.message) // /etc/subuid gives nothing to this user, or newuidmap is not installed
  }
}

async function outside(): Promise<void> {
  await using ns = await NetNs.create({ rootless: true })
  try {
    await using way = await ns.connectOutside()
    console.log(way.via, await ns.addresses.list({ dev: way.dev })) // slirp4netns, 10.0.2.100/24
  } catch (error) {
    if (!(error instanceof NetloomError)) throw error
    console.log(error.message) // neither slirp4netns nor pasta is installed
  }
}

void main()
