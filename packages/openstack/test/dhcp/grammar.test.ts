// Texts that dnsmasq would take for something else: names, files and domains come to a client as they were given, or are refused.
import fc from 'fast-check'
import { bridgeNameOf } from '../../lib/agents/names'
import type { DhcpNetwork } from '../../lib/index'
import { hostWord } from '../../lib/dhcp/grammar'
import type { NetNs } from 'netloom'
import { isInvalid } from 'netloom/errors'
import { Scene } from './scene'

const mac = '52:54:00:00:00:01'

test('what is read as a name stays as it is, and what would not be is written otherwise', () => {
  for (const name of ['vm', 'host-10-0-0-3', 'ignored', 'h1', 'vm.example', 'm']) expect(hostWord(name)).toBe(name)
  for (const name of ['ignore', 'infinite', '300', '1h', '2w', '5']) expect(hostWord(name)).toBe(`${name}.`)
})

/** What the client is told of a network whose only port has this name, or the field that is refused. */
async function told(
  scene: Scene,
  network: { id: string; client: NetNs },
  given: { hostname?: string; bootFile?: string; tftpServer?: string; domain?: string },
): Promise<Record<string, string> | undefined> {
  const { hostname, ...subnet } = given
  const agent = scene.agents[0]!
  let made: DhcpNetwork
  try {
    const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', ...subnet }]
    made = await agent.networks.ensure({ id: network.id, tap: 'tap1', subnets })
    const port = { id: 'vm', mac, fixedIps: ['10.0.0.10'], hostname }
    if (made.ports.get('vm') === undefined) await made.ports.add(port)
    else await made.ports.update('vm', { hostname })
  } catch (error) {
    if (!isInvalid(error)) throw error
    expect(error.field).toMatch(/hostname|bootFile|tftpServer|domain/)
    return undefined
  }
  const lease = await scene.udhcpc(network.client)
  expect(lease).toMatchObject({ ip: '10.0.0.10', lease: '86400' })
  return lease
}

async function withClient(use: (scene: Scene, network: { id: string; client: NetNs }) => Promise<void>): Promise<void> {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const id = scene.id()
  await agent.networks.ensure({ id, tap: 'tap1', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
  await use(scene, { id, client: await scene.client(bridgeNameOf(id), mac) })
}

test('names that are words and lease times of its grammar are names for a client', async () => {
  await withClient(async (scene, network) => {
    for (const hostname of ['ignore', 'infinite', '300', '1h', '5', '0', '2w', 'deadbeef', 'xn--bcher-kva', 'a_b']) {
      expect([hostname, (await told(scene, network, { hostname }))?.hostname]).toEqual([hostname, hostname])
    }
    for (const hostname of ['1.2.3.4', 'www.example.com', 'a.ignore']) {
      expect(await told(scene, network, { hostname })).toBeUndefined()
    }
    expect(await told(scene, network, { hostname: 'www.example.com', domain: 'example.com' })).toMatchObject({
      hostname: 'www',
      domain: 'example.com',
    })
    expect(await told(scene, network, { hostname: '1', domain: '2.3.4' })).toBeUndefined()
  })
})

test('a file, a server and a domain come as they are, whatever they look like', async () => {
  await withClient(async (scene, network) => {
    for (const bootFile of ['10.0.0.1', '123', 'aa:bb', 'a,b', 'a #b', ' x ', '[fd00::1]', '5', '/boot', 'é', '*']) {
      const lease = await told(scene, network, { bootFile })
      expect([bootFile, lease?.bootfile ?? lease?.boot_file]).toEqual([bootFile, bootFile])
    }
    for (const tftpServer of ['10.0.0.5', '300', 'boot.example']) {
      expect([tftpServer, (await told(scene, network, { tftpServer }))?.tftp]).toEqual([tftpServer, tftpServer])
    }
    for (const domain of ['ab', 'example', 'a.de', 'ignore']) {
      expect([domain, (await told(scene, network, { domain }))?.domain]).toEqual([domain, domain])
    }
  })
})

test('random names and files come to a client as they were given, or are refused', async () => {
  const label = fc.oneof(
    fc.stringMatching(/^[a-z0-9]([a-z0-9_-]{0,6}[a-z0-9])?$/),
    fc.stringMatching(/^\d{1,4}[smhdwbi]?$/),
    fc.string({ minLength: 1, maxLength: 8 }),
  )
  const file = fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.stringMatching(/^[0-9a-fx:.,*/-]{1,12}$/))
  let given = 0
  await withClient(async (scene, network) => {
    await fc.assert(
      fc.asyncProperty(label, file, async (hostname, bootFile) => {
        const lease = await told(scene, network, { hostname, bootFile })
        if (lease === undefined) return
        given++
        expect(lease).toMatchObject({ hostname: hostname.toLowerCase() })
        expect(lease.bootfile ?? lease.boot_file).toBe(bootFile)
      }),
      { numRuns: 40, endOnFailure: true },
    )
  })
  expect(given).toBeGreaterThan(5)
})
