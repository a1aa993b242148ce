// The snippets of docs/netlink.md.
import { NetNs } from 'netloom'
import {
  attributes,
  defineFamily,
  genericFamily,
  i32,
  ipv4,
  ipv6,
  objects,
  operation,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
} from 'netloom/netlink'

// What the kernel has learnt about the hosts it talked to: linux/tcp_metrics.h.
const values = attributes('TCP_METRIC_', {
  rtt: ['RTT', 1, u32],
  rttVariance: ['RTTVAR', 2, u32],
  ssthresh: ['SSTHRESH', 3, u32],
  cwnd: ['CWND', 4, u32],
  reordering: ['REORDERING', 5, u32],
})

const metrics = attributes('TCP_METRICS_ATTR_', {
  address: ['ADDR_IPV4', 1, ipv4],
  address6: ['ADDR_IPV6', 2, ipv6],
  age: ['AGE', 3, u64],
  values: ['VALS', 6, values],
  fastOpenMss: ['FOPEN_MSS', 7, u16],
  source: ['SADDR_IPV4', 11, ipv4],
  source6: ['SADDR_IPV6', 12, ipv6],
})

const tcpMetrics = defineFamily({
  name: 'tcp_metrics',
  operations: {
    get: operation({ command: 1, symbol: 'TCP_METRICS_CMD_GET', request: metrics, reply: metrics }),
    list: operation({ command: 1, symbol: 'TCP_METRICS_CMD_GET', reply: metrics, dump: true }),
    delete: operation({ command: 2, symbol: 'TCP_METRICS_CMD_DEL', request: metrics }),
  },
})

// The limits of Multipath TCP: linux/mptcp_pm.h.
const paths = attributes('MPTCP_PM_ATTR_', { accepted: ['RCV_ADD_ADDRS', 2, u32], subflows: ['SUBFLOWS', 3, u32] })

const multipath = defineFamily({
  name: 'mptcp_pm',
  operations: {
    limits: operation({ command: 6, symbol: 'MPTCP_PM_CMD_GET_LIMITS', reply: paths }),
    setLimits: operation({
      command: 5,
      symbol: 'MPTCP_PM_CMD_SET_LIMITS',
      request: paths,
      restore: { operation: 'limits', request: () => ({}) },
    }),
  },
})

// The endpoints of Multipath TCP: linux/mptcp_pm.h.
const endpoint = attributes('MPTCP_PM_ADDR_ATTR_', {
  family: ['FAMILY', 1, u16],
  id: ['ID', 2, u8],
  address: ['ADDR4', 3, ipv4],
})

const endpoints = defineFamily({
  name: 'mptcp_pm',
  objects: objects({
    attributes: attributes('MPTCP_PM_ATTR_', { endpoint: ['ADDR', 1, endpoint] }),
    key: ['endpoint'],
    make: { command: 1, symbol: 'MPTCP_PM_CMD_ADD_ADDR', modes: { add: {} } },
    look: { command: 3, symbol: 'MPTCP_PM_CMD_GET_ADDR' },
    remove: { command: 2, symbol: 'MPTCP_PM_CMD_DEL_ADDR' },
  }),
})

async function main(): Promise<void> {
  await using red = await NetNs.create()
  await using green = await NetNs.create()
  await red.links.add({ kind: 'veth', name: 'eth0', up: true, peer: { netns: green, name: 'eth0', up: true } })
  await red.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
  await green.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  const server = await green.listen({ host: '10.0.0.2', port: 80 })
  server.on('connection', (socket) => socket.end('hello'))
  const socket = await red.connect({ host: '10.0.0.2', port: 80 })
  for await (const _ of socket);
  server.close()

  for (const { address, values } of await tcpMetrics.in(red).list()) {
    console.log(address, values?.cwnd)
  }
  await tcpMetrics.in(red).delete({ address: '10.0.0.2' })

  const batch = red.batch({ rollback: true })
  batch.links.add({ kind: 'ifb', name: 'ifb0' })
  multipath.in(batch).setLimits({ accepted: 2, subflows: 4 })
  const limits = multipath.in(batch).limits()
  await batch.commit()
  console.log(limits.value.subflows)

  const { made } = await endpoints.in(red).ensure({ endpoint: { family: 2, id: 1, address: '10.0.0.1' } })
  const found = await endpoints.in(red).find({ endpoint: { id: 1 } })
  console.log(made, found?.endpoint?.address)
  await endpoints.in(red).delete({ endpoint: { id: 1 } }, { force: true })

  const { groups } = await genericFamily(red, 'ethtool')
  const monitor = groups.get('monitor')
  console.log(groups.keys(), monitor)

  const layout = {
    header: struct('ifinfomsg', {
      family: ['ifi_family', u8],
      _pad: ['__ifi_pad', u8],
      type: ['ifi_type', u16],
      index: ['ifi_index', i32],
      flags: ['ifi_flags', u32],
      change: ['ifi_change', u32],
    }),
    attributes: attributes('IFLA_', { name: ['IFNAME', 3, text(15)], mtu: ['MTU', 4, u32] }),
  }
  const RTM_GETLINK = 18
  const RTNLGRP_LINK = 1
  const route = red.netlink('route')
  for (const message of await route.dump({ type: RTM_GETLINK, name: 'RTM_GETLINK', layout })) {
    console.log(message.decode(layout).attributes.name)
  }

  await route.join(RTNLGRP_LINK)
  setTimeout(() => void red.links.set('ifb0', { mtu: 1400 }), 10)
  for await (const message of route) {
    const { name, mtu } = message.decode(layout).attributes
    console.log(name, mtu)
    break
  }
  await route.close()
}

void main()
