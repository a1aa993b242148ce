// Router advertisements: what a host does with them is the kernel's to say, what they hold tcpdump's, and hosts may send anything.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from 'netloom'
import type { RouterOptions, RouterPort } from '../../lib/index'
import { icmpv6Frame } from '../../lib/router/icmpv6_frame'
import { runIn, until } from '../dhcp/scene'
import { Scene } from './scene'

const clientMac = '02:00:00:00:00:99'

function described(id: string, advertise: RouterPort['advertise'], more: Partial<RouterPort> = {}): RouterOptions {
  return {
    id,
    ports: [{ id: 'p-red', network: 'red', addresses: ['10.0.0.1/24', 'fd00:1::1/64'], advertise, ...more }],
  }
}

/** A namespace with eth0 on a network, which waits for a router as any host does. */
async function host(scene: Scene, network = 'red', mac = clientMac): Promise<NetNs> {
  const ns = await scene.unplugged()
  await ns.sysctl.set({
    'net.ipv6.conf.default.accept_ra': 1,
    'net.ipv6.conf.default.forwarding': 0,
    'net.ipv6.conf.default.router_solicitation_delay': 0,
  })
  await plug(scene, ns, network, mac)
  return ns
}

let plugs = 0
async function plug(scene: Scene, ns: NetNs, network: string, mac: string): Promise<void> {
  const peer = { netns: ns, name: 'eth0', mac, up: true, numTxQueues: 1, numRxQueues: 1 }
  const master = await scene.bridge(network)
  await scene.host.links.add({ kind: 'veth', name: `h${++plugs}`, master, up: true, peer })
}

async function global(ns: NetNs, prefix: string) {
  return (await ns.addresses.list({ dev: 'eth0', family: 'ipv6' })).find(({ address }) => address.startsWith(prefix))
}

async function defaults(ns: NetNs) {
  return ns.routes.list({ dst: 'default', family: 'ipv6', table: 'main' })
}

/** A frame with a router solicitation, or what shall look like one. */
function solicitation(
  change: Partial<Record<'source' | 'to' | 'mac' | 'toMac', string>> = {},
  message?: number[],
): Buffer {
  const { source = 'fe80::99', to = 'ff02::2', mac = clientMac, toMac = '33:33:00:00:00:02' } = change
  const bytes = Uint8Array.from(
    message ?? [133, 0, 0, 0, 0, 0, 0, 0, 1, 1, ...mac.split(':').map((one) => parseInt(one, 16))],
  )
  return Buffer.from(icmpv6Frame({ mac, address: source }, { mac: toMac, address: to }, bytes))
}

/** The advertisements that arrive on eth0, from now on. */
async function heard(ns: NetNs) {
  const packets = await ns.packets({ dev: 'eth0', protocol: 'ipv6', ignoreOutgoing: true })
  const all: { data: Buffer; at: number }[] = []
  void (async () => {
    for await (const { data } of packets) {
      if (data[20] === 58 && data[54] === 134) all.push({ data: Buffer.from(data), at: performance.now() })
    }
  })()
  return { all, packets, [Symbol.asyncDispose]: () => packets.close() }
}

const everybody = '333300000001'

test('a host makes itself an address, finds its router, the MTU and the hop limit, and reaches another network', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const hosts = [await host(scene), await host(scene, 'blue', '02:00:00:00:00:98')]
  const router = await agent.routers.ensure({
    id: scene.id(),
    ports: [
      {
        id: 'p-red',
        network: 'red',
        addresses: ['10.0.0.1/24', 'fd00:1::1/64'],
        mtu: 1400,
        advertise: { hopLimit: 33, preference: 'high', reachableMs: 20_000, retransmitMs: 2000 },
      },
      { id: 'p-blue', network: 'blue', addresses: ['fd00:2::1/64'], advertise: true },
    ],
  })
  const [red, blue] = hosts as [NetNs, NetNs]
  await until(async () => (await global(red, 'fd00:1:')) && (await global(blue, 'fd00:2:')), 'addresses are made')
  const made = (await global(red, 'fd00:1:'))!
  expect(made.address).toBe('fd00:1::ff:fe00:99/64')
  expect(made.validLifetimeSeconds).toBeGreaterThan(86_000)
  expect(made.preferredLifetimeSeconds).toBeLessThanOrEqual(14_400)
  const routes = await defaults(red)
  const inside = await router.openNetNs()
  const [own] = await inside.addresses.list({ dev: 'qr-p-red', scope: 'link' })
  inside.close()
  expect(routes).toMatchObject([{ via: own!.address.split('/')[0], protocol: 'ra' }])
  const learned = await red.sysctl.get(['net.ipv6.conf.eth0.mtu', 'net.ipv6.conf.eth0.hop_limit'])
  expect(Object.values(learned)).toEqual([1400, 33])
  expect(await red.sysctl.get('net.ipv6.neigh.eth0.retrans_time_ms')).toBe(2000)
  expect(await blue.sysctl.get('net.ipv6.conf.eth0.mtu')).toBe(1500)
  expect(await runIn(red, 'ip', '-6', 'route', 'show', 'default')).toContain('pref high')
  const far = (await global(blue, 'fd00:2:'))!.address.split('/')[0]!
  expect((await red.ping(far, { count: 1, timeout: 2000 })).received).toBe(1)
})

test('tcpdump reads every option as it was meant', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const client = await host(scene)
  const dump = client.run(() => spawn('tcpdump', ['-i', 'eth0', '-nlvv', '-c', '1', 'icmp6 and ip6[40] == 134']))
  let said = ''
  dump.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  let ready = ''
  dump.stderr.setEncoding('utf8').on('data', (text: string) => (ready += text))
  await until(() => ready.includes('listening'), 'tcpdump listens')
  const ended = once(dump, 'close')
  await agent.routers.ensure(
    described(
      scene.id(),
      {
        lifetimeSeconds: 1234,
        preference: 'low',
        managed: true,
        other: true,
        mtu: 1300,
        hopLimit: 7,
        reachableMs: 1,
        retransmitMs: 2,
        prefixes: [
          'fd00:1::/64',
          { prefix: 'fd00:5::/56', onLink: false, validSeconds: Infinity, preferredSeconds: 60 },
        ],
        dnsServers: ['fd00:1::53', 'fe80::53'],
        domainSearch: ['example.org', 'a.b.c.example'],
        dnsSeconds: 3600,
        routes: [{ destination: 'fd00:9::/48', preference: 'high', lifetimeSeconds: 77 }, '::/0'],
      },
      { mtu: 1400 },
    ),
  )
  await ended
  for (const words of [
    /hop limit 7, Flags \[managed, other stateful\], pref low, router lifetime 1234s, reachable time 1ms, retrans timer 2ms/,
    /source link-address option.*fa:16:3e/,
    /mtu option.*1300/,
    /prefix info option.*fd00:1::\/64, Flags \[onlink\], valid time 86400s, pref. time 14400s/,
    /prefix info option.*fd00:5::\/56, Flags \[none\], valid time infinity, pref. time 60s/,
    /rdnss option.*lifetime 3600s, addr: fd00:1::53 addr: fe80::53/,
    /dnssl option.*lifetime 3600s, domain\(s\): example.org. a.b.c.example./,
    /route info option.*fd00:9::\/48, pref=high, lifetime=77s/,
    /route info option.*::\/0, pref=medium, lifetime=1800s/,
    /icmp6 sum ok/,
  ]) {
    expect(said).toMatch(words)
  }
})

test('who asks is answered soon, by himself or with all; those whom nobody asked come at their times', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const client = await host(scene)
  await using ears = await heard(client)
  const to = (frame: { data: Buffer }): string => frame.data.subarray(0, 6).toString('hex')
  await agent.routers.ensure(described(scene.id(), { maxIntervalSeconds: 4, minIntervalSeconds: 3 }))
  await until(() => ears.all.some((one) => to(one) === everybody), 'the first comes at once')
  const start = ears.all.length
  await sleep(600)
  const asked = performance.now()
  await ears.packets.send(solicitation())
  await until(() => ears.all.slice(start).some((one) => to(one) === '020000000099'), 'he is answered')
  const answer = ears.all.slice(start).find((one) => to(one) === '020000000099')!
  // Long before the next one that comes by itself.
  expect(answer.at - asked).toBeLessThan(2500)
  // Who has no address yet is answered with all others, which is not done twice within three seconds.
  await ears.packets.send(solicitation({ source: '::' }, [133, 0, 0, 0, 0, 0, 0, 0]))
  await ears.packets.send(solicitation({ source: '::' }, [133, 0, 0, 0, 0, 0, 0, 0]))
  await sleep(8000)
  const times = ears.all.filter((one) => to(one) === everybody).map(({ at }) => at)
  expect(times.length).toBeGreaterThanOrEqual(3)
  for (const [i, at] of times.slice(1).entries()) {
    expect(at - times[i]!).toBeGreaterThan(2900)
    expect(at - times[i]!).toBeLessThan(2 * 4000)
  }
})

test('what changes is told soon, and what does not hold any more is taken back; a router that goes says so', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const client = await host(scene)
  const id = scene.id()
  const more = { dnsServers: ['fd00:1::53'], routes: ['fd00:9::/48'] }
  const first = { prefixes: ['fd00:1::/64', 'fd00:3::/64'], ...more }
  const router = await agent.routers.ensure(described(id, first))
  await until(async () => (await global(client, 'fd00:1:')) && (await global(client, 'fd00:3:')), 'addresses are made')
  await using ears = await heard(client)
  await router.update({ ports: described(id, { prefixes: ['fd00:1::/64'] }).ports })
  await until(async () => (await global(client, 'fd00:3:'))?.preferredLifetimeSeconds === 0, 'one is deprecated')
  expect((await global(client, 'fd00:1:'))!.preferredLifetimeSeconds).toBeGreaterThan(0)
  const back = ears.all.at(-1)!.data
  expect(back.includes(Buffer.from('1903000000000000fd000001', 'hex'))).toBe(true) // name servers, for no time
  expect(back.includes(Buffer.from('1802300000000000fd000009', 'hex'))).toBe(true) // the route
  expect(await defaults(client)).toHaveLength(1)
  // A router that stays is not the default one any more.
  await router.update({ ports: described(id, { lifetimeSeconds: 0 }).ports })
  await until(async () => (await defaults(client)).length === 0, 'it is the default router no more')
  await router.update({ ports: described(id, true).ports })
  await until(async () => (await defaults(client)).length === 1, 'and is again')
  await router.update({ ports: described(id, false).ports })
  await until(async () => (await defaults(client)).length === 0, 'it advertises no more')
  await router.update({ ports: described(id, true).ports })
  await until(async () => (await defaults(client)).length === 1, 'and does again')
  await agent.routers.delete(id)
  await until(async () => (await defaults(client)).length === 0, 'it is gone')
  // Its prefix may be another one's, too.
  expect((await global(client, 'fd00:1:'))!.preferredLifetimeSeconds).toBeGreaterThan(0)
})

test('an agent that ends takes nothing back, and the next one goes on; what is taken away is advertised when it is mended', async () => {
  await using scene = await Scene.make()
  const options = described(scene.id(), {
    maxIntervalSeconds: 4,
    prefixes: [{ prefix: 'fd00:1::/64', validSeconds: Infinity, preferredSeconds: Infinity }],
  })
  const first = await scene.agent()
  await first.routers.ensure(options)
  const client = await host(scene)
  await until(async () => (await defaults(client)).length === 1, 'it has a router')
  await first.close()
  await sleep(300)
  expect(await defaults(client)).toHaveLength(1)
  await using ears = await heard(client)
  const second = await scene.agent({ checkMs: 100 })
  expect(second.routers.list()[0]!.options).toEqual(options)
  const more = async (what: string): Promise<void> => {
    const before = ears.all.length
    await until(() => ears.all.length > before, what)
  }
  await more('the next one advertises')
  // A device that goes and comes again, one that is set down, and a link-local address that goes.
  await scene.host.links.delete('qr-p-red')
  await more('with a new device')
  {
    using ns = await second.routers.list()[0]!.openNetNs()
    await ns.links.set('qr-p-red', { up: false })
    await more('after it was down')
    const [own] = await ns.addresses.list({ dev: 'qr-p-red', scope: 'link' })
    await ns.addresses.delete({ dev: 'qr-p-red', address: own!.address })
    await more('without its address')
  }
  expect(scene.errors).toEqual([])
})

test('hosts that send anything, and much of it, are neither answered nor a burden', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const client = await host(scene)
  await using ears = await heard(client)
  await agent.routers.ensure(described(scene.id(), true))
  await until(async () => (await defaults(client)).length === 1, 'it has a router')
  await sleep(3500)
  const before = ears.all.length
  const hop = solicitation()
  hop[21] = 254
  const sum = solicitation()
  sum[56]! ^= 1
  const long = solicitation()
  long.writeUInt16BE(400, 18)
  const short = solicitation()
  short.writeUInt16BE(4, 18)
  const tagged = Buffer.concat([hop.subarray(0, 12), Buffer.from('8100000a', 'hex'), solicitation().subarray(12)])
  const bad = [
    hop,
    sum,
    long,
    short,
    tagged,
    solicitation().subarray(0, 60),
    solicitation({}, [133, 1, 0, 0, 0, 0, 0, 0]),
    solicitation({}, [133, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
    solicitation({}, [133, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0]),
    solicitation({}, [133, 0, 0, 0, 0, 0, 0]),
    solicitation({ source: '::' }),
    solicitation({ source: 'ff02::1' }),
    solicitation({ mac: '33:33:00:00:00:01' }),
  ]
  for (const frame of bad) await ears.packets.send(frame).catch(() => undefined)
  await sleep(1000)
  expect(ears.all.length).toBe(before)
  // A good one among random bytes is answered all the same.
  for (let i = 0; i < 500; i++) {
    const frame = solicitation()
    frame[54 + Math.floor(Math.random() * (frame.length - 54))] = Math.floor(Math.random() * 256)
    await ears.packets.send(frame)
  }
  await sleep(1000)
  await ears.packets.send(solicitation({ source: 'fe80::aa' }))
  const answered = (): boolean => ears.all.some(({ data }) => data.subarray(38, 54).toString('hex').endsWith('00aa'))
  await until(answered, 'the good one is answered')
  // Ten thousand from hundreds of addresses: a few are answered, all hear at most every three seconds, and little is done for it.
  // Not more addresses: the kernel notes each as a neighbor, and has 1024 places for all namespaces of the machine.
  await sleep(1000)
  const start = { count: ears.all.length, at: performance.now() }
  for (let i = 0; i < 10_000; i++) {
    const frame = solicitation({ source: `fe80::${(i % 300).toString(16)}:1` })
    void ears.packets.send(frame).catch(() => undefined)
    if (i % 100 === 0) await new Promise(setImmediate)
  }
  await sleep(1500)
  const seconds = (performance.now() - start.at) / 1000
  expect(ears.all.length - start.count).toBeLessThan(2 * 64 * (seconds + 1) + seconds / 3 + 2)
  expect(scene.errors).toEqual([])
  await sleep(600)
  await ears.packets.send(solicitation({ source: 'fe80::bb' }))
  await until(
    () => ears.all.some(({ data }) => data.subarray(38, 54).toString('hex').endsWith('00bb')),
    'it still answers',
  )
})
