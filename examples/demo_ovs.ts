// Two namespaces, red and green, on Open vSwitch: VLANs that separate and join them, a flow that stops them, and a picture
// of nothing but what the kernel and the switch's database say. Needs no module of the kernel.
//
//   npm run demo:ovs
//   npm run demo:ovs -- --hold --prefix my-
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from 'netloom'
import { OpenVswitch } from '@netloom/ovs'
import { explain, interruption, interruptOnSignals } from './demo/endings'
import { lookAround } from './demo/hold'
import { createNetns } from './demo/namespaces'
import { readOptions, usageOf, type Options } from './demo/options'
import { missingPrograms } from './demo/programs'
import { print, refused, result, section, step, title } from './demo/print'
import { answer, greet, measure, summary } from './demo/traffic'
import { layOut } from './picture/layout'
import { look } from './picture/look'
import { toSvg } from './picture/svg'
import { toText } from './picture/text'

async function main({ prefix, hold }: Options): Promise<void> {
  title('netloom: two namespaces on Open vSwitch, without ovs-vsctl and ovs-ofctl')

  section('Three namespaces, and a switch of our own in one of them. All goes when this function ends')
  await using sw = await createNetns(`${prefix}switch`, false)
  await using red = await createNetns(`${prefix}red`, false)
  await using green = await createNetns(`${prefix}green`, false)
  await using ovs = await step(() => OpenVswitch.launch({ netns: sw, signal: interruption }))
  result(
    `ovsdb-server is process ${ovs.pids?.server ?? '?'}, ovs-vswitchd ${ovs.pids?.switchd ?? '?'}; their files are in ${ovs.runDir}`,
  )

  await plugTogether(ovs, sw, red, green)
  await talk(ovs, red, green)
  await draw(ovs, [sw, red, green])
  if (hold) await lookAround([red, green, sw])

  section('And nothing of it stays')
  await step(() => ovs.close())
}

async function plugTogether(ovs: OpenVswitch, sw: NetNs, red: NetNs, green: NetNs): Promise<void> {
  section('A bridge, and a cable from it to each side. Each call ends when the switch has done it')
  await step(() => ovs.bridges.add({ name: 'br0', datapathType: 'netdev' }))
  await step(() =>
    sw.links.add({ kind: 'veth', name: 'veth-r', up: true, peer: { netns: red, name: 'eth-r', up: true } }),
  )
  await step(() =>
    sw.links.add({ kind: 'veth', name: 'veth-g', up: true, peer: { netns: green, name: 'eth-g', up: true } }),
  )
  await step(() => ovs.ports.add({ bridge: 'br0', name: 'veth-r', tag: 10 }))
  await step(() => ovs.ports.add({ bridge: 'br0', name: 'veth-g', tag: 20 }))
  await step(() => red.addresses.add({ dev: 'eth-r', address: '10.0.0.1/24' }))
  await step(() => green.addresses.add({ dev: 'eth-g', address: '10.0.0.2/24' }))
}

async function talk(ovs: OpenVswitch, red: NetNs, green: NetNs): Promise<void> {
  section('Green listens. Red is in VLAN 10 and green in VLAN 20: nobody hears it')
  await using server = await step(() => green.listen({ host: '10.0.0.2', port: 7000 }))
  server.on('connection', answer)
  const target = { host: '10.0.0.2', port: 7000, signal: interruption }
  await refused('ETIMEDOUT', () => red.connect({ ...target, timeout: 500 }))

  section('Both in VLAN 10: they meet')
  await step(() => ovs.ports.set('veth-g', { tag: 10 }))
  const socket = await step(() => red.connect(target))
  try {
    result(`green says: ${await step(() => greet(socket, 'hello from red'))}`)
    result(summary(await step(() => measure(socket, 200))))
  } finally {
    socket.destroy()
  }

  section('A flow drops what is for that port: the switch decides, not red and green')
  const key = { bridge: 'br0', priority: 10, match: { tcpDst: 7000 } } as const
  await step(() => ovs.flows.add({ ...key, actions: 'drop' }))
  // What it has cached it passes on for some moments more.
  await sleep(300)
  await refused('ETIMEDOUT', () => red.connect({ ...target, timeout: 500 }))
  for (const { priority, match, actions } of await step(() => ovs.flows.list())) {
    result(
      `priority ${priority}: ${JSON.stringify(match)} → ${actions.length === 0 ? 'drop' : JSON.stringify(actions)}`,
    )
  }
  await step(() => ovs.flows.delete(key))
  const again = await step(() => red.connect(target))
  result(`green says: ${await step(() => greet(again, 'still there?'))}`)
  again.destroy()
}

async function draw(ovs: OpenVswitch, namespaces: readonly NetNs[]): Promise<void> {
  section("What the kernel and the switch's database say there is")
  const drawing = layOut(await look(namespaces, [ovs]))
  print(toText(drawing))
  const file = join(__dirname, '..', 'demo_ovs.svg')
  writeFileSync(file, toSvg(drawing, 'red and green on Open vSwitch'))
  result(`the same as a picture: ${file}`)
}

const usage = usageOf('Joins two network namespaces by Open vSwitch, separates them by VLANs, and draws what there is.')
const options = readOptions(process.argv.slice(2), 'demo:ovs', usage)
const missing = missingPrograms(['ovsdb-server', 'ovs-vswitchd', 'ovsdb-tool'])
if (typeof options === 'string') {
  process.exitCode = options === usage ? 0 : 2
  print(options)
} else if (missing !== undefined) {
  process.exitCode = 1
  process.stderr.write(`${missing}\n`)
} else {
  interruptOnSignals()
  main(options).catch((error: unknown) => {
    const { exitCode, sentence } = explain(error, options)
    process.exitCode = exitCode
    process.stderr.write(`\n${sentence}\n`)
  })
}
