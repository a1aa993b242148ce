// Two namespaces, red and green, joined by a switch in a third: how they cannot reach each other, then can, and how fast.
// What is printed for each step is its own code, and the time that it took.
//
//   npm run demo
//   npm run demo -- --hold --prefix my-
//   npm run demo -- --rootless   (which it is anyway for who is not root)
import type { NetNs } from 'netloom'
import { explain, interruption, interruptOnSignals } from './demo/endings'
import { lookAround } from './demo/hold'
import { createNetns } from './demo/namespaces'
import { readOptions, usageOf, type Options } from './demo/options'
import { print, refused, result, section, step, title } from './demo/print'
import { answer, greet, measure, summary } from './demo/traffic'
import { layOut } from './picture/layout'
import { look } from './picture/look'
import { toText } from './picture/text'

async function main({ prefix, hold, rootless }: Options): Promise<void> {
  title(`netloom: two namespaces and a switch, in one process (${process.pid}) that starts no other`)

  section('Three namespaces. They go when this function ends, however it ends')
  await using sw = await createNetns(`${prefix}switch`, rootless)
  await using red = await createNetns(`${prefix}red`, rootless)
  await using green = await createNetns(`${prefix}green`, rootless)

  await plugTogether(sw, red, green)
  await meetNobody(red)
  await talk(red, green)

  section('What the kernel says there is')
  print(toText(layOut(await look([sw, red, green]))))
  if (hold) await lookAround([red, green, sw])

  section('And nothing of it stays')
  for (const ns of [green, red, sw]) await step(() => ns.delete(), { ns: variableOf(ns, prefix) })
}

async function plugTogether(sw: NetNs, red: NetNs, green: NetNs): Promise<void> {
  section('A switch, and a cable from it to each side')
  await step(() => sw.links.add({ kind: 'bridge', name: 'br0', up: true }))
  await step(() =>
    sw.links.add({
      kind: 'veth',
      name: 'veth-r',
      master: 'br0',
      up: true,
      peer: { netns: red, name: 'eth-r', up: true },
    }),
  )
  await step(() =>
    sw.links.add({
      kind: 'veth',
      name: 'veth-g',
      master: 'br0',
      up: true,
      peer: { netns: green, name: 'eth-g', up: true },
    }),
  )
}

/** Shows how a connection fails as long as nobody has the address. */
async function meetNobody(red: NetNs): Promise<void> {
  section('Red has an address, green has none: red asks for 10.0.0.2 three times (ARP), and gives up')
  await step(() => red.addresses.add({ dev: 'eth-r', address: '10.0.0.1/24' }))
  // How a connection fails is told by an ICMP message from red to itself, which goes by way of `lo`.
  await step(() => red.links.set('lo', { up: true }))
  await hurryArp(red)
  await refused('EHOSTUNREACH', () => red.connect({ host: '10.0.0.2', port: 7000, signal: interruption }))
  const entry = await step(() => red.neighbors.find({ dev: 'eth-r', address: '10.0.0.2' }))
  result(`what red knows of 10.0.0.2: ${entry?.state ?? 'nothing'}`)
}

/** ARP waits a second after each question, which is long for a demo. */
async function hurryArp(red: NetNs): Promise<void> {
  try {
    await step(() => red.sysctl.set('net.ipv4.neigh.eth-r.retrans_time_ms', 20))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EROFS' && code !== 'EACCES') throw error
    result('sysctls cannot be written here, as in most containers: what follows takes three seconds')
  }
}

/** A TCP connection from red to green: a greeting, and the time of a round trip. */
async function talk(red: NetNs, green: NetNs): Promise<void> {
  section('Green gets the address, and a server of Node that listens there')
  await step(() => green.addresses.add({ dev: 'eth-g', address: '10.0.0.2/24' }))
  await using server = await step(() => green.listen({ host: '10.0.0.2', port: 7000 }))
  server.on('connection', answer)
  const socket = await step(() => red.connect({ host: '10.0.0.2', port: 7000, signal: interruption }))
  try {
    result(`green says: ${await step(() => greet(socket, 'hello from red'))}`)
    const entry = await step(() => red.neighbors.find({ dev: 'eth-r', address: '10.0.0.2' }))
    result(`what red knows of 10.0.0.2: ${entry?.state ?? 'nothing'}, at ${entry?.mac ?? 'no address'}`)

    section('The round trip from red to green and back')
    result(summary(await step(() => measure(socket, 200))))
  } finally {
    socket.destroy()
  }
}

/** What a namespace is called in this file. */
function variableOf(ns: NetNs, prefix: string): string {
  const name = ns.name?.slice(prefix.length) ?? 'ns'
  return name === 'switch' ? 'sw' : name
}

const usage = usageOf('Joins two network namespaces by a switch and shows traffic between them.')
const options = readOptions(process.argv.slice(2), 'demo', usage)
if (typeof options === 'string') {
  process.exitCode = options === usage ? 0 : 2
  print(options)
} else {
  interruptOnSignals()
  main(options).catch((error: unknown) => {
    const { exitCode, sentence } = explain(error, options)
    process.exitCode = exitCode
    process.stderr.write(`\n${sentence}\n`)
  })
}
