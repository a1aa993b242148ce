// ns.netlink: one protocol, requests and groups, for what the library has no words for.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetlinkError, NetNs, type Netlink, type NetlinkMessage } from '../../lib/index'
import { attributes, struct, text, u16, u32, u8, i32, NLM_F } from '../../lib/netlink/index'
import { useNetNs } from '../../lib/testing'
import { patience } from '../support/patience'
import { ipJson, ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['ns', 'other'], prefix: ownPrefix })

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, NEWADDR: 20 } as const
const RTNLGRP = { LINK: 1, IPV4_IFADDR: 5 } as const

const layout = {
  header: struct('ifinfomsg', {
    family: ['ifi_family', u8],
    _pad: ['__ifi_pad', u8],
    type: ['ifi_type', u16],
    index: ['ifi_index', i32],
    flags: ['ifi_flags', u32],
    change: ['ifi_change', u32],
  }),
  attributes: attributes('IFLA_', {
    name: ['IFNAME', 3, text(15)],
    mtu: ['MTU', 4, u32],
    linkInfo: ['LINKINFO', 18, attributes('IFLA_INFO_', { kind: ['KIND', 1, text(31)] })],
  }),
}

const newIfb = (name: string): object => ({
  type: RTM.NEWLINK,
  name: 'RTM_NEWLINK',
  flags: NLM_F.CREATE | NLM_F.EXCL,
  layout,
  attributes: { name, linkInfo: { kind: 'ifb' } },
})

describe('requests', () => {
  it('are acknowledged, answered with one message, or with all', async () => {
    const route = net.ns.netlink('route')
    await route.request(newIfb('x') as never)
    const one = await route.get({ type: RTM.GETLINK, name: 'RTM_GETLINK', layout, attributes: { name: 'x' } })
    expect(one.decode(layout)).toMatchObject({ attributes: { name: 'x', linkInfo: { kind: 'ifb' } } })
    const all = await route.dump({ type: RTM.GETLINK, name: 'RTM_GETLINK', layout })
    expect(all.map((message) => message.decode(layout).attributes.name)).toEqual(['lo', 'x'])
    expect((await ipJson(net.ns, 'link')).map(({ ifname }) => ifname)).toEqual(['lo', 'x'])
  })

  it('may be bytes', async () => {
    const bytes = Buffer.alloc(16)
    bytes.writeInt32LE(1, 4)
    const message = await net.ns.netlink(0).get({ type: RTM.GETLINK, payload: bytes })
    expect(message).toMatchObject({ type: RTM.NEWLINK, group: 0 })
    expect(message.decode(layout).attributes.name).toBe('lo')
  })

  it('that are refused say so in the words of the kernel, with the attribute', async () => {
    const route = net.ns.netlink('route')
    await route.request(newIfb('x') as never)
    await expect(route.request(newIfb('x') as never)).rejects.toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWLINK' })
    const wrong = { ...newIfb('y'), attributes: { name: 'y', linkInfo: { kind: 'nonsense' } } } as never
    const error: unknown = await route.request(wrong).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({
      code: 'EOPNOTSUPP',
      kernelMessage: 'Unknown device type',
      operation: 'netlink.request',
      netns: net.ns.name,
    })
  })

  it('are checked strictly: what a dump does not understand is refused', async () => {
    const dump = net.ns.netlink('route').dump({ type: RTM.GETLINK, layout, header: { flags: 1 } })
    await expect(dump).rejects.toMatchObject({
      code: 'EINVAL',
      kernelMessage: expect.stringMatching(/header/) as string,
    })
  })

  it('are ended by a signal', async () => {
    const dump = net.ns.netlink('route').dump({ type: RTM.GETLINK, layout }, { signal: AbortSignal.abort() })
    await expect(dump).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })

  it.each([
    ['type', { type: 3 }],
    ['type', { type: 65_536 }],
    ['payload', { type: 18, payload: 'x' }],
    ['payload', { type: 18, layout, payload: Buffer.alloc(4) }],
    ['header', { type: 18, header: {} }],
    ['attributes', { type: 18, attributes: {} }],
    ['nmae', { type: 18, nmae: 'x' }],
    ['mtu', { type: 18, layout, attributes: { mtu: -1 } }],
  ])('are refused by field: %s', async (field, request) => {
    await expect(net.ns.netlink('route').request(request as never)).rejects.toMatchObject({ field })
  })

  it.each(['rout', 32, -1, 1.5, undefined, null])('of a protocol that is none are refused: %p', (protocol) => {
    expect(() => net.ns.netlink(protocol as never)).toThrow(expect.objectContaining({ field: 'protocol' }) as Error)
  })
})

/** The next message; throws if none comes. */
async function next(from: Netlink): Promise<NetlinkMessage> {
  const timer = sleep(patience, undefined, { ref: false }).then(() => {
    throw new Error('no message comes')
  })
  const result: IteratorResult<NetlinkMessage, undefined> = await Promise.race([
    from[Symbol.asyncIterator]().next() as Promise<IteratorResult<NetlinkMessage, undefined>>,
    timer,
  ])
  if (result.value === undefined) throw new Error('the loop has ended')
  return result.value
}

describe('groups', () => {
  it('tell a member what happens, from when it joins to when it leaves', async () => {
    await using route = net.ns.netlink('route')
    await net.ns.links.add({ kind: 'ifb', name: 'before' })
    await route.join(RTNLGRP.LINK)
    expect(route.groups).toEqual([RTNLGRP.LINK])
    await net.ns.links.add({ kind: 'ifb', name: 'x' })
    const message = await next(route)
    expect(message).toMatchObject({ type: RTM.NEWLINK, group: RTNLGRP.LINK })
    expect(message.decode(layout).attributes.name).toBe('x')
    await route.join(RTNLGRP.IPV4_IFADDR)
    route.leave(RTNLGRP.LINK)
    await net.ns.links.add({ kind: 'ifb', name: 'unseen' })
    await net.ns.addresses.add({ dev: 'x', address: '10.0.0.1/24' })
    const types: number[] = []
    for await (const { type } of route) {
      types.push(type)
      if (type === RTM.NEWADDR) break
    }
    expect(types.slice(0, -1).every((type) => type === RTM.NEWLINK)).toBe(true)
  })

  it('are those of the namespace alone', async () => {
    await using route = net.ns.netlink('route')
    await route.join(RTNLGRP.LINK)
    await net.other.links.add({ kind: 'ifb', name: 'elsewhere' })
    await net.ns.links.add({ kind: 'ifb', name: 'here' })
    expect((await next(route)).decode(layout).attributes.name).toBe('here')
  })

  it('tell that messages were lost, and go on', async () => {
    await using route = net.ns.netlink('route', { bufferSize: 4096 })
    await route.join(RTNLGRP.LINK)
    const batch = net.ns.batch()
    for (let i = 0; i < 200; i++) batch.links.add({ kind: 'ifb', name: `x${i}` })
    await batch.commit()
    const seen: string[] = []
    const reading = async (): Promise<void> => {
      for await (const message of route) seen.push(message.decode(layout).attributes.name ?? '')
    }
    await expect(reading()).rejects.toMatchObject({ code: 'ENOBUFS', operation: 'netlink.next', netns: net.ns.name })
    expect(seen.length).toBeLessThan(200)
    await net.ns.links.add({ kind: 'ifb', name: 'after' })
    for await (const message of route) if (message.decode(layout).attributes.name === 'after') break
  })

  it('tell messages of any length', async () => {
    await net.ns.links.add({ kind: 'ifb', name: 'x' })
    const altnames = Array.from({ length: 300 }, (_, i) => `${'long'.repeat(30)}${i}`)
    await net.ns.links.addAltnames('x', altnames)
    await using route = net.ns.netlink('route')
    await route.join(RTNLGRP.LINK)
    await net.ns.links.set('x', { mtu: 1400 })
    const message = await next(route)
    expect(message.payload.length).toBeGreaterThan(32 * 1024)
    expect(message.decode(layout).attributes.name).toBe('x')
  })

  it('hear nobody but the kernel', async () => {
    await using route = net.ns.netlink('route')
    await route.join(RTNLGRP.LINK)
    // Somebody in the namespace sends to every port number that there may be, as it may.
    const program = `
      import socket, struct
      s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
      ports = [int(line.split()[2]) & 0xffffffff for line in open('/proc/self/net/netlink').readlines()[1:] if line.split()[1] == '0']
      for port in ports:
        try: s.sendto(struct.pack('=IHHII', 32, 16, 0, 0, 0) + bytes(16), (port, 0))
        except OSError: pass
      print(len(ports), flush=True)`
    const child = net.ns.spawn('python3', ['-c', program.replaceAll(/^ {6}/gm, '')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout?.on('data', (data) => (said += String(data)))
    await once(child, 'close')
    expect(Number(said)).toBeGreaterThan(0)
    await net.ns.links.add({ kind: 'ifb', name: 'real' })
    expect((await next(route)).decode(layout).attributes.name).toBe('real')
  })

  it('that do not exist are refused', async () => {
    await using route = net.ns.netlink('route')
    await expect(route.join(0)).rejects.toMatchObject({ field: 'group' })
    await expect(route.join(10_000)).rejects.toMatchObject({ operation: 'netlink.join' })
    await expect(route.join(RTNLGRP.LINK, { timeout: -1 })).rejects.toMatchObject({ field: 'timeout' })
    expect(route.groups).toEqual([])
    await expect(net.ns.netlink('route')[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ENOTCONN' })
  })

  it('are joined by several calls at once, whichever of them is aborted', async () => {
    await using route = net.ns.netlink('route')
    const first = route.join(RTNLGRP.LINK, { signal: AbortSignal.abort() })
    const second = route.join(RTNLGRP.IPV4_IFADDR)
    await expect(first).rejects.toMatchObject({ code: 'ABORT_ERR' })
    await second
    expect(route.groups).toEqual([RTNLGRP.IPV4_IFADDR])
  })

  it('are not joined any more by who closes meanwhile', async () => {
    const route = net.ns.netlink('route')
    const joining = route.join(RTNLGRP.LINK)
    await Promise.all([expect(joining).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' }), route.close()])
  })

  it('end with close, which may be called again, and requests still work', async () => {
    const route = net.ns.netlink('route')
    await route.join(RTNLGRP.LINK)
    const ended = route[Symbol.asyncIterator]().next()
    await route.close()
    await route.close()
    expect(await ended).toEqual({ value: undefined, done: true })
    expect([route.closed, route.groups]).toEqual([true, []])
    await expect(route.join(RTNLGRP.LINK)).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    expect(() => {
      route.leave(RTNLGRP.LINK)
    }).toThrow(expect.objectContaining({ code: 'ERR_NETLOOM_CLOSED' }) as Error)
    await route.request(newIfb('x') as never)
  })

  it('work where only a user namespace gives the right to', async () => {
    await using ns = await NetNs.create({ rootless: true })
    await using route = ns.netlink('route')
    await route.join(RTNLGRP.LINK)
    await ns.links.add({ kind: 'ifb', name: 'x' })
    expect((await next(route)).decode(layout).attributes.name).toBe('x')
  })
})
