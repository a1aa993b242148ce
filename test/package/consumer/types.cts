// A dependent's TypeScript, compiled to CommonJS.
import { NetNs } from 'netloom'
import type { DhcpAgent, Lease, Router, RouterAgent } from '@netloom/openstack'
import { OpenVswitch as Switch, type Port } from '@netloom/ovs'
import { OvsdbClient, type OpenVswitch } from '@netloom/ovs/ovsdb'
import { useNetNs } from 'netloom/testing'

export async function names(): Promise<string[]> {
  await using ns: NetNs = await NetNs.create()
  return (await ns.links.list()).map((link) => link.name)
}

// @ts-expect-error A namespace's name is a string: the types are real ones, not `any`.
void NetNs.create(42)

export function leases(agent: DhcpAgent): readonly Lease[] {
  // @ts-expect-error A subnet has an id and a prefix.
  void agent.networks.ensure({ id: 'red', subnets: [{}] })
  return agent.networks.list().flatMap((network) => network.leases())
}

export async function router(agent: RouterAgent): Promise<Router> {
  // @ts-expect-error A floating address stands for a fixed one.
  void agent.routers.ensure({ id: 'r1', ports: [], floatingIps: [{ address: '203.0.113.10' }] })
  return agent.routers.ensure({ id: 'r1', ports: [{ id: 'p1', network: 'red', addresses: ['10.0.0.1/24'] }] })
}

export async function tags(db: OvsdbClient<OpenVswitch.Tables>): Promise<(number | null)[]> {
  const { value } = await db.transaction((tx) => tx.select(tx.rows('Port'), ['tag']))
  // @ts-expect-error Only the tag was asked for.
  void value[0]?.name
  return value.map(({ tag }) => tag)
}

// A port's type tells its tag from its name.
export async function access(ovs: Switch): Promise<Port[]> {
  // @ts-expect-error A tag is a number.
  await ovs.ports.set('p1', { tag: '10' })
  return (await ovs.ports.list()).filter(({ tag }) => tag === 10)
}

// The test kit knows the names of its namespaces.
export function kit(): NetNs[] {
  const hooks = { beforeEach: (_: () => Promise<void>) => undefined, afterEach: (_: () => Promise<void>) => undefined }
  const pair = useNetNs({ pair: true, hooks })
  const three = useNetNs({ names: ['a', 'b', 'c'], join: 'bridge', prepare: ({ a }) => a.links.list() })
  // @ts-expect-error Neither of the two has this name.
  void pair.blue
  return [useNetNs().ns, pair.red, pair.green, three.a, three.switch, pair.of({}).red]
}
