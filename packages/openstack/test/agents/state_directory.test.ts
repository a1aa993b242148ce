// The directory of an agent: what it has not made there stays.
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DhcpAgent } from '../../lib/index'
import { type NetNs } from 'netloom'
import { RouterAgent } from '../../lib/index'
import { fresh, uniqueName } from '../../../../test/support/namespaces'

const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
const kinds = { dhcp: DhcpAgent, router: RouterAgent } as const

let directory: string
let host: NetNs
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-state-'))
  host = await fresh('switch')
})
afterEach(async () => {
  await host.delete()
  rmSync(directory, { recursive: true })
})

/** Starts an agent; gives what it tells at its start. */
async function start(kind: 'dhcp' | 'router', stateDir = directory) {
  const agent = await kinds[kind].start({ stateDir, plug: 'bridge', netns: host })
  const told: Error[] = []
  agent.on('error', (error: Error) => told.push(error))
  await new Promise((resolve) => setImmediate(resolve))
  return { agent, told }
}

/** All that is in a directory, with what is in it. */
function tree(path: string): unknown {
  return Object.fromEntries(
    readdirSync(path)
      .filter((name) => name !== 'lock')
      .map((name) => {
        const at = join(path, name)
        const stat = lstatSync(at)
        return [name, [stat.ino, stat.isDirectory() ? tree(at) : stat.isFile() ? readFileSync(at, 'utf8') : 'other']]
      }),
  )
}

describe.each(['dhcp', 'router'] as const)('of a %s agent', (kind) => {
  test('directories of others are told by name, once, and left; also by sync and delete', async () => {
    for (let i = 0; i < 8; i++) mkdirSync(join(directory, `db${i}`, 'deep'), { recursive: true })
    writeFileSync(join(directory, 'db0', 'deep', 'data'), 'precious')
    mkdirSync(join(directory, '.snapshot'))
    symlinkSync('/etc', join(directory, 'link'))
    const before = tree(directory)
    for (let round = 0; round < 2; round++) {
      const { agent, told } = await start(kind)
      expect(told).toMatchObject([{ code: 'ERR_NETLOOM_STATE_FOREIGN' }])
      expect(told[0]!.message).toMatch(
        /has directories of others, which are left alone: .snapshot, db0, .* and 4 more$/,
      )
      if (agent instanceof DhcpAgent) {
        await expect(agent.networks.ensure({ id: 'db0', subnets, namespace: uniqueName() })).rejects.toMatchObject({
          code: 'ERR_NETLOOM_NOT_OWN',
          message: expect.stringContaining(`${directory}/db0 is there already`) as string,
        })
        await agent.networks.delete('db0', { force: true })
        await agent.sync({ networks: [] })
      } else {
        await expect(agent.routers.ensure({ id: 'db0', ports: [], namespace: uniqueName() })).rejects.toMatchObject({
          code: 'ERR_NETLOOM_NOT_OWN',
        })
        await agent.routers.delete('db0', { force: true })
        await agent.sync({ routers: [] })
      }
      await agent.close()
    }
    expect(tree(directory)).toEqual(before)
  })

  test('the directory of the other kind of agent is refused, also one of an older version', async () => {
    const other = kind === 'dhcp' ? 'router' : 'dhcp'
    const { agent } = await start(other)
    const id = uniqueName()
    if (agent instanceof DhcpAgent) await agent.networks.ensure({ id, subnets })
    else await agent.routers.ensure({ id, ports: [] })
    await agent.close()
    const before = tree(directory)
    for (const lock of [readFileSync(join(directory, 'lock'), 'utf8'), '']) {
      writeFileSync(join(directory, 'lock'), lock)
      await expect(start(kind)).rejects.toMatchObject({ code: 'ERR_NETLOOM_STATE_FOREIGN' })
    }
    expect(tree(directory)).toEqual(before)
    const { agent: same } = await start(other)
    if (same instanceof DhcpAgent) await same.networks.delete(id)
    else await same.routers.delete(id)
    await same.close()
    expect(tree(directory)).toEqual({})
  })

  test('what a kill has left half made or half taken away goes at the next start', async () => {
    const { agent } = await start(kind)
    await agent.close()
    const { owner } = JSON.parse(readFileSync(join(directory, 'lock'), 'utf8')) as { owner: string }
    mkdirSync(join(directory, `.${owner}.red`))
    writeFileSync(join(directory, `.${owner}.red`, 'host'), '')
    mkdirSync(join(directory, '.other.red'))
    const { agent: next, told } = await start(kind)
    await next.close()
    expect(readdirSync(directory).sort()).toEqual(['.other.red', 'lock'])
    expect(told).toMatchObject([{ code: 'ERR_NETLOOM_STATE_FOREIGN' }])
  })
})

test('a directory that somebody has put in the place of one of ours is left when the network goes', async () => {
  const { agent, told } = await start('dhcp')
  if (!(agent instanceof DhcpAgent)) throw new Error('it is none')
  const id = uniqueName()
  await agent.networks.ensure({ id, subnets: [] })
  rmSync(join(directory, id), { recursive: true })
  mkdirSync(join(directory, id))
  writeFileSync(join(directory, id, 'data'), 'precious')
  await agent.networks.delete(id)
  expect(readFileSync(join(directory, id, 'data'), 'utf8')).toBe('precious')
  await agent.close()
  expect(told).toEqual([])
})
