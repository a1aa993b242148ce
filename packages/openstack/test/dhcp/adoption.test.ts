// The agent ends, or is killed, and the next one takes over.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bridgeNameOf } from '../../lib/agents/names'
import { NetNs } from 'netloom'
import { Scene, until } from './scene'

const mac = '52:54:00:00:00:01'
const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]

/** The processes of dnsmasq of a directory. */
function dnsmasqs(stateDir: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--pid-file=${stateDir}/`)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** An agent in a process of its own. */
function agentProcess(
  scene: Scene,
  how: 'keep' | 'churn',
  ...ids: string[]
): { child: ChildProcess; said: () => string } {
  const args = [join(__dirname, 'fixtures/agent.cjs'), scene.stateDir, scene.host.name!, how, ...ids]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)))
  return { child, said: () => said }
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
}

test('the next agent takes over what runs, without an outage: the same process, the same leases', async () => {
  await using scene = await Scene.make()
  const first = await scene.agent()
  const id = scene.id()
  const made = await first.networks.ensure({ id, tap: 'tap1', subnets: [{ ...subnets[0]!, leaseSeconds: Infinity }] })
  await made.ports.add({ id: 'vm1', mac, hostname: 'vm1' })
  const client = await scene.client(made.bridge, mac)
  await first.close()
  // While there is no agent, a client gets its lease, and the next agent tells of it.
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.2' })
  expect(scene.events('lease')).toEqual([])

  const second = await scene.agent()
  const network = second.networks.get(id)!
  expect(network.pid).toBe(made.pid)
  expect(network.ports.list()).toMatchObject([{ id: 'vm1', mac, hostname: 'vm1' }])
  await until(() => scene.events('lease').length === 1, 'the lease is told')
  // Nothing is different, so nothing happens.
  const description = { id, tap: 'tap1', subnets: [{ ...subnets[0]!, leaseSeconds: Infinity }] }
  expect(await second.networks.ensure(description)).toBe(network)
  expect(network.pid).toBe(made.pid)
  expect(scene.events('restart')).toEqual([])
  expect(scene.events('repair')).toEqual([])
  await network.ports.delete('vm1')
  expect(network.leases()).toEqual([])
})

test('two agents on one directory: the second refuses, until the first has ended', async () => {
  await using scene = await Scene.make()
  const first = await scene.agent()
  await expect(scene.agent()).rejects.toMatchObject({ code: 'ERR_NETLOOM_STATE_LOCKED' })
  await first.close()
  await first.close()
  await using second = await scene.agent()
  const { child, said } = agentProcess(scene, 'keep')
  await new Promise((resolve) => child.once('close', resolve))
  expect(said()).toContain('another agent has the directory')
  await second.close()
  await expect(first.networks.ensure({ id: 'late', subnets })).rejects.toMatchObject({
    code: 'ERR_NETLOOM_AGENT_CLOSED',
  })
})

test('an agent that is killed leaves dnsmasq running, and the next one has it', async () => {
  await using scene = await Scene.make()
  const ids = [scene.id('a'), scene.id('b')]
  const { child, said } = agentProcess(scene, 'keep', ...ids)
  await until(() => ids.every((id) => said().includes(`made ${id}`)), 'both are made')
  await kill(child)
  const agent = await scene.agent()
  for (const id of ids) {
    const pid = Number(new RegExp(`made ${id} (\\d+)`).exec(said())?.[1])
    expect(agent.networks.get(id)!.pid).toBe(pid)
    // What it had written when it was killed is what the port is called now, in both files.
    const { hostname = 'host-10-0-0-10' } = agent.networks.get(id)!.ports.get('vm1')!
    expect(scene.read(id, 'host')).toContain(`${mac},${hostname},10.0.0.10`)
  }
  expect(scene.events('restart')).toEqual([])
})

test('killed at thirty moments: what runs goes on, the next one finishes or takes away what was half made', async () => {
  await using scene = await Scene.make()
  const [stays, comes, goes] = [scene.id('stays'), scene.id('comes'), scene.id('goes')]
  const seed = Number(process.env.SEED ?? Math.trunc(Math.random() * 1e6))
  const moment = (round: number): number => (Math.imul(seed + round, 2654435761) >>> 16) % 180
  let pid: number | undefined
  for (let round = 0; round < 30; round++) {
    const { child, said } = agentProcess(scene, 'churn', stays, comes, goes)
    await until(() => said().includes('started'), `seed ${seed}, round ${round}: it begins`)
    await sleep(moment(round))
    await kill(child)
    expect([seed, round, said()]).toEqual([seed, round, expect.not.stringMatching(/error/i)])
    const running = dnsmasqs(scene.stateDir)
    await using agent = await scene.agent()
    for (const network of agent.networks.list()) {
      expect(network.pid).toBeDefined()
      expect(await NetNs.exists(network.namespace)).toBe(true)
      const { hostname = 'host-10-0-0-10' } = network.ports.get('vm1') ?? {}
      if (network.ports.size > 0) expect(scene.read(network.id, 'host')).toBe(`${mac},${hostname},10.0.0.10\n`)
    }
    // Once it was made, the one that nobody deletes is the same process for ever, whoever was killed.
    const steady = agent.networks.get(stays)
    if (pid !== undefined) expect([seed, round, steady?.pid]).toEqual([seed, round, pid])
    else if (said().includes(`made ${stays}`)) {
      pid = steady?.pid
      expect(running).toContain(pid)
    }
    // One for each, no second one anywhere; nothing of what is gone.
    expect(dnsmasqs(scene.stateDir).length).toBe(agent.networks.list().length)
    const [ids, taps] = [new Set(agent.networks.list().map(({ id }) => id)), ['tap0', 'tap1', 'tap2']]
    for (const [i, id] of [stays, comes, goes].entries()) {
      expect([id, await NetNs.exists(`qdhcp-${id}`)]).toEqual([id, ids.has(id)])
      const links = (await scene.host.links.list()).map(({ name }) => name)
      expect([id, links.includes(taps[i]!), links.includes(bridgeNameOf(id))]).toEqual([id, ids.has(id), ids.has(id)])
    }
    expect([seed, round, scene.events('error')]).toEqual([seed, round, []])
    await agent.close()
  }
  expect(pid).toBeDefined()
})

test('the end of one that was taken over is noticed when it comes, not at the next look', async () => {
  await using scene = await Scene.make()
  const id = scene.id()
  const first = await scene.agent()
  await first.networks.ensure({ id, tap: 'tap1', subnets })
  await first.close()
  const second = await scene.agent({ checkMs: 3_600_000 })
  const { pid } = second.networks.get(id)!
  process.kill(pid!, 'SIGKILL')
  await until(() => scene.events('restart').length === 1, 'it is started again')
  expect(scene.events('restart')).toMatchObject([{ network: id, reason: 'ended' }])
  expect(second.networks.get(id)!.pid).not.toBe(pid)
})

test('a number that has become somebody else is not touched', async () => {
  await using scene = await Scene.make()
  const first = await scene.agent()
  const id = scene.id()
  const { pid } = await first.networks.ensure({ id, tap: 'tap1', subnets })
  await first.close()
  process.kill(pid!, 'SIGKILL')
  const innocent = spawn('sleep', ['100'])
  writeFileSync(join(scene.stateDir, id, 'pid'), `${innocent.pid}\n`)
  const second = await scene.agent()
  expect(second.networks.get(id)!.pid).not.toBe(innocent.pid)
  await second.networks.delete(id)
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull()
  await kill(innocent)
})

test('what is no network in the directory is reported, and left alone', async () => {
  await using scene = await Scene.make()
  mkdirSync(join(scene.stateDir, 'broken'), { recursive: true })
  writeFileSync(join(scene.stateDir, 'broken', 'network.json'), '{"version":1,')
  mkdirSync(join(scene.stateDir, 'begun'))
  const agent = await scene.agent()
  await until(() => scene.events('error').length === 2, 'it is told')
  expect(scene.events('error')).toMatchObject([
    { code: 'ERR_NETLOOM_STATE_DAMAGED' },
    { code: 'ERR_NETLOOM_STATE_FOREIGN', message: expect.stringMatching(/left alone: begun$/) as string },
  ])
  expect(agent.networks.list()).toEqual([])
  expect(scene.read('broken', 'network.json')).toBe('{"version":1,')
  expect(readdirSync(scene.stateDir).sort()).toEqual(['begun', 'broken', 'lock'])
})
