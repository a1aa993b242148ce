// What is written for dnsmasq, line by line, for the networks that orchestrators describe.
import { checkNetwork } from '../../lib/dhcp/check_network'
import { dnsmasqArguments, pathsIn } from '../../lib/dhcp/arguments'
import { hostFile, namesFile, optionsFile, type State } from '../../lib/dhcp/host_files'
import { filled } from '../../lib/dhcp/network'
import type { DhcpOption, NetworkOptions, PortOptions, SubnetOptions } from '../../lib/index'

const mac = 'fa:16:3e:00:00:01'

function stateOf(options: Omit<NetworkOptions, 'id'>, ports: readonly PortOptions[] = []): State {
  const network = checkNetwork({ id: 'net', ...options })
  return { network, ports: filled(undefined, network, ports) }
}

/** The lines of the options file of a network whose first subnet is this one. */
function optionsOf(
  subnet: Partial<SubnetOptions>,
  more: Partial<NetworkOptions> = {},
  ports: readonly PortOptions[] = [],
): string[] {
  const { subnets = [], ...others } = more
  const first = { id: 'a', cidr: '192.168.0.0/24', dnsServers: [], ...subnet }
  return optionsFile(stateOf({ subnets: [first, ...subnets], ...others }, ports))
    .split('\n')
    .slice(0, -1)
}

const routesOf = (lines: readonly string[]): (string | undefined)[] =>
  ['option:classless-static-route', '249'].map((code) =>
    lines.find((line) => line.startsWith(`tag:subnet-a,${code},`))?.slice(`tag:subnet-a,${code},`.length),
  )

describe('the options file', () => {
  test('without anything a subnet says that there is nothing, lest dnsmasq name itself', () => {
    expect(optionsOf({})).toEqual(['tag:subnet-a,option:router', 'tag:subnet-a,option:dns-server'])
  })

  test.each<
    [
      name: string,
      subnet: Partial<SubnetOptions>,
      more: Partial<NetworkOptions>,
      router: string | undefined,
      routes: string | undefined,
    ]
  >([
    ['a gateway alone needs no routes', { gateway: '192.168.0.1' }, {}, '192.168.0.1', undefined],
    [
      'an isolated subnet has metadata at the server',
      {},
      { metadata: true },
      undefined,
      '169.254.169.254/32,192.168.0.1',
    ],
    [
      'with a gateway the default route comes last, and metadata stays at the server',
      { gateway: '192.168.0.1' },
      { metadata: true },
      '192.168.0.1',
      '169.254.169.254/32,192.168.0.2,0.0.0.0/0,192.168.0.1',
    ],
    [
      'a host route to the metadata address is heeded',
      { gateway: '192.168.0.1', hostRoutes: [{ destination: '169.254.169.254/32', nexthop: '192.168.0.9' }] },
      { metadata: true },
      '192.168.0.1',
      '169.254.169.254/32,192.168.0.9,0.0.0.0/0,192.168.0.1',
    ],
    [
      'a host route to everything is the router where there is no gateway',
      {
        hostRoutes: [
          { destination: '0.0.0.0/0', nexthop: '192.168.0.7' },
          { destination: '10.0.0.0/8', nexthop: '192.168.0.8' },
        ],
      },
      {},
      '192.168.0.7',
      '10.0.0.0/8,192.168.0.8,0.0.0.0/0,192.168.0.7',
    ],
    [
      'a host route to everything by the gateway is the default route, once',
      { gateway: '192.168.0.1', hostRoutes: [{ destination: '0.0.0.0/0', nexthop: '192.168.0.1' }] },
      { metadata: true },
      '192.168.0.1',
      '169.254.169.254/32,192.168.0.2,0.0.0.0/0,192.168.0.1',
    ],
    [
      'other subnets are on the link, those without DHCP too, and come first; IPv6 has no part in it',
      { gateway: '192.168.0.1', hostRoutes: [{ destination: '20.0.0.0/24', nexthop: '192.168.0.9' }] },
      {
        subnets: [
          { id: 'b', cidr: '192.168.1.0/24', dhcp: false },
          { id: 'c', cidr: '192.168.2.0/24' },
          { id: 'd', cidr: 'fd77::/64' },
        ],
      },
      '192.168.0.1',
      '192.168.1.0/24,0.0.0.0,192.168.2.0/24,0.0.0.0,20.0.0.0/24,192.168.0.9,0.0.0.0/0,192.168.0.1',
    ],
    [
      'a host route to another subnet is heeded',
      { hostRoutes: [{ destination: '192.168.1.0/24', nexthop: '192.168.0.9' }] },
      { subnets: [{ id: 'b', cidr: '192.168.1.0/24' }] },
      undefined,
      '192.168.1.0/24,192.168.0.9',
    ],
  ])('%s', (_, subnet, more, router, routes) => {
    const lines = optionsOf(subnet, more)
    expect(lines).toContain(`tag:subnet-a,option:router${router === undefined ? '' : `,${router}`}`)
    expect(routesOf(lines)).toEqual([routes, routes])
  })

  test.each([
    ['nexthop', '192.168.0.1', [{ destination: '0.0.0.0/0', nexthop: '192.168.0.2' }]],
    [
      'destination',
      undefined,
      [
        { destination: '10.0.0.0/8', nexthop: '192.168.0.2' },
        { destination: '10.0.0.0/8', nexthop: '192.168.0.3' },
      ],
    ],
  ])('host routes that contradict each other or the gateway: %s', (field, gateway, hostRoutes) => {
    expect(() => optionsOf({ gateway, hostRoutes })).toThrow(
      `"subnets[0].hostRoutes[${hostRoutes.length - 1}].${field}"`,
    )
  })

  test('name servers in their order, the server itself where none are given, none where there are none', () => {
    const four = (subnet: Partial<SubnetOptions>, more: Partial<NetworkOptions> = {}): string | undefined =>
      optionsOf(subnet, more).find((line) => line.includes('dns-server'))
    const servers = ['2.2.2.2', '9.9.9.9', '1.1.1.1']
    expect(four({ dnsServers: servers })).toBe('tag:subnet-a,option:dns-server,2.2.2.2,9.9.9.9,1.1.1.1')
    expect(four({ dnsServers: undefined })).toBe('tag:subnet-a,option:dns-server,192.168.0.1')
    expect(four({ dnsServers: undefined }, { dns: false })).toBe('tag:subnet-a,option:dns-server')
    expect(four({ dnsServers: [] })).toBe('tag:subnet-a,option:dns-server')
  })

  test('IPv6 has servers in brackets, its domain to search, no routes, no router', () => {
    const six = { id: 'a', cidr: 'fd77::/64', dnsServers: ['fd77::53', '2001:0200:feed:7ac0::1'] }
    expect(optionsOf(six, { domain: 'example.org', metadata: true })).toEqual([
      'tag:subnet-a,option6:dns-server,[fd77::53],[2001:200:feed:7ac0::1]',
      'tag:subnet-a,option6:domain-search,example.org',
    ])
  })

  test('a subnet without DHCP says nothing', () => {
    expect(optionsOf({ dhcp: false, gateway: '192.168.0.1' }, { metadata: true })).toEqual([])
  })

  test.each<[option: DhcpOption, line: string]>([
    [{ code: 'tftp-server', value: '192.168.0.3' }, 'option:tftp-server,192.168.0.3'],
    [{ code: 'server-ip-address', value: '192.168.0.2' }, 'option:server-ip-address,192.168.0.2'],
    [{ code: 99, value: 'option-99' }, '99,option-99'],
    [{ code: 'bootfile-name', value: 'pxelinux.0', tag: 'ipxe' }, 'tag:ipxe,option:bootfile-name,pxelinux.0'],
    [{ code: 'bootfile-name', value: 'x', tag: '!ipxe' }, 'tag:!ipxe,option:bootfile-name,x'],
    [{ code: 59, value: '2001:192:168::1', family: 'ipv6' }, 'option6:59,2001:192:168::1'],
    [{ code: 'bootfile-url', value: 'http://a/b', family: 'ipv6' }, 'option6:bootfile-url,http://a/b'],
    [{ code: 'ntp-server', value: ['10.0.0.1', '10.0.0.2'] }, 'option:ntp-server,10.0.0.1,10.0.0.2'],
    [{ code: 3 }, '3'],
    [{ code: 'router', value: '' }, 'option:router'],
    [{ code: 67, value: 'a#b' }, '67,"a#b"'],
  ])('an option of a port: %j', (option, line) => {
    const port = { id: 'vm', mac, options: [option] }
    expect(optionsOf({}, {}, [port]).at(-1)).toBe(`tag:port-vm,${line}`)
  })
})

describe('the hosts file', () => {
  const four = { id: 'a', cidr: '192.168.0.0/24' }
  const six = { id: 's', cidr: 'fdca:3ba5:a17a:4ba3::/64' }
  const hosts = (options: Omit<NetworkOptions, 'id'>, port: Partial<PortOptions>): string[] =>
    hostFile(stateOf(options, [{ id: 'vm', mac, ...port }]))
      .split('\n')
      .slice(0, -1)

  test('both families, each with a line of its own', () => {
    const fixedIps = ['192.168.0.3', 'fdca:3ba5:a17a:4ba3::3']
    expect(hosts({ subnets: [four, six], domain: 'openstacklocal' }, { fixedIps })).toEqual([
      `${mac},host-192-168-0-3.openstacklocal,192.168.0.3`,
      `${mac},tag:dhcpv6,host-fdca-3ba5-a17a-4ba3--3.openstacklocal,[fdca:3ba5:a17a:4ba3::3]`,
    ])
  })

  test('several IPv6 addresses of one subnet stand in one line, for which DHCPv6 has room', () => {
    const fixedIps = ['fdca:3ba5:a17a:4ba3::3', 'fdca:3ba5:a17a:4ba3::4']
    expect(hosts({ subnets: [six] }, { fixedIps, hostname: 'vm' })).toEqual([
      `${mac},tag:dhcpv6,vm,[fdca:3ba5:a17a:4ba3::3],[fdca:3ba5:a17a:4ba3::4]`,
    ])
  })

  test('two addresses never have one name', () => {
    const names = ['fd00::1:2', 'fd00::1:0:2', 'fd00::12'].map((address) => {
      const [line = ''] = hosts({ subnets: [{ id: 's', cidr: 'fd00::/64' }] }, { fixedIps: [address] })
      return line.split(',')[2]
    })
    expect(new Set(names).size).toBe(3)
    expect(hosts({ subnets: [{ id: 's', cidr: 'fd00::/64' }] }, { fixedIps: ['fd00:0:0:0:1:1:1::'] })[0]).toContain(
      ',host-fd00--1-1-1-0,',
    )
  })

  test('a client id, and options, which need a tag', () => {
    expect(hosts({ subnets: [four] }, { clientId: 'test5', options: [{ code: 67, value: 'x' }] })).toEqual([
      `${mac},id:test5,host-192-168-0-2,192.168.0.2,set:port-vm`,
    ])
  })

  test('a name lies in the domain of its subnet, with which it may be given', () => {
    const subnets = [{ ...four, domain: 'a.example' }]
    expect(hosts({ subnets, domain: 'example' }, { hostname: 'vm' })).toEqual([`${mac},vm.a.example,192.168.0.2`])
    expect(hosts({ subnets }, { hostname: 'vm.a.example' })).toEqual([`${mac},vm.a.example,192.168.0.2`])
    for (const hostname of ['vm.other.org', 'vm.example', 'x.vm.a.example', '1.2.3.4']) {
      expect(() => hosts({ subnets }, { hostname })).toThrow(
        expect.objectContaining({ field: 'ports[0].hostname' }) as Error,
      )
    }
    const names = namesFile(stateOf({ subnets, domain: 'example' }, [{ id: 'vm', mac, hostname: 'vm' }]))
    expect(names).toBe('192.168.0.2\tvm.a.example vm\n')
  })

  test('no addresses, no line; stateless IPv6 and subnets without DHCP have none, but a name', () => {
    expect(hosts({ subnets: [four, six] }, { fixedIps: [] })).toEqual([])
    const subnets = [
      { ...four, dhcp: false },
      { ...six, ipv6Mode: 'stateless' as const },
    ]
    const port = { id: 'vm', mac, hostname: 'vm', fixedIps: ['192.168.0.3', 'fdca:3ba5:a17a:4ba3:f816:3eff:fe00:1'] }
    expect(hosts({ subnets }, port)).toEqual([])
    expect(namesFile(stateOf({ subnets }, [port]))).toBe('192.168.0.3\tvm\nfdca:3ba5:a17a:4ba3:f816:3eff:fe00:1\tvm\n')
  })

  test('who only asks for options (stateless) is known by his tag', () => {
    const subnets = [{ ...six, ipv6Mode: 'stateless' as const }]
    const options = [{ code: 59, value: 'http://a', family: 'ipv6' as const }]
    expect(hosts({ subnets }, { fixedIps: [], options })).toEqual([`${mac},tag:dhcpv6,set:port-vm`])
  })

  test('addresses that nobody chose: one of each subnet that gives addresses, in the pool, past gateway and server', () => {
    const subnets = [
      { ...four, gateway: '192.168.0.1', pool: { start: '192.168.0.1', end: '192.168.0.4' } },
      six,
      { id: 'x', cidr: 'fd01::/64', ipv6Mode: 'stateless' as const },
    ]
    const ports = [1, 2].map((n) => ({ id: `vm${n}`, mac: `fa:16:3e:00:00:0${n}` }))
    const { ports: table } = stateOf({ subnets }, ports)
    expect(Array.from(table, ({ fixedIps }) => fixedIps.map(({ address }) => address))).toEqual([
      ['192.168.0.3', 'fdca:3ba5:a17a:4ba3::2'],
      ['192.168.0.4', 'fdca:3ba5:a17a:4ba3::3'],
    ])
    expect(() => stateOf({ subnets }, [...ports, { id: 'vm3', mac: 'fa:16:3e:00:00:03' }])).toThrow('no free address')
  })
})

describe("dnsmasq's arguments", () => {
  const argumentsOf = (options: Omit<NetworkOptions, 'id'>): string[] =>
    dnsmasqArguments(stateOf(options).network, 'ns-1', pathsIn('/x'), { user: 'root', upstream: [] }) ?? []
  const ranges = (options: Omit<NetworkOptions, 'id'>): string[] =>
    argumentsOf(options).filter((one) => one.startsWith('--dhcp-range='))

  test('a range for each subnet with DHCP, by family and mode', () => {
    const subnets: SubnetOptions[] = [
      { id: 'a', cidr: '192.168.0.0/22', leaseSeconds: Infinity },
      { id: 'b', cidr: '10.0.0.0/24', dhcp: false },
      { id: 's', cidr: 'fd77::/64', leaseSeconds: 600 },
      { id: 't', cidr: 'fd78::/64', ipv6Mode: 'stateless', leaseSeconds: 600 },
      { id: 'u', cidr: 'fd79::/64', ipv6Mode: 'stateless', advertise: true, leaseSeconds: 600 },
    ]
    expect(ranges({ subnets })).toEqual([
      '--dhcp-range=set:subnet-a,192.168.0.0,static,255.255.252.0,infinite',
      '--dhcp-range=set:subnet-s,fd77::,static,64,600s',
      '--dhcp-range=set:subnet-t,fd78::,static,64,600s',
      '--dhcp-range=set:subnet-u,fd79::,ra-stateless,64,600s',
    ])
    expect(argumentsOf({ subnets: [{ id: 'b', cidr: '10.0.0.0/24', dhcp: false }] })).toEqual([])
  })

  test('router advertisements are those of no router: nobody is forwarded here', () => {
    const advertised = (advertise: boolean): string[] =>
      argumentsOf({ subnets: [{ id: 'u', cidr: 'fd79::/64', gateway: 'fd79::1', advertise }] }).filter((one) =>
        /^--(enable-ra|ra-param)/.test(one),
      )
    expect(advertised(true)).toEqual(['--enable-ra', '--ra-param=ns-1,0,0'])
    expect(advertised(false)).toEqual([])
  })

  test('as many leases as there are addresses, and no more than dnsmasq can count', () => {
    const most = (cidr: string): string | undefined =>
      argumentsOf({ subnets: [{ id: 'a', cidr }] }).find((one) => one.startsWith('--dhcp-lease-max='))
    expect(most('192.168.0.0/24')).toBe('--dhcp-lease-max=256')
    expect(most('fd77::/64')).toBe('--dhcp-lease-max=16777216')
  })

  test('an MTU is forced on clients that do not ask for it, of each subnet its own', () => {
    const subnets = [
      { id: 'a', cidr: '10.0.0.0/24', mtu: 9000 },
      { id: 'b', cidr: '10.1.0.0/24' },
      { id: 's', cidr: 'fd77::/64' },
    ]
    expect(argumentsOf({ mtu: 1450, subnets }).filter((one) => one.includes('mtu'))).toEqual([
      '--dhcp-option-force=tag:subnet-a,option:mtu,9000',
      '--dhcp-option-force=tag:subnet-b,option:mtu,1450',
    ])
  })
})
