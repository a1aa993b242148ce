// Real clients of a real dnsmasq: what they are given, and what becomes of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { runIn, Scene, until } from './scene'

const mac = '52:54:00:00:00:01'
const other = '52:54:00:00:00:02'

test('busybox gets its reserved address and every option', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    domain: 'example.org',
    mtu: 1450,
    tap: 'tap1',
    metadata: true,
    subnets: [
      {
        id: 'v4',
        cidr: '10.0.0.0/24',
        gateway: '10.0.0.1',
        dnsServers: ['8.8.8.8', '9.9.9.9'],
        hostRoutes: [{ destination: '20.0.0.0/24', nexthop: '10.0.0.9' }],
        leaseSeconds: 7200,
        ntpServers: ['10.0.0.3'],
        domainSearch: ['a.example', 'b.example'],
        tftpServer: 'boot.example.org',
        bootFile: 'pxe #1/file.0',
      },
    ],
  })
  expect(network.serverAddresses).toEqual(['10.0.0.2'])
  const { master } = await scene.host.links.get('tap1')
  expect((await scene.host.links.get(master!)).name).toBe(network.bridge)
  await network.ports.add({ id: 'vm1', mac, fixedIps: ['10.0.0.10'], hostname: 'vm1' })
  const client = await scene.client(network.bridge, mac)
  expect(await scene.udhcpc(client)).toMatchObject({
    ip: '10.0.0.10',
    subnet: '255.255.255.0',
    router: '10.0.0.1',
    dns: '8.8.8.8 9.9.9.9',
    domain: 'example.org',
    mtu: '1450',
    ntpsrv: '10.0.0.3',
    search: 'a.example b.example',
    tftp: 'boot.example.org',
    bootfile: 'pxe #1/file.0',
    lease: '7200',
    serverid: '10.0.0.2',
    staticroutes: '20.0.0.0/24 10.0.0.9 169.254.169.254/32 10.0.0.2 0.0.0.0/0 10.0.0.1',
    msstaticroutes: '20.0.0.0/24 10.0.0.9 169.254.169.254/32 10.0.0.2 0.0.0.0/0 10.0.0.1',
  })
  expect(network.leases()).toMatchObject([{ address: '10.0.0.10', mac, hostname: 'vm1' }])
  await until(() => scene.events('lease').length > 0, 'the lease is told')
  expect(scene.events('lease')[0]).toMatchObject({ network: network.id, port: 'vm1', renewed: false })
  // The metadata address is there, behind the route.
  await client.routes.add({ dst: '169.254.169.254/32', via: '10.0.0.2' })
  await runIn(client, 'ping', '-c1', '-W2', '169.254.169.254')
})

test('without gateway, servers and MTU nothing of the kind is sent', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnet = { id: 'v4', cidr: '10.0.0.0/24', dnsServers: [] }
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', dns: false, subnets: [subnet] })
  await network.ports.add({ id: 'vm1', mac })
  const given = await scene.udhcpc(await scene.client(network.bridge, mac))
  expect(given).toMatchObject({ ip: '10.0.0.2', serverid: '10.0.0.1' })
  for (const name of ['router', 'dns', 'mtu', 'staticroutes', 'domain']) expect(given).not.toHaveProperty(name)
})

test('a port has options of its own, and iPXE another file than the firmware', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', options: [{ code: 'time-offset', value: '3600' }] }]
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets })
  const options = [
    { code: 67, value: 'undionly.kpxe', tag: '!ipxe' },
    { code: 67, value: 'http://10.0.0.1/boot.ipxe', tag: 'ipxe' },
    { code: 42, value: ['10.0.0.5', '10.0.0.6'] },
  ]
  await network.ports.add({ id: 'vm1', mac, options })
  await network.ports.add({ id: 'vm2', mac: other })
  const one = await scene.client(network.bridge, mac)
  expect(await scene.udhcpc(one)).toMatchObject({ bootfile: 'undionly.kpxe', ntpsrv: '10.0.0.5 10.0.0.6' })
  expect(await scene.udhcpc(one, '-x', '175:01')).toMatchObject({ bootfile: 'http://10.0.0.1/boot.ipxe' })
  expect(await scene.udhcpc(await scene.client(network.bridge, other))).not.toHaveProperty('bootfile')
})

test("the article's lines: MAC,,IP,LEASE", async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    namespace: scene.id('dhcp-r'),
    tap: 'tab-1',
    device: 'ns-1',
    hostLines: 'plain',
    subnets: [{ id: 'v4', cidr: '192.168.10.0/24', leaseSeconds: 192_800 }],
  })
  await network.ports.add({ id: 'red', mac: 'fa:17:4e:86:18:a6', fixedIps: ['192.168.10.10'] })
  expect(scene.read(network.id, 'host')).toBe('fa:17:4e:86:18:a6,,192.168.10.10,192800\n')
  expect(scene.read(network.id, 'interface')).toBe('ns-1')
  const client = await scene.client(network.bridge, 'fa:17:4e:86:18:a6')
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '192.168.10.10', lease: '192800' })
})

test('a client identifier is known whatever the card', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets })
  await network.ports.add({ id: 'vm1', mac, clientId: 'ff:00:11:22', fixedIps: ['10.0.0.40'] })
  const client = await scene.client(network.bridge, other)
  expect(await scene.udhcpc(client, '-t', '2')).toBeUndefined()
  expect(await scene.udhcpc(client, '-x', '61:ff001122')).toMatchObject({ ip: '10.0.0.40' })
})

test('dhclient gets its addresses, of both families, and stateless options', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    tap: 'tap1',
    domain: 'example.org',
    subnets: [
      { id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1' },
      { id: 'v6', cidr: 'fd77::/64', dnsServers: ['fd77::53'] },
    ],
  })
  await network.ports.add({ id: 'vm1', mac, hostname: 'vm1', fixedIps: ['10.0.0.11', 'fd77::11'] })
  const client = await scene.client(network.bridge, mac)
  expect(await scene.dhclient(client, '-4')).toMatchObject({
    new_ip_address: '10.0.0.11',
    new_routers: '10.0.0.1',
    new_domain_name: 'example.org',
  })
  await until(
    async () =>
      (await client.addresses.list()).some(({ address, flags }) => {
        return address.startsWith('fe80') && !flags.includes('tentative')
      }),
    'the link-local address is usable',
  )
  const six = await scene.dhclient(client, '-6')
  expect(six).toMatchObject({ new_ip6_address: 'fd77::11', new_dhcp6_name_servers: 'fd77::53' })
  expect(network.leases().map(({ address }) => address)).toEqual(['10.0.0.11', 'fd77::11'])

  // Names, of both families and back.
  const look = (name: string): Promise<string> => runIn(client, 'busybox', 'nslookup', name, '10.0.0.2')
  expect(await look('vm1.example.org')).toMatch(/10\.0\.0\.11[^]*fd77::11/)
  expect(await look('10.0.0.11')).toContain('vm1.example.org')

  // A deleted port is released, of both families, and what it had can be another's at once.
  await network.ports.delete('vm1')
  expect(network.leases()).toEqual([])
  await until(() => scene.events('release').length === 2, 'both releases are told')
  await network.ports.add({ id: 'vm2', mac: other, fixedIps: ['10.0.0.11', 'fd77::11'] })
  const second = await scene.client(network.bridge, other)
  expect(await scene.udhcpc(second)).toMatchObject({ ip: '10.0.0.11' })
  expect(await scene.udhcpc(client, '-t', '2')).toBeUndefined()
})

test('stateless: options without an address; the DHCP server is no router', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnet = {
    id: 'v6',
    cidr: 'fd77::/64',
    gateway: 'fd77::1',
    ipv6Mode: 'stateless',
    dnsServers: ['fd77::53'],
    advertise: true,
  } as const
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', domain: 'example.org', subnets: [subnet] })
  const client = await scene.client(network.bridge, mac)
  await until(async () => {
    // By the router advertisement, which dnsmasq sends here.
    return (await client.addresses.list()).some(({ address }) => address.startsWith('fd77:'))
  }, 'the client makes itself an address')
  // It forwards nothing: who took it for the default router would reach nobody outside.
  expect(await client.routes.list({ dst: 'default', family: 'ipv6', table: 'main' })).toEqual([])
  expect(await scene.dhclient(client, '-6', '-S')).toMatchObject({ new_dhcp6_name_servers: 'fd77::53' })
  expect(network.leases()).toEqual([])
})

test('dnsmasq answers on its device alone, whatever else is in the namespace', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', domain: 'example.org', subnets })
  await network.ports.add({ id: 'vm1', mac, hostname: 'vm1', fixedIps: ['10.0.0.10'] })
  using inside = await network.openNetNs()
  const client = await scene.client(undefined, mac, 'other')
  await scene.host.links.set('other', { netns: inside, name: 'other' })
  await inside.links.set('other', { up: true })
  await inside.addresses.add({ dev: 'other', address: '10.0.0.77/24', flags: ['noprefixroute'] })
  await inside.addresses.add({ dev: 'other', address: '10.9.0.77/24' })
  expect(await scene.udhcpc(client, '-t', '2')).toBeUndefined()
  await client.addresses.add({ dev: 'eth0', address: '10.9.0.78/24' })
  await runIn(client, 'ping', '-c1', '-W2', '10.9.0.77')
  await expect(runIn(client, 'busybox', 'nslookup', 'vm1.example.org', '10.9.0.77')).rejects.toThrow()
  expect(network.leases()).toEqual([])
})

test('networks with the same addresses do not see each other', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1' }]
  const [red, green] = await Promise.all(
    ['red', 'green'].map((tap) => agent.networks.ensure({ id: scene.id(tap), tap: `tap${tap}`, subnets })),
  )
  await red!.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  await green!.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.20'] })
  await green!.ports.add({ id: 'only', mac: other, fixedIps: ['10.0.0.21'] })
  const [one, two, lost] = [
    await scene.client(red!.bridge, mac),
    await scene.client(green!.bridge, mac),
    await scene.client(red!.bridge, other),
  ]
  const given = await Promise.all([one, two, lost].map((client) => scene.udhcpc(client, '-t', '3')))
  expect(given.map((one) => one?.ip)).toEqual(['10.0.0.10', '10.0.0.20', undefined])
  expect(red!.leases()).toHaveLength(1)
  expect(green!.leases()).toHaveLength(1)
})

test('changed subnets start dnsmasq again, and leases stay; those of a subnet that goes, go', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const id = scene.id()
  const four = { id: 'v4', cidr: '10.0.0.0/24' }
  const more = { id: 'more', cidr: '10.1.0.0/24' }
  const network = await agent.networks.ensure({ id, tap: 'tap1', subnets: [four] })
  await network.ports.add({ id: 'vm1', mac, fixedIps: ['10.0.0.10'] })
  const client = await scene.client(network.bridge, mac)
  await scene.udhcpc(client)
  const { pid } = network
  expect(await agent.networks.ensure({ id, tap: 'tap1', subnets: [four] })).toBe(network)
  expect(network.pid).toBe(pid)
  await agent.networks.ensure({ id, tap: 'tap1', subnets: [four, more] })
  expect(network.pid).not.toBe(pid)
  expect(network.leases()).toMatchObject([{ address: '10.0.0.10', mac }])
  await until(() => scene.events('restart').length > 0, 'the restart is told')
  expect(scene.events('restart')).toMatchObject([{ network: id, reason: 'changed', pid: network.pid }])
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  await expect(agent.networks.ensure({ id, tap: 'tap1', subnets: [more] })).rejects.toMatchObject({ field: 'subnets' })
  await network.ports.update('vm1', { fixedIps: ['10.1.0.10'] })
  expect(network.leases()).toEqual([])
  await agent.networks.ensure({ id, tap: 'tap1', subnets: [more] })
  // Without DHCP there is no dnsmasq, and it comes again.
  await agent.networks.ensure({ id, tap: 'tap1', subnets: [{ ...more, dhcp: false }] })
  expect(network.pid).toBeUndefined()
  await agent.networks.ensure({ id, tap: 'tap1', subnets: [more] })
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.1.0.10' })
})

test('a lease that is prolonged is told as such', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets })
  await network.ports.add({ id: 'vm1', mac })
  const client = await scene.client(network.bridge, mac)
  await scene.udhcpc(client)
  await sleep(1000)
  await scene.udhcpc(client)
  await until(() => scene.events('lease').length === 2, 'both are told')
  expect(scene.events('lease').map(({ renewed }) => renewed)).toEqual([false, true])
})
