// Other clients than busybox's, and what they do by themselves: Debian's dhcpcd, ISC's dhclient.
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { NetNs } from 'netloom'
import { Scene, until, type Given } from './scene'
import { patience } from '../../../../test/support/patience'

const mac = '52:54:00:00:00:01'

/** Lets dhcpcd get a lease, and gives all that it was told. What it remembers is in memory, and goes with it. */
async function dhcpcd(client: NetNs, family: '-4' | '-6'): Promise<Given> {
  const script = join(__dirname, 'fixtures', 'dhcpcd.sh')
  const options = ['interface_mtu', 'classless_static_routes', 'dhcp6_name_servers'].flatMap((one) => ['-o', one])
  const command = ['dhcpcd', family, '-1', '-B', '-A', '-t', '10', '-f', '/dev/null', ...options, '-c', script, 'eth0']
  const own = 'mkdir -p /run/dhcpcd && mount -t tmpfs tmpfs /run/dhcpcd && mount -t tmpfs tmpfs /var/lib/dhcpcd'
  const { stdout } = await promisify(client.execFile)('sh', ['-c', `${own} && exec "$@"`, 'sh', ...command], {
    mount: true,
    timeout: patience,
  } as never)
  return Object.fromEntries([...stdout.matchAll(/^(new_\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]))
}

test('dhcpcd gets its addresses, of both families', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    tap: 'tap1',
    subnets: [
      {
        id: 'v4',
        cidr: '10.0.0.0/24',
        gateway: '10.0.0.1',
        mtu: 1400,
        hostRoutes: [{ destination: '20.0.0.0/24', nexthop: '10.0.0.9' }],
      },
      { id: 'v6', cidr: 'fd77::/64', dnsServers: ['fd77::53'], advertise: true },
    ],
  })
  await network.ports.add({ id: 'vm1', mac, hostname: 'vm1', fixedIps: ['10.0.0.10', 'fd77::10'] })
  const client = await scene.client(network.bridge, mac)
  const [four, six] = await Promise.all([dhcpcd(client, '-4'), dhcpcd(client, '-6')])
  expect(four).toMatchObject({
    new_ip_address: '10.0.0.10',
    new_interface_mtu: '1400',
    new_classless_static_routes: '20.0.0.0/24 10.0.0.9 0.0.0.0/0 10.0.0.1',
  })
  expect(six).toMatchObject({ new_dhcp6_ia_na1_ia_addr1: 'fd77::10', new_dhcp6_name_servers: 'fd77::53' })
  expect(network.leases().map(({ address }) => address)).toEqual(['10.0.0.10', 'fd77::10'])
})

test('a client that is told when to renew (option 58) does, and loses its address then if its port is deleted', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  // dnsmasq takes no less than three seconds.
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', leaseSeconds: 120, options: [{ code: 58, value: '3' }] }]
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets })
  await network.ports.add({ id: 'vm1', mac, fixedIps: ['10.0.0.10'] })
  const client = await scene.client(network.bridge, mac)
  const file = (name: string): string => join(scene.directory, name)
  const fixture = (name: string): string => join(__dirname, 'fixtures', name)
  const files = ['-lf', file('renewing'), '-pf', file('pid'), '-cf', fixture('dhclient.conf')]
  const more = ['-sf', fixture('dhclient.sh'), '-e', `TOLD=${file('told')}`]
  const child = client.spawn('dhclient', ['-4', '-d', ...files, ...more, 'eth0'], { stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const told = (reason: string): number => readFileSync(file('told'), 'utf8').split(`reason=${reason}\n`).length - 1
  try {
    await until(() => scene.events('lease').length === 2, 'the client renews by itself')
    expect(scene.events('lease').map(({ renewed }) => renewed)).toEqual([false, true])
    await until(() => told('RENEW') === 1, 'and knows it')
    await network.ports.delete('vm1')
    expect(network.leases()).toEqual([])
    await until(() => told('EXPIRE') === 1, 'it loses the address at the next renewal')
  } finally {
    child.kill('SIGKILL')
    await ended
  }
})

test('dnsmasq becomes the user that is named, and serves what comes later', async () => {
  await using scene = await Scene.make()
  chmodSync(scene.directory, 0o755)
  const agent = await scene.agent({ user: 'nobody' })
  const network = await agent.networks.ensure({
    id: scene.id(),
    tap: 'tap1',
    subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }],
  })
  const { uid } = statSync(`/proc/${network.pid!}`)
  expect(/^nobody:x:(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1]).toBe(String(uid))
  await network.ports.add({ id: 'vm1', mac, fixedIps: ['10.0.0.10'] })
  const client = await scene.client(network.bridge, mac)
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  expect(network.leases()).toMatchObject([{ address: '10.0.0.10', mac }])
  // Neither the next lease nor the next start needs rights that it has given away.
  await network.ports.delete('vm1')
  expect(network.leases()).toEqual([])
  process.kill(network.pid!, 'SIGKILL')
  await until(() => scene.events('restart').length === 1, 'it is started again')
  expect(statSync(`/proc/${network.pid!}`).uid).toBe(uid)
  expect(scene.events('error')).toEqual([])
})
