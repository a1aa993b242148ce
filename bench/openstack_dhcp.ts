// The DHCP agent: the time until a network is served and a port has its reservation, a hundred networks, and five hundred clients at
// once.
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DhcpAgent, type DesiredNetwork, type DhcpNetwork } from '@netloom/openstack'
import type { NetNs } from 'netloom'
import type { Benchmark, Figure } from './benchmark'
import { clientMac, storm } from './dhcp_storm'
import { interleave, median, milliseconds, percentile } from './measure'
import { fresh } from './packaged'

const prefix = `nlbench${process.pid}`
/** The kernel goes on with what was deleted. */
const quietMs = 20
const subnets = [{ id: 'v4', cidr: '10.0.0.0/16' }]

/** The arguments of a dnsmasq that the agent has started, for another directory and device. */
function argumentsOf(pid: number, directory: string, device: string): string[] {
  const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').slice(0, -1).split('\0')
  return args.map((one) =>
    one
      .replace(/^--conf-file=.*/, '--conf-file=/dev/null')
      .replace(/^--interface=.*/, `--interface=${device}`)
      .replace(/=\/.*\/([a-z_]+)$/, (all, name: string) => (all === '=/dev/null' ? all : `=${join(directory, name)}`)),
  )
}

/** dnsmasq alone, in a namespace where all is prepared: from its start, which is ours, until it has read its files. */
async function bareStart(ns: NetNs, directory: string, args: readonly string[]): Promise<number> {
  const file = (name: string): string => join(directory, name)
  for (const name of ['host', 'addn_hosts', 'opts', 'log']) writeFileSync(file(name), '')
  let child: ChildProcess | undefined
  const took = await milliseconds(async () => {
    await new Promise<void>((resolve) => {
      const watcher = watch(directory, (_, name) => {
        if (name !== 'log' || !readFileSync(file('log'), 'utf8').includes('/opts\n')) return
        watcher.close()
        resolve()
      })
      child = ns.spawn('dnsmasq', args, { stdio: 'ignore', detached: true })
    })
  })
  const ended = new Promise((resolve) => child!.once('exit', resolve))
  child!.kill('SIGKILL')
  await ended
  for (const name of ['leases', 'pid']) rmSync(file(name), { force: true })
  await sleep(quietMs)
  return took
}

async function networkUp(agent: DhcpAgent, directory: string, rounds: number): Promise<Figure> {
  await using ns = await fresh('bare')
  await ns.links.add({ kind: 'bridge', name: 'eth0', up: true })
  await ns.addresses.add({ dev: 'eth0', address: '10.0.0.1/16' })
  const model = await agent.networks.ensure({ id: `${prefix}-model`, subnets })
  const args = argumentsOf(model.pid!, directory, 'eth0')
  await agent.networks.delete(model.id)
  let count = 0
  const { up, bare } = await interleave(rounds, {
    up: async () => {
      const id = `${prefix}-up${++count}`
      const took = await milliseconds(() => agent.networks.ensure({ id, subnets }))
      await agent.networks.delete(id)
      await sleep(quietMs)
      return took
    },
    bare: () => bareStart(ns, directory, args),
  })
  return {
    what: 'a network up: namespace, veth, address, dnsmasq serves',
    netloom: `${up.toFixed(1)} ms`,
    against: `dnsmasq's own start ${bare.toFixed(1)} ms`,
    ratio: up / bare,
    bound: { atMost: 1.3 },
  }
}

async function portAdded(network: DhcpNetwork, ports: number, rounds: number): Promise<Figure> {
  const port = (i: number) => ({ id: `vm${i}`, mac: clientMac(i) })
  await Promise.all(Array.from({ length: ports }, (_, i) => network.ports.add(port(i))))
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    times.push(await milliseconds(() => network.ports.add(port(ports + i))))
    await network.ports.delete(`vm${ports + i}`)
  }
  const took = median(times)
  return {
    what: `a port added to ${ports}, known to dnsmasq`,
    netloom: `${took.toFixed(1)} ms`,
    against: 'allowed 15 ms',
    ratio: took / 15,
    bound: { atMost: 1 },
  }
}

/** The resident memory of a process in MiB. */
function memoryOf(pid: number | 'self'): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

async function wholeSync(agent: DhcpAgent, count: number, ports: number): Promise<{ figure: Figure; notes: string[] }> {
  const networks = Array.from({ length: count }, (_, i): DesiredNetwork => {
    const own = Array.from({ length: ports }, (_, j) => ({ id: `vm${j}`, mac: clientMac(j) }))
    return { id: `${prefix}-s${i}`, subnets, ports: own }
  })
  const before = memoryOf('self')
  const first = await milliseconds(() => agent.sync({ networks }))
  const own = memoryOf('self') - before
  const theirs = agent.networks.list().map(({ pid }) => memoryOf(pid!))
  const read = (): number => agent.networks.list().reduce((sum, { reloads }) => sum + reloads, 0)
  const reloads = read()
  const again = await milliseconds(() => agent.sync({ networks }))
  const signals = read() - reloads
  const gone = await milliseconds(() => agent.sync({ networks: [] }))
  return {
    figure: {
      what: `sync of ${count} networks with ${ports} ports each, nothing to do (${signals} SIGHUPs)`,
      netloom: `${again.toFixed(1)} ms`,
      against: `from nothing ${first.toFixed(0)} ms`,
      ratio: again / first,
      bound: { atMost: 0.1 },
    },
    notes: [
      `DHCP: ${count} networks take ${own.toFixed(0)} MiB of the agent, and each dnsmasq ${median(theirs).toFixed(1)} MiB; ` +
        `they are deleted in ${gone.toFixed(0)} ms`,
    ],
  }
}

async function stormed(host: NetNs, network: DhcpNetwork, bridge: string, count: number) {
  await Promise.all(
    Array.from({ length: count }, (_, i) => network.ports.add({ id: `c${i}`, mac: clientMac(0x8000 + i) })),
  )
  const namespaces = await Promise.all(Array.from({ length: 5 }, (_, i) => fresh(`storm${i}`)))
  try {
    for (const [i, netns] of namespaces.entries()) {
      const peer = { netns, name: 'eth0', up: true }
      await host.links.add({ kind: 'veth', name: `storm${i}`, master: bridge, up: true, peer })
      await netns.addresses.add({ dev: 'eth0', address: `198.18.0.${i + 1}/24` })
    }
    const clients = Array.from({ length: count }, (_, i) => 0x8000 + i)
    const served = await storm(namespaces, 'eth0', clients, 1000)
    const addresses = new Set([...served.values()].map(({ address }) => address))
    const right = clients.filter((number, i) => {
      return served.get(number)?.address === network.ports.get(`c${i}`)?.fixedIps[0]?.address
    })
    const times = [...served.values()].map(({ took }) => took)
    const figure: Figure = {
      what: `${count} clients ask within a second: served, each with its own address`,
      netloom: `${Math.min(addresses.size, right.length)}`,
      against: `${count}`,
      ratio: Math.min(addresses.size, right.length) / count,
      bound: { atLeast: 1 },
    }
    const worst = Math.max(...times)
    const note = `DHCP storm: a lease after ${median(times).toFixed(1)} ms at the median, ${percentile(times, 0.99).toFixed(0)} ms at the 99th percentile, ${worst.toFixed(0)} ms at most`
    return { figure, note }
  } finally {
    await Promise.all(namespaces.map((ns) => ns.delete({ force: true })))
  }
}

export const openstackDhcp: Benchmark = async ({ smoke, onProgress }) => {
  const directory = mkdtempSync('/dev/shm/netloom-bench-')
  await using host = await fresh('switch')
  try {
    const stateDir = join(directory, 'state')
    await using agent = await DhcpAgent.start({ stateDir, plug: 'bridge', netns: host, checkMs: 60_000 })
    const total = 4
    const up = await networkUp(agent, directory, smoke ? 2 : 60)
    onProgress({ done: 1, total })
    const tap = 'tapbench'
    const network = await agent.networks.ensure({ id: `${prefix}-one`, tap, subnets })
    const { bridge } = network
    if (bridge === undefined) throw new Error('the network has no bridge')
    const added = await portAdded(network, smoke ? 50 : 1000, smoke ? 3 : 50)
    onProgress({ done: 2, total })
    const storming = await stormed(host, network, bridge, smoke ? 50 : 500)
    onProgress({ done: 3, total })
    await agent.networks.delete(network.id)
    const { figure, notes } = await wholeSync(agent, smoke ? 5 : 100, 20)
    return { figures: [up, added, figure, storming.figure], notes: [...notes, storming.note] }
  } finally {
    // Removes all networks, also after a failure.
    const agent = await DhcpAgent.start({ stateDir: join(directory, 'state'), plug: 'bridge', netns: host })
    agent.on('error', console.error)
    await agent.sync({ networks: [] })
    await agent.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
