// Two tenants with the same addresses, red and blue: DHCP, two clients each, a router each, and one outside for both. What OpenStack's
// agents do, by one program; what there is in the end is drawn from what the kernel says.
//
//   npm run demo:openstack
//   npm run demo:openstack -- --vm               the clients are virtual machines, in emulation
//   npm run demo:openstack -- --hold --prefix my-
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetNs } from 'netloom'
import { DhcpAgent, RouterAgent } from '@netloom/openstack'
import { explain, interruption, interruptOnSignals } from './demo/endings'
import { lookAround } from './demo/hold'
import { createNetns } from './demo/namespaces'
import { readOptions, usageOf, type Options } from './demo/options'
import { missingPrograms } from './demo/programs'
import { print, result, section, step, title } from './demo/print'
import { Cleanup } from './openstack/cleanup'
import { inMachine, inNamespace, type Client, type Site } from './openstack/clients'
import { prepareImage, type Image } from './openstack/virtual_machine'
import { layOut } from './picture/layout'
import { look } from './picture/look'
import { toSvg } from './picture/svg'
import { toText } from './picture/text'

const tenants = ['red', 'blue'] as const
type Tenant = (typeof tenants)[number]

const mac = (tenant: Tenant, number: number): string => `52:54:00:00:0${tenants.indexOf(tenant)}:0${number}`
const fixed = ['10.0.0.11', '10.0.0.12']
const floating: Record<Tenant, string> = { red: '203.0.113.10', blue: '203.0.113.20' }
const far = '198.51.100.1'

async function main({ prefix, hold }: Options, image: Image | undefined): Promise<void> {
  title('netloom: two tenants with the same addresses, their DHCP servers, their routers, and the outside')
  const work = mkdtempSync(join(tmpdir(), 'netloom-demo-'))
  await using stack = new Cleanup()
  stack.defer(() => rm(work, { recursive: true }))
  section('A namespace for the bridges, one for the outside, and two agents')
  const switches = stack.use(await createNetns(`${prefix}switch`, false))
  const outside = stack.use(await createNetns(`${prefix}outside`, false))
  await refuseTaken(prefix)
  const dhcp = stack.use(await DhcpAgent.start({ stateDir: join(work, 'dhcp'), plug: 'bridge', netns: switches }))
  const routing = stack.use(
    await RouterAgent.start({ stateDir: join(work, 'router'), plug: 'bridge', netns: switches }),
  )
  stack.defer(() => dhcp.sync({ networks: [] }))
  stack.defer(() => routing.sync({ routers: [] }))

  for (const tenant of tenants) await buildTenant(tenant, prefix, dhcp, routing)
  await buildOutside(switches, outside)

  section(`Two clients each: ${image === undefined ? "busybox's udhcpc in namespaces" : 'virtual machines that boot'}`)
  const clients: Client[] = []
  for (const tenant of tenants) {
    for (const number of [1, 2]) {
      interruption.throwIfAborted()
      const site: Site = { switches, name: `${tenant}-${number}`, bridge: `brq${tenant}`, mac: mac(tenant, number) }
      const client = await (image === undefined ? inNamespace(site, prefix, work) : inMachine(site, image))
      clients.push(stack.use(client))
    }
  }
  for (const client of clients)
    result(`${client.name} has ${await step(() => client.lease(), { client: client.name })}`)

  await talk(clients, outside)

  section('What the kernel says there is')
  await draw([switches, outside, ...clients.flatMap(({ netns }) => netns ?? [])], prefix)
  if (hold) await lookAround([switches, outside])
  section('And nothing of it stays')
}

/** The names that the agents will take: who has such a namespace keeps it. */
async function refuseTaken(prefix: string): Promise<void> {
  for (const name of tenants.flatMap((tenant) => namesOf(tenant, prefix))) {
    if (await NetNs.exists(name)) throw new Error(`there is a namespace ${name} already: choose another --prefix`)
  }
}

function namesOf(tenant: Tenant, prefix: string): [dhcp: string, router: string] {
  return [`qdhcp-${prefix}${tenant}`, `qrouter-${prefix}${tenant}`]
}

async function buildTenant(tenant: Tenant, prefix: string, dhcp: DhcpAgent, routing: RouterAgent): Promise<void> {
  section(`The network of ${tenant}: DHCP, two ports, a router with a floating address`)
  const [dhcpName, routerName] = namesOf(tenant, prefix)
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1' }]
  const network = await step(() =>
    dhcp.networks.ensure({ id: tenant, tap: `tap-${tenant}`, namespace: dhcpName, mtu: 1450, subnets }),
  )
  result(`dnsmasq is process ${network.pid ?? '?'}, and serves from ${network.serverAddresses.join(', ')}`)
  for (const number of [1, 2]) {
    const port = { id: `vm${number}`, mac: mac(tenant, number), fixedIps: [fixed[number - 1] ?? ''] }
    await step(() => network.ports.add(port))
  }
  const ports = [{ id: tenant, network: tenant, addresses: ['10.0.0.1/24'] }]
  const addresses = [`203.0.113.${2 + tenants.indexOf(tenant)}/24`]
  const gateway = { id: `${tenant}-out`, network: 'outside', addresses, nexthops: ['203.0.113.1'] }
  const floatingIps = [{ address: floating[tenant], fixed: fixed[0] ?? '' }]
  const router = { id: tenant, namespace: routerName, ports, gateway, floatingIps }
  await step(() => routing.routers.ensure(router))
}

async function buildOutside(switches: NetNs, outside: NetNs): Promise<void> {
  section('The outside, with a web server that says who asks')
  const peer = { netns: outside, name: 'eth0', up: true }
  await step(() => switches.links.add({ kind: 'veth', name: 'outside', master: 'brqoutside', up: true, peer }))
  await step(() => outside.addresses.add({ dev: 'eth0', address: '203.0.113.1/24' }))
  await outside.links.set('lo', { up: true })
  await step(() => outside.addresses.add({ dev: 'lo', address: '198.51.100.1/32' }))
}

async function talk(clients: readonly Client[], outside: NetNs): Promise<void> {
  section(
    'Clients of a tenant reach each other, and the outside: the first by its floating address, the second by that of its router',
  )
  const server = await outside.listen({ host: far, port: 80 })
  server.on('connection', (socket) => {
    const answer = `you are ${String(socket.remoteAddress)}\n`
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`))
  })
  try {
    for (const [i, client] of clients.entries()) {
      const neighbor = fixed[(i + 1) % 2] ?? ''
      if (!(await step(() => client.pings(neighbor), { client: client.name, neighbor: `'${neighbor}'` }))) {
        throw new Error(`${client.name} does not reach its neighbor`)
      }
      result(`the outside says to ${client.name}: ${await client.fetch(far)}`)
    }
  } finally {
    server.close()
  }
  section('And the outside reaches the first of each by its floating address')
  for (const tenant of tenants) {
    const address = floating[tenant]
    const { received } = await step(() => outside.ping(address, { count: 1, timeout: 3000 }), {
      address: `'${address}'`,
    })
    if (received !== 1) throw new Error(`${address} does not answer`)
    result(`${address} answers, which is ${tenant}-1`)
  }
}

async function draw(own: readonly NetNs[], prefix: string): Promise<void> {
  await using stack = new Cleanup()
  const kept: NetNs[] = []
  for (const name of tenants.flatMap((tenant) => namesOf(tenant, prefix))) kept.push(stack.use(await NetNs.open(name)))
  const [switches, ...others] = own
  const drawing = layOut(await look([...(switches === undefined ? [] : [switches]), ...kept, ...others]))
  print(toText(drawing))
  const file = join(__dirname, '..', 'demo_openstack.svg')
  writeFileSync(file, toSvg(drawing, 'two tenants with the same addresses'))
  result(`the same as a picture: ${file}`)
}

const usage = `${usageOf('Two tenants with the same addresses: DHCP, clients, routers, floating addresses, and a picture of it all.')}
  --vm           the clients are virtual machines (qemu-system-x86_64; Debian's kernel is downloaded once)`
const args = process.argv.slice(2)
const options = readOptions(
  args.filter((argument) => argument !== '--vm'),
  'demo:openstack',
  usage,
)
const machines = args.includes('--vm')
const forClients = machines ? (['qemu-system-x86_64', 'gzip'] as const) : (['ip'] as const)
const missing = missingPrograms(['dnsmasq', 'busybox', ...forClients])
if (typeof options === 'string') {
  process.exitCode = options === usage ? 0 : 2
  print(options)
} else if (missing !== undefined) {
  process.exitCode = 1
  process.stderr.write(`${missing}\n`)
} else {
  interruptOnSignals()
  const image = machines ? prepareImage() : Promise.resolve(undefined)
  image
    .then((image) => main(options, image))
    .catch((error: unknown) => {
      const { exitCode, sentence } = explain(error, options)
      process.exitCode = exitCode
      process.stderr.write(`\n${sentence}\n`)
    })
}
