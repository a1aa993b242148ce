// Flows: what we write ovs-ofctl reads, and what it writes we read.
import { isNotFound } from 'netloom/errors'
import { OpenflowError, type FlowAction, type FlowMatch } from '../../lib/index'
import { dumpFlows, ofctl, useSwitch, vsctl } from './switch'

describe('flows', () => {
  const net = useSwitch()

  beforeAll(async () => {
    await net.ovs.bridges.add({ name: 'br0', datapathType: 'netdev', failMode: 'secure' })
    await net.ovs.ports.addMany(
      ['p1', 'p2'].map((name, i) => ({
        bridge: 'br0',
        name,
        interface: { type: 'internal', ofportRequest: i + 1 } as const,
      })),
    )
  })

  afterEach(() => net.ovs.flows.flush({ bridge: 'br0' }))

  const matches: (readonly [FlowMatch, string])[] = [
    [{}, ''],
    [{ inPort: 'p1' }, 'in_port=1'],
    [{ inPort: 'LOCAL' }, 'in_port=LOCAL'],
    [{ inPort: 7 }, 'in_port=7'],
    [{ dlSrc: '02:00:00:00:00:01', dlDst: 'ff:ff:ff:ff:ff:ff' }, 'dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff'],
    [{ dlDst: '01:00:00:00:00:00/01:00:00:00:00:00' }, 'dl_dst=01:00:00:00:00:00/01:00:00:00:00:00'],
    [{ dlType: 0x88cc }, 'dl_type=0x88cc'],
    [{ dlVlan: 10, dlVlanPcp: 3 }, 'dl_vlan=10,dl_vlan_pcp=3'],
    [{ dlVlan: 'none' }, 'vlan_tci=0x0000/0x1fff'],
    [{ dlVlan: 'any' }, 'vlan_tci=0x1000/0x1000'],
    [{ dlType: 'ip', nwSrc: '10.0.0.0/8', nwDst: '192.0.2.1' }, 'ip,nw_src=10.0.0.0/8,nw_dst=192.0.2.1'],
    [{ dlType: 'ip', nwSrc: '10.0.0.1/255.0.0.255' }, 'ip,nw_src=10.0.0.1/255.0.0.255'],
    [{ dlType: 'ip', nwProto: 'tcp', tcpSrc: 1000, tcpDst: 80 }, 'tcp,tp_src=1000,tp_dst=80'],
    [{ dlType: 'ip', nwProto: 'udp', udpDst: { value: 0x40, mask: 0xffc0 } }, 'udp,tp_dst=0x40/0xffc0'],
    [{ dlType: 'ipv6', nwProto: 'tcp', tcpDst: 443 }, 'tcp6,tp_dst=443'],
    [{ dlType: 'ip', nwProto: 'sctp', sctpDst: 9 }, 'sctp,tp_dst=9'],
    [{ dlType: 'ip', ipDscp: 10, ipEcn: 1, nwProto: 47 }, 'ip,nw_proto=47,nw_tos=40,nw_ecn=1'],
    [{ dlType: 'ip', nwProto: 'icmp', icmpType: 8, icmpCode: 0 }, 'icmp,icmp_type=8,icmp_code=0'],
    [
      { dlType: 'arp', arpOp: 1, arpSpa: '10.0.0.1', arpTpa: '10.0.0.0/24', arpSha: '02:00:00:00:00:01' },
      'arp,arp_spa=10.0.0.1,arp_tpa=10.0.0.0/24,arp_op=1,arp_sha=02:00:00:00:00:01',
    ],
    [{ dlType: 'ipv6', ipv6Src: '2001:db8::/32', ipv6Dst: 'fe80::1' }, 'ipv6,ipv6_src=2001:db8::/32,ipv6_dst=fe80::1'],
    [{ dlType: 'ipv6', ipv6Label: 5 }, 'ipv6,ipv6_label=0x00005'],
    [
      {
        dlType: 'ipv6',
        nwProto: 'icmp6',
        icmpv6Type: 135,
        icmpv6Code: 0,
        ndTarget: 'fe80::1',
        ndSll: '02:00:00:00:00:01',
      },
      'icmp6,icmp_type=135,icmp_code=0,nd_target=fe80::1,nd_sll=02:00:00:00:00:01',
    ],
    [{ metadata: 0x1234567890n, tunId: { value: 5n, mask: 0xffn } }, 'tun_id=0x5/0xff,metadata=0x1234567890'],
    [{ tunSrc: '192.0.2.0/24', tunDst: '192.0.2.1' }, 'tun_src=192.0.2.0/24,tun_dst=192.0.2.1'],
    [{ reg0: 1, reg15: { value: 0x10, mask: 0xf0 }, pktMark: 2 }, 'reg0=0x1,reg15=0x10/0xf0,pkt_mark=0x2'],
  ]

  const sorted = (text: string): string[] => text.split(',').sort()

  test.each(matches)('a match %j', async (match, text) => {
    await net.ovs.flows.add({ bridge: 'br0', priority: 5, match, actions: [] })
    const [line = ''] = await dumpFlows(net.ovs, 'br0')
    const shown = line
      .replace(/^table=0, /, '')
      .replace(/ actions=drop$/, '')
      .replace(/^priority=5,?/, '')
    expect(sorted(shown.replaceAll('"', ''))).toEqual(sorted(text))
    const [flow] = await net.ovs.flows.list()
    expect(flow).toMatchObject({ bridge: 'br0', table: 0, priority: 5, actions: [], packets: 0n })
    expect(flow?.match).toEqual(match)
    expect(flow).not.toHaveProperty('unknownFields')
    await net.ovs.flows.flush()
    const words = text === '' ? 'priority=5,actions=drop' : `priority=5,${text},actions=drop`
    await ofctl(net.ovs, 'add-flow', 'br0', words)
    expect((await net.ovs.flows.list())[0]?.match).toEqual(match)
    expect(await net.ovs.flows.get({ priority: 5, match })).toMatchObject({ match })
    await net.ovs.flows.delete({ priority: 5, match })
    expect(await net.ovs.flows.list()).toEqual([])
  })

  test('what a field needs besides is filled in', async () => {
    const given: FlowMatch[] = [
      { tcpDst: 22 },
      { nwDst: '10.0.0.1' },
      { icmpv6Type: 1 },
      { ipv6Dst: '::1', udpSrc: 5 },
      { arpOp: 2 },
    ]
    await net.ovs.flows.addMany(given.map((match) => ({ bridge: 'br0', match, actions: 'drop' })))
    const found = (await net.ovs.flows.list()).map(({ match }) => match)
    const whole = [
      { dlType: 'ip', nwProto: 'tcp', tcpDst: 22 },
      { dlType: 'ip', nwDst: '10.0.0.1' },
      { dlType: 'ipv6', nwProto: 'icmp6', icmpv6Type: 1 },
      { dlType: 'ipv6', ipv6Dst: '::1', nwProto: 'udp', udpSrc: 5 },
      { dlType: 'arp', arpOp: 2 },
    ]
    expect(found).toEqual(expect.arrayContaining(whole))
    for (const match of given) expect(await net.ovs.flows.find({ match })).toBeDefined()
  })

  const actions: (readonly [FlowAction[], string])[] = [
    [[], 'drop'],
    [[{ output: 'p1' }, { output: 'NORMAL' }], 'output:1,NORMAL'],
    [[{ output: 'IN_PORT' }, { output: 'FLOOD' }, { output: 'ALL' }, { output: 'LOCAL' }], 'IN_PORT,FLOOD,ALL,LOCAL'],
    [[{ output: 'CONTROLLER', maxLength: 128 }], 'CONTROLLER:128'],
    [[{ output: 99 }], 'output:99'],
    [[{ setField: { dlSrc: '02:00:00:00:00:09' } }, { output: 'p2' }], 'set_field:02:00:00:00:00:09->eth_src,output:2'],
    [[{ setField: { reg3: 7 } }, { setField: { tunId: 5n } }], 'set_field:0x7->reg3,set_field:0x5->tun_id'],
    [[{ setField: { nwDst: '10.0.0.9' } }, { decTtl: true }], 'set_field:10.0.0.9->ip_dst,dec_ttl'],
    [
      [{ pushVlan: 0x8100 }, { setField: { dlVlan: 12 } }, { output: 'p1' }, { popVlan: true }],
      'push_vlan:0x8100,set_field:4108->vlan_vid,output:1,pop_vlan',
    ],
    [[{ setQueue: 3 }, { output: 'p1' }], 'set_queue:3,output:1'],
    [[{ resubmit: { table: 4 } }, { resubmit: { port: 'p2' } }], 'resubmit(,4),resubmit:2'],
    [[{ writeMetadata: { value: 5n, mask: 0xffn } }, { gotoTable: 9 }], 'write_metadata:0x5/0xff,goto_table:9'],
    [
      [{ output: 'p1' }, { clearActions: true }, { writeActions: [{ output: 'p2' }] }, { gotoTable: 2 }],
      'output:1,clear_actions,write_actions(output:2),goto_table:2',
    ],
  ]

  test.each(actions)('actions %j', async (list, text) => {
    await net.ovs.flows.add({ bridge: 'br0', match: { nwProto: 6 }, actions: list })
    const [line = ''] = await dumpFlows(net.ovs, 'br0')
    const shown = line.replace(/.* actions=/, '').replaceAll('"', '')

    expect(shown).toBe(text)
    expect((await net.ovs.flows.list())[0]?.actions).toEqual(list)
    await net.ovs.flows.flush()
    await ofctl(net.ovs, 'add-flow', 'br0', `tcp,actions=${text}`)
    expect((await net.ovs.flows.list())[0]?.actions).toEqual(list)
  })

  test('what has no name here is kept, and can be given back', async () => {
    await ofctl(net.ovs, 'add-flow', 'br0', 'ct_state=+trk,ip,actions=ct(commit,zone=5),note:01.02.03.04.05.06')
    const [flow] = await net.ovs.flows.list()
    expect(flow?.match).toEqual({ dlType: 'ip' })
    expect(flow?.unknownFields).toEqual([{ oxmClass: 1, field: 105, value: '00000020', mask: '00000020' }])
    expect(flow?.actions).toEqual([
      { unknown: expect.stringMatching(/^ffff/) as string },
      { unknown: expect.stringMatching(/^ffff/) as string },
    ])
    await net.ovs.flows.flush()
    await net.ovs.flows.add({ match: { dlType: 'ip' }, actions: flow!.actions })
    expect((await dumpFlows(net.ovs, 'br0'))[0]).toContain('actions=ct(commit,zone=5),note:01.02.03.04.05.06')
  })

  test('a flow has a table, a priority, a cookie and timeouts', async () => {
    const flow = { table: 3, priority: 65535, cookie: 2n ** 63n + 1n, idleTimeoutSeconds: 60, hardTimeoutSeconds: 600 }
    await net.ovs.flows.add({ bridge: 'br0', ...flow, actions: [{ output: 'NORMAL' }] })
    const [listed] = await net.ovs.flows.list()
    expect(listed).toMatchObject({ ...flow, match: {}, bytes: 0n })
    expect(listed?.durationSeconds).toBeLessThan(5)
    const [line] = await dumpFlows(net.ovs, 'br0')
    expect(line).toContain('cookie=0x8000000000000001, table=3, idle_timeout=60, hard_timeout=600, priority=65535')
  })

  test('one of the same table, priority and match is replaced; set keeps its counters, and needs it', async () => {
    const key = { bridge: 'br0', priority: 4, match: { inPort: 'p1' } } as const
    await net.ovs.flows.add({ ...key, actions: 'drop' })
    await net.ovs.flows.add({ ...key, actions: [{ output: 'p2' }] })
    expect(await net.ovs.flows.list()).toHaveLength(1)
    await net.ovs.flows.set(key, [{ output: 'NORMAL' }])
    expect((await net.ovs.flows.get(key)).actions).toEqual([{ output: 'NORMAL' }])
    const other = { ...key, priority: 5 }
    for (const call of [net.ovs.flows.set(other, 'drop'), net.ovs.flows.get(other), net.ovs.flows.delete(other)]) {
      expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
    }
    await net.ovs.flows.delete(other, { force: true })
    await net.ovs.flows.delete(key)
    expect(await dumpFlows(net.ovs, 'br0')).toEqual([])
  })

  test('filters: by table, match, cookie and port; setMany and flush of those', async () => {
    await net.ovs.flows.addMany([
      { bridge: 'br0', table: 0, cookie: 1, match: { nwDst: '10.0.0.1' }, actions: [{ output: 'p1' }] },
      { bridge: 'br0', table: 0, cookie: 2, match: { nwDst: '10.1.0.0/16' }, actions: [{ output: 'p2' }] },
      { bridge: 'br0', table: 1, cookie: 0x12, match: { arpOp: 1 }, actions: [{ output: 'FLOOD' }] },
    ])
    const cookies = async (filter: object): Promise<bigint[]> =>
      (await net.ovs.flows.list(filter)).map(({ cookie }) => cookie).sort()
    expect(await cookies({ table: 0 })).toEqual([1n, 2n])
    expect(await cookies({ match: { nwDst: '10.0.0.0/8' } })).toEqual([1n, 2n])
    expect(await cookies({ match: { nwDst: '10.1.0.0/16' } })).toEqual([2n])
    expect(await cookies({ cookie: 2 })).toEqual([2n])
    expect(await cookies({ cookie: { value: 2n, mask: 0xfn } })).toEqual([0x12n, 2n].sort())
    expect(await cookies({ outPort: 'p1' })).toEqual([1n])
    await net.ovs.flows.setMany({ match: { dlType: 'ip' } }, [{ output: 'NORMAL' }])
    expect((await net.ovs.flows.list({ table: 0 })).map((flow) => flow.actions)).toEqual([
      [{ output: 'NORMAL' }],
      [{ output: 'NORMAL' }],
    ])
    await net.ovs.flows.flush({ cookie: { value: 2n, mask: 0xfn } })
    expect(await cookies({})).toEqual([1n])
  })

  test('a thousand flows are listed in several parts, and added all or none', async () => {
    const flows = Array.from({ length: 3000 }, (_, i) => ({
      bridge: 'br0',
      priority: i,
      match: { nwDst: `10.0.${i >> 8}.${i & 255}` },
      actions: [{ output: 'p1' } as const],
    }))
    await net.ovs.flows.addMany(flows)
    expect(await net.ovs.flows.list()).toHaveLength(3000)
    await net.ovs.flows.flush()
    const wrong = { bridge: 'br0', match: {}, actions: [{ group: 77 } as const] }
    const call = net.ovs.flows.addMany([...flows.slice(0, 10), wrong])
    await expect(call).rejects.toBeInstanceOf(OpenflowError)
    await expect(call).rejects.toMatchObject({ type: 'BAD_ACTION', reason: 'BAD_OUT_GROUP', index: 10 })
    expect(await net.ovs.flows.list()).toEqual([])
  })

  test('what a bridge refuses has a name', async () => {
    const call = net.ovs.flows.add({ bridge: 'br0', table: 2, match: {}, actions: [{ gotoTable: 1 }] })
    await expect(call).rejects.toMatchObject({
      code: 'ERR_NETLOOM_OPENFLOW',
      type: 'BAD_INSTRUCTION',
      reason: 'BAD_TABLE_ID',
    })
    await expect(call).rejects.toThrow('flows.add: br0 refuses it: BAD_INSTRUCTION BAD_TABLE_ID')
  })

  test('a bridge that speaks OpenFlow 1.3 alone will do; one of 1.0 will not', async () => {
    await net.ovs.bridges.add({ name: 'br1', datapathType: 'netdev', protocols: ['OpenFlow13'] })
    await expect(net.ovs.flows.list()).rejects.toMatchObject({ field: 'bridge' })
    await net.ovs.flows.addMany([1, 2].map((priority) => ({ bridge: 'br1', priority, actions: [{ output: 'br1' }] })))
    expect((await net.ovs.flows.list({ bridge: 'br1' })).map(({ priority }) => priority)).toEqual([2, 1, 0])
    await net.ovs.bridges.set('br1', { protocols: ['OpenFlow10'] })
    await expect(net.ovs.flows.list({ bridge: 'br1' })).rejects.toThrow('it speaks neither OpenFlow 1.4 nor 1.3')
    await net.ovs.bridges.delete('br1')
    expect(isNotFound(await net.ovs.flows.list({ bridge: 'br1' }).catch((error: unknown) => error))).toBe(true)
  })

  test('a bridge that was deleted and made again under its name is another', async () => {
    await net.ovs.bridges.add({ name: 'br1', datapathType: 'netdev' })
    await net.ovs.flows.add({ bridge: 'br1', priority: 9, actions: 'drop' })
    await vsctl(net.ovs, 'del-br', 'br1')
    await vsctl(net.ovs, 'add-br', 'br1', '--', 'set', 'bridge', 'br1', 'datapath_type=netdev')
    await net.ovs.flows.add({ bridge: 'br1', priority: 8, actions: 'drop' })
    expect((await net.ovs.flows.list({ bridge: 'br1' })).map(({ priority }) => priority)).toEqual([8, 0])
    await net.ovs.bridges.delete('br1')
  })

  test('calls at once share a connection, and each gets its own answer', async () => {
    const priorities = Array.from({ length: 50 }, (_, i) => i + 1)
    await Promise.all(priorities.map((priority) => net.ovs.flows.add({ priority, actions: 'drop' })))
    const lists = await Promise.all(priorities.map((priority) => net.ovs.flows.find({ priority })))
    expect(lists.map((flow) => flow?.priority)).toEqual(priorities)
  })

  test('an aborted call rejects, and the next works', async () => {
    const aborted = net.ovs.flows.list({}, { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR', operation: 'flows.list', outcome: 'none' })
    expect(await net.ovs.flows.list()).toEqual([])
  })
})
