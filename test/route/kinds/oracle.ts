// Links of each kind with options by our names and by the words of `ip`, so that each option of these kinds occurs at least
// once, with another value than its default.

type Values = Readonly<Record<string, unknown>>

/** A link, and what is changed of it. */
export interface Sample {
  /** By our names. */
  readonly options: Values
  /** The same by the words of `ip link add … type KIND`; undefined: it has none, and what is read is compared alone. */
  readonly words: string | undefined
  /** What it reads as, where that is something else. */
  readonly reads?: Values
  /** Changes, by our names. */
  readonly set?: Values
  /** The same by the words of `ip link set … type KIND`. */
  readonly setWords?: string
}

const ends = { local: '192.0.2.8', remote: '192.0.2.1' }
const endWords = 'local 192.0.2.8 remote 192.0.2.1'
const ends6 = { local: 'fd00::8', remote: 'fd00::1' }
const endWords6 = 'local fd00::8 remote fd00::1'
const fou = { encapType: 'fou', encapFlags: ['csum', 'remcsum'], encapSport: 5555, encapDport: 6666 }
const fouWords = 'encap fou encap-sport 5555 encap-dport 6666 encap-csum encap-remcsum'
const gue = { encapType: 'gue', encapFlags: ['csum6'], encapSport: 5555, encapDport: 6666 }
const gueWords = 'encap gue encap-sport 5555 encap-dport 6666'
const keys = { iflags: ['csum', 'key', 'seq'], oflags: ['key'], ikey: 5, okey: 6 }
const keyWords = 'icsum iseq ikey 5 okey 6'
const external: Sample = { options: { collectMetadata: true }, words: 'external' }

const tos = { ttl: 9, tos: 16 }
const tosWords = 'ttl 9 tos 0x10'
const inner = { ttl: 33, encapLimit: 7, flowInfo: 0x0100_0005 }
const innerWords = 'hoplimit 33 encaplimit 7 tclass 0x10 flowlabel 0x5'
// The last two the kernel adds where the addresses are valid.
const all6Flags = [
  'ignEncapLimit',
  'useOrigTclass',
  'useOrigFlowlabel',
  'rcvDscpCopy',
  'useOrigFwmark',
  'allowLocalRemote',
  'capXmit',
  'capRcv',
]
// `ip` gives checksums over IPv6 to every encapsulation, also to none.
const copied = { ...ends6, ttl: 64, encapLimit: 4, tunnelFlags: all6Flags, encapFlags: ['csum6'] }
const copiedWords = `${endWords6} encaplimit none tclass inherit flowlabel inherit dscp inherit fwmark inherit allow-localremote`

const gre: Sample[] = [
  {
    options: { underlay: 'u0', ...keys, ...ends, ...tos, ...fou, fwmark: 7 },
    words: `dev u0 ${keyWords} ${endWords} ${tosWords} ${fouWords} fwmark 7`,
  },
  { options: { ...ends, pmtudisc: false, ignoreDf: true }, words: `${endWords} nopmtudisc ignore-df` },
  external,
]
const ip6gre: Sample[] = [
  {
    options: { underlay: 'u0', ...keys, ...ends6, ...inner, ...gue, fwmark: 7 },
    words: `dev u0 ${keyWords} ${endWords6} ${innerWords} ${gueWords} fwmark 7`,
  },
  { options: copied, words: copiedWords },
  external,
]
const session = { iflags: ['key', 'seq'], oflags: ['key', 'seq'], ikey: 30, okey: 30 }
const withoutKeys = (samples: readonly Sample[]): Sample[] =>
  samples.map(({ options, words = '' }) => ({ options, words: words.replace(keyWords, '') }))
const erspan = (addresses: Values, words: string, more: readonly Sample[]): Sample[] => [
  {
    options: { ...session, ...addresses, erspanVer: 1, erspanIndex: 123 },
    words: `seq key 30 ${words} erspan_ver 1 erspan 123`,
  },
  {
    options: { ...session, ...addresses, erspanVer: 2, erspanDir: 1, erspanHwid: 17 },
    words: `seq key 30 ${words} erspan_ver 2 erspan_dir egress erspan_hwid 0x11`,
  },
  ...more.map(({ options, words }) => ({
    options: { ...options, ...('local' in options ? session : {}), erspanVer: 1 },
    words: `${'local' in options ? 'seq key 30 ' : ''}${words ?? ''} erspan_ver 1`,
  })),
]
const vti = (addresses: Values, words: string): Sample[] => [
  {
    options: { underlay: 'u0', ikey: 5, okey: 6, ...addresses, fwmark: 7 },
    words: `dev u0 ikey 5 okey 6 ${words} fwmark 7`,
  },
]
const ipvlan: Sample[] = [
  {
    options: { link: 'u0', mode: 'l2', ipvlanFlags: ['private'] },
    words: 'mode l2 private',
    set: { mode: 'l3', ipvlanFlags: ['vepa'] },
    setWords: 'mode l3 vepa',
  },
  { options: { link: 'u0', mode: 'l3s' }, words: 'mode l3s bridge' },
]

/** By kind. */
export const samples: Readonly<Record<string, readonly Sample[]>> = {
  geneve: [
    {
      options: {
        id: 77,
        remote: '192.0.2.1',
        ...tos,
        dstPort: 4000,
        udpCsum: true,
        df: 'set',
      },
      words: 'id 77 remote 192.0.2.1 ttl 9 tos 0x10 dstport 4000 udpcsum df set',
      set: { remote: '192.0.2.2', ttl: 12, df: 'inherit' },
      setWords: 'id 77 remote 192.0.2.2 ttl 12 df inherit',
    },
    {
      options: {
        id: 78,
        remote6: 'fd00::1',
        flowLabel: 5,
        ttlInherit: true,
        udpZeroCsum6Tx: true,
        udpZeroCsum6Rx: false,
      },
      words: 'id 78 remote fd00::1 flowlabel 5 ttl inherit udp6zerocsumtx noudp6zerocsumrx',
    },
    { options: { collectMetadata: true, innerProtoInherit: true }, words: 'external innerprotoinherit' },
  ],
  gre,
  gretap: gre,
  ip6gre,
  ip6gretap: ip6gre,
  erspan: erspan(ends, endWords, withoutKeys(gre)),
  ip6erspan: erspan({ ...ends6, ttl: 64, encapLimit: 4, encapFlags: ['csum6'] }, endWords6, withoutKeys(ip6gre)),
  ipip: [
    {
      options: { underlay: 'u0', ...ends, ...tos, proto: 'mplsip', ...fou, fwmark: 7 },
      words: `dev u0 ${endWords} ${tosWords} mode mplsip ${fouWords} fwmark 7`,
    },
    { options: { ...ends, pmtudisc: false }, words: `${endWords} nopmtudisc mode ipip` },
    { ...external, words: 'external mode ipip' },
  ],
  sit: [
    {
      options: { underlay: 'u0', ...ends, ...tos, proto: 'any', ...fou, fwmark: 7 },
      words: `dev u0 ${endWords} ${tosWords} mode any ${fouWords} fwmark 7`,
    },
    {
      options: { local: '192.0.2.8', ttl: 0, pmtudisc: false, tunnelFlags: ['isatap'] },
      words: 'local 192.0.2.8 nopmtudisc isatap mode ip6ip',
    },
    {
      options: {
        local: '192.0.2.8',
        ttl: 64,
        sixrdPrefix: '2001:db8::',
        sixrdPrefixLen: 32,
        sixrdRelayPrefix: '10.0.0.0',
        sixrdRelayPrefixLen: 8,
      },
      words: 'local 192.0.2.8 ttl 64 6rd-prefix 2001:db8::/32 6rd-relay_prefix 10.0.0.0/8 mode ip6ip',
    },
  ],
  ip6tnl: [
    {
      options: { underlay: 'u0', ...ends6, ...inner, proto: 'ipip6', ...gue, fwmark: 7 },
      words: `dev u0 ${endWords6} ${innerWords} mode ipip6 ${gueWords} fwmark 7`,
    },
    { options: { ...copied, proto: 'any' }, words: `${copiedWords} mode any` },
    { ...external, options: { ...external.options, proto: 'ip6ip6' }, words: 'external mode ip6ip6' },
  ],
  vti: vti(ends, endWords),
  vti6: vti(ends6, endWords6),
  xfrm: [{ options: { underlay: 'u0', ifId: 5 }, words: 'dev u0 if_id 5' }, external],
  ipvlan,
  ipvtap: ipvlan,
  nlmon: [{ options: {}, words: '' }],
  vcan: [{ options: {}, words: '' }],
  wireguard: [{ options: {}, words: '' }],
  team: [{ options: {}, words: '' }],
  bond: [
    {
      options: {
        mode: 'active-backup',
        miimon: 100,
        updelay: 200,
        downdelay: 300,
        useCarrier: false,
        primaryReselect: 'better',
        failOverMac: 'active',
        resendIgmp: 3,
        numPeerNotif: 4,
        allSlavesActive: true,
        peerNotifDelay: 200,
      },
      words:
        'mode active-backup miimon 100 updelay 200 downdelay 300 use_carrier 0 primary_reselect better fail_over_mac active ' +
        'resend_igmp 3 num_grat_arp 4 all_slaves_active 1 peer_notify_delay 200',
      set: { numPeerNotif: 5, useCarrier: true },
      setWords: 'num_grat_arp 5 use_carrier 1',
    },
    {
      options: {
        mode: 'active-backup',
        arpInterval: 500,
        arpIpTarget: ['192.0.2.1', '192.0.2.2'],
        arpValidate: 'filter_active',
        arpAllTargets: 'all',
        missedMax: 5,
        nsIp6Target: ['fd00::1'],
      },
      words:
        'mode active-backup arp_interval 500 arp_ip_target 192.0.2.1,192.0.2.2 arp_validate filter_active ' +
        'arp_all_targets all arp_missed_max 5 ns_ip6_target fd00::1',
    },
    {
      options: {
        mode: '802.3ad',
        xmitHashPolicy: 'layer3+4',
        minLinks: 2,
        adLacpRate: 'fast',
        adSelect: 'bandwidth',
        adActorSysPrio: 100,
        adUserPortKey: 5,
        adActorSystem: '02:00:00:00:00:07',
        adLacpActive: false,
      },
      words:
        'mode 802.3ad xmit_hash_policy layer3+4 min_links 2 lacp_rate fast ad_select bandwidth ad_actor_sys_prio 100 ' +
        'ad_user_port_key 5 ad_actor_system 02:00:00:00:00:07 lacp_active off',
    },
    { options: { mode: '802.3ad', coupledControl: false }, words: undefined },
    { options: { mode: 'balance-rr', packetsPerSlave: 5 }, words: 'mode balance-rr packets_per_slave 5' },
    {
      options: { mode: 'balance-tlb', tlbDynamicLb: false, lpInterval: 3 },
      words: 'mode balance-tlb tlb_dynamic_lb 0 lp_interval 3',
    },
  ],
}
