// bridge: every option set by add and by set, read back, and compared with what `ip` prints and sets.
import type { LinkOptionsOf } from '../../../lib/index'
import { useNetNs } from '../../../lib/testing'
import { bridgeJson, ip, ownPrefix } from '../../support/namespaces'
import { itSince, itWithVlanFiltering, type ConditionalIt } from '../../support/needs'
import { ofKind, shownData } from './support'

const net = useNetNs({ prefix: ownPrefix })

type Options = Omit<LinkOptionsOf<'bridge'>, 'kind' | 'name'>
type Row = readonly [option: string, options: Options, seen: Record<string, unknown>, args: string[]]

// Times are multiples of the clock of every kernel (4 and 10 ms). `ip` prints them in hundredths of a second.
const rows: readonly Row[] = [
  ['forwardDelaySeconds', { forwardDelaySeconds: 7.2 }, { forward_delay: 720 }, ['forward_delay', '720']],
  ['helloTimeSeconds', { helloTimeSeconds: 1.4 }, { hello_time: 140 }, ['hello_time', '140']],
  ['maxAgeSeconds', { maxAgeSeconds: 9.2 }, { max_age: 920 }, ['max_age', '920']],
  ['ageingTimeSeconds', { ageingTimeSeconds: 33.6 }, { ageing_time: 3360 }, ['ageing_time', '3360']],
  ['stpState', { stpState: true }, { stp_state: 1 }, ['stp_state', '1']],
  ['priority', { priority: 4096 }, { priority: 4096 }, ['priority', '4096']],
  ['groupFwdMask', { groupFwdMask: 0x4008 }, { group_fwd_mask: '0x4008' }, ['group_fwd_mask', '0x4008']],
  [
    'groupAddr',
    { groupAddr: '01:80:c2:00:00:0e' },
    { group_addr: '01:80:c2:00:00:0e' },
    ['group_address', '01:80:c2:00:00:0e'],
  ],
  ['mcastRouter', { mcastRouter: 'permanent' }, { mcast_router: 2 }, ['mcast_router', '2']],
  ['mcastSnooping', { mcastSnooping: false }, { mcast_snooping: 0 }, ['mcast_snooping', '0']],
  [
    'mcastQueryUseIfaddr',
    { mcastQueryUseIfaddr: true },
    { mcast_query_use_ifaddr: 1 },
    ['mcast_query_use_ifaddr', '1'],
  ],
  ['mcastQuerier', { mcastQuerier: true }, { mcast_querier: 1 }, ['mcast_querier', '1']],
  ['mcastHashMax', { mcastHashMax: 2048 }, { mcast_hash_max: 2048 }, ['mcast_hash_max', '2048']],
  ['mcastLastMemberCount', { mcastLastMemberCount: 5 }, { mcast_last_member_cnt: 5 }, ['mcast_last_member_count', '5']],
  [
    'mcastStartupQueryCount',
    { mcastStartupQueryCount: 6 },
    { mcast_startup_query_cnt: 6 },
    ['mcast_startup_query_count', '6'],
  ],
  [
    'mcastLastMemberIntervalSeconds',
    { mcastLastMemberIntervalSeconds: 1.2 },
    { mcast_last_member_intvl: 120 },
    ['mcast_last_member_interval', '120'],
  ],
  [
    'mcastMembershipIntervalSeconds',
    { mcastMembershipIntervalSeconds: 111.2 },
    { mcast_membership_intvl: 11_120 },
    ['mcast_membership_interval', '11120'],
  ],
  [
    'mcastQuerierIntervalSeconds',
    { mcastQuerierIntervalSeconds: 99.6 },
    { mcast_querier_intvl: 9960 },
    ['mcast_querier_interval', '9960'],
  ],
  [
    'mcastQueryIntervalSeconds',
    { mcastQueryIntervalSeconds: 44.4 },
    { mcast_query_intvl: 4440 },
    ['mcast_query_interval', '4440'],
  ],
  [
    'mcastQueryResponseIntervalSeconds',
    { mcastQueryResponseIntervalSeconds: 3.2 },
    { mcast_query_response_intvl: 320 },
    ['mcast_query_response_interval', '320'],
  ],
  [
    'mcastStartupQueryIntervalSeconds',
    { mcastStartupQueryIntervalSeconds: 22.4 },
    { mcast_startup_query_intvl: 2240 },
    ['mcast_startup_query_interval', '2240'],
  ],
  ['nfCallIptables', { nfCallIptables: true }, { nf_call_iptables: 1 }, ['nf_call_iptables', '1']],
  ['nfCallIp6tables', { nfCallIp6tables: true }, { nf_call_ip6tables: 1 }, ['nf_call_ip6tables', '1']],
  ['nfCallArptables', { nfCallArptables: true }, { nf_call_arptables: 1 }, ['nf_call_arptables', '1']],
  ['mcastStatsEnabled', { mcastStatsEnabled: true }, { mcast_stats_enabled: 1 }, ['mcast_stats_enabled', '1']],
  ['mcastIgmpVersion', { mcastIgmpVersion: 3 }, { mcast_igmp_version: 3 }, ['mcast_igmp_version', '3']],
  ['mcastMldVersion', { mcastMldVersion: 2 }, { mcast_mld_version: 2 }, ['mcast_mld_version', '2']],
]

const vlanRows: readonly Row[] = [
  ['vlanFiltering', { vlanFiltering: true }, { vlan_filtering: 1 }, ['vlan_filtering', '1']],
  ['vlanProtocol', { vlanProtocol: '802.1ad' }, { vlan_protocol: '802.1ad' }, ['vlan_protocol', '802.1ad']],
  ['vlanDefaultPvid', { vlanDefaultPvid: 42 }, { vlan_default_pvid: 42 }, ['vlan_default_pvid', '42']],
  ['vlanStatsEnabled', { vlanStatsEnabled: true }, { vlan_stats_enabled: 1 }, ['vlan_stats_enabled', '1']],
  ['vlanStatsPerPort', { vlanStatsPerPort: true }, { vlan_stats_per_port: 1 }, ['vlan_stats_per_port', '1']],
]

function describeRow(test: ConditionalIt, [option, options, seen, args]: Row): void {
  test(`${option}: given to add, ip shows it and the result has it`, async () => {
    const { ns } = net
    const link = await ns.links.add({ kind: 'bridge', name: 'br0', ...options })
    expect(link).toMatchObject(options)
    expect(await shownData(ns, 'br0')).toMatchObject(seen)
  })

  test(`${option}: given to set, ip shows it and get has it`, async () => {
    const { ns } = net
    const before = await ns.links.add({ kind: 'bridge', name: 'br0' })
    expect(before).not.toMatchObject(options)
    await ns.links.set('br0', { kind: 'bridge', ...options })
    expect(await ns.links.get('br0')).toMatchObject(options)
    expect(await shownData(ns, 'br0')).toMatchObject(seen)
  })

  test(`${option}: set by ip, get and list have it`, async () => {
    const { ns } = net
    await ip(ns, 'link', 'add', 'name', 'br0', 'type', 'bridge', ...args)
    expect(await ns.links.get('br0')).toMatchObject(options)
    expect(await ns.links.list({ kind: 'bridge' })).toMatchObject([options])
  })
}

describe('an option of a bridge', () => {
  for (const row of rows) {
    describeRow((name, body) => {
      it(name, body)
    }, row)
  }

  const itFiltering = itWithVlanFiltering()
  for (const row of vlanRows) describeRow(itFiltering, row)

  it('all at once, in add and in set', async () => {
    const { ns } = net
    const options = Object.assign({}, ...rows.map((row) => row[1])) as Options
    const seen: Record<string, unknown> = Object.assign({}, ...rows.map((row) => row[2])) as never
    expect(await ns.links.add({ kind: 'bridge', name: 'br0', ...options })).toMatchObject(options)
    expect(await shownData(ns, 'br0')).toMatchObject(seen)
    await ns.links.add({ kind: 'bridge', name: 'br1' })
    await ns.links.set('br1', { kind: 'bridge', ...options })
    expect(await ns.links.get('br1')).toMatchObject(options)
    expect(await shownData(ns, 'br1')).toMatchObject(seen)
  })

  it('that is left out stays as it is', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', priority: 4096, stpState: true })
    await ns.links.set('br0', { kind: 'bridge', mcastSnooping: false })
    expect(await shownData(ns, 'br0')).toMatchObject({ priority: 4096, stp_state: 1, mcast_snooping: 0 })
  })

  it('that the kernel refuses gives its error, and no bridge is made', async () => {
    const { ns } = net
    const add = ns.links.add({ kind: 'bridge', name: 'br0', groupAddr: '02:00:00:00:00:01' })
    await expect(add).rejects.toMatchObject({ code: 'EINVAL', syscall: 'RTM_NEWLINK' })
    expect(await ns.links.find('br0')).toBeUndefined()
  })
})

describe('a switch of a bridge', () => {
  itSince('6.16')('is set alone, the others stay as they are', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', boolOptions: { noLinkLocalLearn: true } })
    expect(await shownData(ns, 'br0')).toMatchObject({ no_linklocal_learn: 1, mcast_vlan_snooping: 0 })
    await ns.links.set('br0', { kind: 'bridge', boolOptions: { mdbOffloadFailNotification: true } })
    expect(await shownData(ns, 'br0')).toMatchObject({ no_linklocal_learn: 1 })
    const { boolOptions } = ofKind(await ns.links.get('br0'), 'bridge')
    expect(boolOptions).toMatchObject({ noLinkLocalLearn: true, mdbOffloadFailNotification: true })
    await ip(ns, 'link', 'set', 'dev', 'br0', 'type', 'bridge', 'no_linklocal_learn', '0')
    const after = ofKind(await ns.links.get('br0'), 'bridge')
    expect(after.boolOptions).toMatchObject({ noLinkLocalLearn: false, mdbOffloadFailNotification: true })
  })
})

describe('the limit of learned addresses', () => {
  itSince('6.7')('is set by add and set, and read back', async () => {
    const { ns } = net
    const link = await ns.links.add({ kind: 'bridge', name: 'br0', fdbMaxLearned: 500 })
    expect(link).toMatchObject({ fdbMaxLearned: 500, fdbNLearned: 0 })
    await ns.links.set('br0', { kind: 'bridge', fdbMaxLearned: 0 })
    expect(await ns.links.get('br0')).toMatchObject({ fdbMaxLearned: 0 })
  })
})

describe('fdbFlush', () => {
  it('forgets what was learned, and keeps what is static', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
    await ns.links.add({ kind: 'veth', name: 'va', master: 'br0', up: true, peer: { name: 'vb', up: true } })
    const known = async (): Promise<string[]> => {
      const entries = await bridgeJson<{ mac: string }[]>(ns, 'fdb', 'show', 'br', 'br0')
      // One for each VLAN, where there are VLANs.
      const macs = new Set(entries.map(({ mac }) => mac))
      return [...macs].filter((mac) => mac.startsWith('02:00:00:00:00:'))
    }
    await bridgeJson(ns, 'fdb', 'add', '02:00:00:00:00:42', 'dev', 'va', 'master', 'dynamic')
    await bridgeJson(ns, 'fdb', 'add', '02:00:00:00:00:43', 'dev', 'va', 'master', 'static')
    expect((await known()).sort()).toEqual(['02:00:00:00:00:42', '02:00:00:00:00:43'])
    await ns.links.set('br0', { kind: 'bridge', fdbFlush: false, priority: 1 })
    expect(await known()).toHaveLength(2)
    await ns.links.set('br0', { kind: 'bridge', fdbFlush: true })
    expect(await known()).toEqual(['02:00:00:00:00:43'])
  })
})

describe('what a bridge reports', () => {
  it('is what ip prints', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', mac: '02:00:00:00:00:01', up: true, priority: 4096 })
    const link = ofKind(await ns.links.get('br0'), 'bridge')
    const data = await shownData(ns, 'br0')
    expect(link.bridgeId).toBe('1000.020000000001')
    expect(data.bridge_id).toBe('1000.2:0:0:0:0:1')
    expect(link.rootId).toBe(link.bridgeId)
    expect(data).toMatchObject({
      root_port: link.rootPort,
      root_path_cost: link.rootPathCost,
      topology_change: Number(link.topologyChange),
      topology_change_detected: Number(link.topologyChangeDetected),
      hello_timer: link.helloTimerSeconds,
      tcn_timer: link.tcnTimerSeconds,
      topology_change_timer: link.topologyChangeTimerSeconds,
      mcast_hash_elasticity: link.mcastHashElasticity,
    })
  })

  it.each(['rootId', 'bridgeId', 'rootPort', 'fdbNLearned', 'mcastQuerierState', 'gcTimerSeconds'])(
    'is no option: %s is refused by name',
    async (option) => {
      const { ns } = net
      const link = ofKind(await ns.links.add({ kind: 'bridge', name: 'br0' }), 'bridge')
      const value: unknown = link[option as keyof typeof link] ?? {}
      const options = { kind: 'bridge', name: 'br1', [option]: value } as { kind: 'bridge'; name: string }
      await expect(ns.links.add(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: option })
      expect(await ns.links.find('br1')).toBeUndefined()
    },
  )
})
