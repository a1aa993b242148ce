// What README.md shows.
import { isAlreadyExists, NetlinkError, NetNs } from 'netloom'

async function main(): Promise<void> {
  // Named namespaces, which `ip netns` sees too, and an anonymous one. All three go when this function ends.
  await using red = await NetNs.create('red', { ephemeral: true })
  await using green = await NetNs.create('green', { ephemeral: true })
  await using sw = await NetNs.create()

  await sw.links.add({ kind: 'bridge', name: 'br0', up: true })
  for (const [ns, port, address] of [
    [red, 'veth-r', '10.0.0.1/24'],
    [green, 'veth-g', '10.0.0.2/24'],
  ] as const) {
    // One message makes both ends of the cable; the far one is born in its own namespace.
    const peer = { netns: ns, name: 'eth0', up: true }
    await sw.links.add({ kind: 'veth', name: port, master: 'br0', up: true, peer })
    await ns.addresses.add({ dev: 'eth0', address })
  }

  // Node's own server and socket, each in a namespace, in one process that stays where it is.
  const server = await green.listen({ host: '10.0.0.2', port: 80 })
  server.on('connection', (socket) => socket.end(`hello ${String(socket.remoteAddress)}`))
  const socket = await red.connect({ host: '10.0.0.2', port: 80 })
  for await (const data of socket) console.log(String(data)) // hello 10.0.0.1
  server.close()

  // Links are told apart by `kind`. Errors have a code, as Node's own have, and what the kernel said.
  const br0 = await sw.links.get('br0')
  if (br0.kind === 'bridge') console.log(br0.ageingTimeSeconds) // 300
  await sw.links.add({ kind: 'bridge', name: 'br0' }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error
  })
  await red.links.set('eth0', { mtu: 100_000 }).catch((error: unknown) => {
    if (error instanceof NetlinkError) console.log(error.kernelMessage) // mtu greater than device maximum
  })
}

void main()
