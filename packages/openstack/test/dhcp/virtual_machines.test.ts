// Real machines, in qemu's emulation, get their addresses from the agent by way of a tap on its bridge.
import { prepareImage, VirtualMachine, type Image } from '../../../../examples/openstack/virtual_machine'
import { Scene } from './scene'

jest.setTimeout(120_000)

const [mac1, mac2] = ['52:54:00:00:00:01', '52:54:00:00:00:02']
let image: Image

beforeAll(async () => {
  image = await prepareImage()
}, 300_000)

test('a machine boots, gets what is reserved for it, reaches the server and another machine, and loses it', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    tap: 'tap1',
    mtu: 1400,
    subnets: [{ id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1', dnsServers: ['9.9.9.9'], leaseSeconds: 120 }],
  })
  await network.ports.add({ id: 'vm1', mac: mac1, fixedIps: ['10.0.0.10'] })
  await network.ports.add({ id: 'vm2', mac: mac2, fixedIps: ['10.0.0.20'] })
  const boot = (tap: string, mac: string): Promise<VirtualMachine> =>
    VirtualMachine.boot(image, { netns: scene.host, tap, bridge: network.bridge!, mac })
  await using one = await boot('vm1', mac1)
  await using two = await boot('vm2', mac2)

  const bound = /^DHCP bound (.*)\n/m
  expect((await one.says(bound))[1]).toBe('ip=10.0.0.10 mask=24 router=10.0.0.1 dns=9.9.9.9 mtu=1400 lease=120')
  expect((await two.says(bound))[1]).toBe('ip=10.0.0.20 mask=24 router=10.0.0.1 dns=9.9.9.9 mtu=1400 lease=120')
  expect((await one.run('cat /sys/class/net/eth0/mtu')).printed).toContain('1400')
  expect(network.leases().map(({ address, mac }) => [address, mac])).toEqual(
    expect.arrayContaining([
      ['10.0.0.10', mac1],
      ['10.0.0.20', mac2],
    ]),
  )
  const [server = ''] = network.serverAddresses
  expect(await one.run(`ping -c 1 -W 3 ${server}`)).toMatchObject({ status: 0 })
  expect(await two.run('ping -c 1 -W 3 10.0.0.10')).toMatchObject({ status: 0 })
  // What they send is really theirs, and nobody is there who is not.
  expect(await two.run('ping -c 1 -W 1 10.0.0.99')).toMatchObject({ status: 1 })

  // A port that is deleted: its machine is refused when it renews, and has no address then. The other one keeps its own.
  const [from, other] = [one.said.length, two.said.length]
  await network.ports.delete('vm1')
  expect(network.leases().map(({ address }) => address)).toEqual(['10.0.0.20'])
  // By a signal: busybox renews at half of the lease, whatever the server says of it (option 58), and dnsmasq leases for two minutes at
  // least. A client that heeds option 58 renews by itself in other_clients.test.ts.
  for (const machine of [one, two]) await machine.run('kill -USR1 $(pidof udhcpc)')
  await one.says(/^DHCP nak\n/m, { from })
  await one.says(/^DHCP deconfig\n/m, { from })
  await two.says(/^DHCP renew ip=10\.0\.0\.20 /m, { from: other })
  expect((await one.run('ip -4 addr show dev eth0')).printed).not.toContain('10.0.0.10')
  expect(await two.run('ping -c 1 -W 1 10.0.0.10')).toMatchObject({ status: 1 })
})
