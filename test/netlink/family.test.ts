// Families declared as tables: typed methods, alone and in batches with rollback.
import { expectTypeOf } from 'expect-type'
import { BatchError, NetlinkError, NetNs } from '../../lib/index'
import {
  attributes,
  be32,
  bits,
  defineFamily,
  genericFamilies,
  genericFamily,
  genericPolicy,
  ipv4,
  operation,
  repeated,
  struct,
  u16,
  u32,
  u8,
  text,
} from '../../lib/netlink/index'
import { familyNumber } from '../../lib/netlink/generic'
import { useNetNs } from '../../lib/testing'
import { ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['ns', 'other'], prefix: ownPrefix })

// linux/mptcp_pm.h
const address = attributes('MPTCP_PM_ADDR_ATTR_', {
  family: ['FAMILY', 1, u16],
  id: ['ID', 2, u8],
  ipv4: ['ADDR4', 3, ipv4],
  port: ['PORT', 5, u16],
  flags: ['FLAGS', 6, bits(u32, 'MPTCP_PM_ADDR_FLAG_', { signal: ['SIGNAL', 1], subflow: ['SUBFLOW', 2] })],
})
const pm = attributes('MPTCP_PM_ATTR_', {
  address: ['ADDR', 1, address],
  addressesReceived: ['RCV_ADD_ADDRS', 2, u32],
  subflows: ['SUBFLOWS', 3, u32],
})

const mptcp = defineFamily({
  name: 'mptcp_pm',
  operations: {
    add: operation({
      command: 1,
      symbol: 'MPTCP_PM_CMD_ADD_ADDR',
      request: pm,
      required: ['address'],
      undo: { operation: 'delete' },
    }),
    delete: operation({ command: 2, symbol: 'MPTCP_PM_CMD_DEL_ADDR', request: pm, required: ['address'] }),
    list: operation({ command: 3, symbol: 'MPTCP_PM_CMD_GET_ADDR', reply: pm, dump: true }),
    setLimits: operation({
      command: 5,
      symbol: 'MPTCP_PM_CMD_SET_LIMITS',
      request: pm,
      restore: { operation: 'getLimits', request: () => ({}) },
    }),
    getLimits: operation({ command: 6, symbol: 'MPTCP_PM_CMD_GET_LIMITS', reply: pm }),
  },
})

const signal = (id: number) => ({ address: { family: 2, id, ipv4: `10.0.0.${id}`, flags: ['signal'] as const } })

describe('a generic family', () => {
  it('has its operations as methods', async () => {
    const here = mptcp.in(net.ns)
    await here.add(signal(1))
    await here.add(signal(2))
    expect((await here.list()).map(({ address }) => address)).toMatchObject([
      { id: 1, ipv4: '10.0.0.1', flags: ['signal'] },
      { id: 2, ipv4: '10.0.0.2', flags: ['signal'] },
    ])
    expect(await mptcp.in(net.other).list()).toEqual([])
    await here.delete(signal(1))
    expect(await here.list()).toHaveLength(1)
  })

  it('has types for what is taken and given', () => {
    expectTypeOf(mptcp.in(net.ns).getLimits)
      .returns.resolves.toHaveProperty('subflows')
      .toEqualTypeOf<number | undefined>()
    expectTypeOf(mptcp.in(net.ns).add).returns.resolves.toBeVoid()
    expectTypeOf(mptcp.in(net.ns).list).returns.resolves.toBeArray()
    // @ts-expect-error -- `address` is required
    const missing = (): unknown => mptcp.in(net.ns).add({})
    // @ts-expect-error -- and an operation that is not declared is none
    const unknown = (): unknown => mptcp.in(net.ns).flush
    expect([missing, unknown]).toHaveLength(2)
  })

  it('refuses by field what an operation does not take, before the kernel sees it', async () => {
    const here = mptcp.in(net.ns)
    await expect(here.add({} as never)).rejects.toMatchObject({ field: 'address' })
    await expect(here.add({ address: { id: 256 } })).rejects.toMatchObject({ field: 'address.id' })
    await expect(here.add({ ...signal(1), adress: 1 } as never)).rejects.toMatchObject({ field: 'adress' })
    await expect(here.list({ x: 1 })).rejects.toMatchObject({ field: 'x' })
    await expect(here.list(undefined, { timeout: -1 })).rejects.toMatchObject({ field: 'timeout' })
  })

  it('says what the kernel refused, by the names of the table', async () => {
    const here = mptcp.in(net.ns)
    const error: unknown = await here.delete(signal(9)).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({ operation: 'mptcp_pm.delete', syscall: 'MPTCP_PM_CMD_DEL_ADDR', netns: net.ns.name })
    await expect(here.setLimits({ subflows: 1000 })).rejects.toMatchObject({ attribute: 'subflows' })
  })

  it('that the kernel does not have is ENOENT', async () => {
    const none = defineFamily({
      name: 'no_such_thing',
      operations: { get: operation({ command: 1, symbol: 'NO_CMD_GET', reply: pm }) },
    })
    await expect(none.in(net.ns).get()).rejects.toMatchObject({ code: 'ENOENT', syscall: 'CTRL_CMD_GETFAMILY' })
    const batch = net.ns.batch()
    none.in(batch).get()
    await expect(batch.commit()).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('is asked for its number again when it has another one', async () => {
    const number = familyNumber('mptcp_pm') as { number: number | undefined }
    await mptcp.in(net.ns).list()
    const right = number.number
    number.number = 1000
    expect(await mptcp.in(net.ns).list()).toEqual([])
    expect(number.number).toBe(right)
    number.number = 1000
    const batch = net.ns.batch()
    mptcp.in(batch).list()
    await expect(batch.commit()).rejects.toMatchObject({ code: 'ENOENT' })
    const again = net.ns.batch()
    const entry = mptcp.in(again).list()
    await again.commit()
    expect(entry.value).toEqual([])
  })
})

describe('in a batch', () => {
  it('operations are noted with those of rtnetlink, for any of its namespaces', async () => {
    const batch = net.ns.batch()
    batch.links.add({ kind: 'ifb', name: 'x' })
    mptcp.in(batch).add(signal(1))
    mptcp.in(batch.in(net.other)).add(signal(2))
    const made = batch.createNetNs()
    mptcp.in(made).add(signal(3))
    const all = mptcp.in(made).list()
    await batch.commit()
    expect(all.value).toMatchObject([{ address: { id: 3 } }])
    expect(await mptcp.in(net.ns).list()).toMatchObject([{ address: { id: 1 } }])
    expect(await mptcp.in(net.other).list()).toMatchObject([{ address: { id: 2 } }])
    made.value.close()
  })

  it('what was made is removed, and what was set is set back, if one fails', async () => {
    const here = mptcp.in(net.ns)
    await here.setLimits({ addressesReceived: 1, subflows: 3 })
    const batch = net.ns.batch({ rollback: true })
    const noted = mptcp.in(batch)
    noted.add(signal(1))
    noted.setLimits({ addressesReceived: 4, subflows: 5 })
    noted.add(signal(2))
    batch.links.set('none', { up: true })
    const error: unknown = await batch.commit().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BatchError)
    expect(error).toMatchObject({ code: 'ENODEV', rolledBack: true, leftover: false })
    expect(await here.list()).toEqual([])
    expect(await here.getLimits()).toMatchObject({ addressesReceived: 1, subflows: 3 })
  })

  it('of a pool it is asked for its number, too', async () => {
    familyNumber('mptcp_pm').forget()
    await using pool = NetNs.pool({
      size: 1,
      prepare(pod) {
        mptcp.in(pod).add(signal(1))
      },
    })
    await using pod = await pool.take()
    expect(await mptcp.in(pod).list()).toMatchObject([{ address: { id: 1 } }])
  })

  it('one that nothing takes back stays done, and the error says so', async () => {
    const here = mptcp.in(net.ns)
    await here.add(signal(1))
    const batch = net.ns.batch({ rollback: true })
    mptcp.in(batch).delete(signal(1))
    batch.links.set('none', { up: true })
    await expect(batch.commit()).rejects.toMatchObject({ code: 'ENODEV', leftover: true, leftovers: [0] })
  })

  it('features of devices are switched, and back again if one fails', async () => {
    const off = { 'tx-checksum-ip-generic': false }
    await net.ns.links.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } })
    const before = await net.ns.ethtool.features.get('v0')
    const failing = net.ns.batch({ rollback: true })
    failing.ethtool.features.set('v0', off)
    failing.links.set('none', { up: true })
    await expect(failing.commit()).rejects.toMatchObject({ code: 'ENODEV', leftover: false })
    expect(await net.ns.ethtool.features.get('v0')).toEqual(before)
    const batch = net.ns.batch()
    batch.ethtool.features.set('v0', off)
    const after = batch.ethtool.features.get('v0')
    await batch.commit()
    expect(after.value['tx-checksum-ip-generic']?.active).toBe(false)
  })
})

describe('a family with a header of its own', () => {
  // linux/neighbour.h, by rtnetlink: the parameters of the neighbor tables.
  const header = struct('ndtmsg', { family: ['ndtm_family', u8], _pad: ['ndtm_pad', u8], _pad2: ['ndtm_pad', u16] })
  const parms = attributes('NDTPA_', { device: ['IFINDEX', 1, u32], queueLength: ['QUEUE_LENBYTES', 14, u32] })
  const table = attributes('NDTA_', { name: ['NAME', 1, text(100)], parms: ['PARMS', 6, parms] })
  const tables = defineFamily({
    name: 'neighborTables',
    protocol: 0,
    header,
    operations: {
      list: operation({ command: 66, symbol: 'RTM_GETNEIGHTBL', request: table, reply: table, dump: true }),
    },
  })

  it('has its fields beside the attributes', async () => {
    const all = await tables.in(net.ns).list({ family: 2 })
    expect(all.length).toBeGreaterThan(0)
    expect(all.find(({ name }) => name === 'arp_cache')).toMatchObject({ family: 2, name: 'arp_cache' })
    expect(new Set(all.map(({ family }) => family))).toEqual(new Set([2]))
    await expect(tables.in(net.ns).list({ _pad: 1 } as never)).rejects.toMatchObject({ field: '_pad' })
  })

  it('must have other names than they have', () => {
    const twice = attributes('X_', { family: ['FAMILY', 1, be32] })
    const define = (): unknown =>
      defineFamily({
        name: 'x',
        protocol: 0,
        header,
        operations: { get: operation({ command: 99, symbol: 'X', reply: twice }) },
      })
    expect(define).toThrow(expect.objectContaining({ field: 'header' }) as Error)
  })
})

it.each([
  ['undo', { undo: { operation: 'none' } }],
  ['restore', { restore: { operation: 'none' } }],
  ['restore', { restore: { operation: 'set' } }],
])('a table that does not fit together is refused: %s', (which, more) => {
  const define = (): unknown =>
    defineFamily({ name: 'x', operations: { set: operation({ command: 1, symbol: 'X', request: pm, ...more }) } })
  expect(define).toThrow(expect.objectContaining({ field: `operations.set.${which}.operation` }) as Error)
})

it('methods are for namespaces', () => {
  expect(() => mptcp.in({} as never)).toThrow(expect.objectContaining({ field: 'target' }) as Error)
})

describe('generic netlink itself', () => {
  it('tells its families', async () => {
    const all = await genericFamilies(net.ns)
    const { id, groups } = await genericFamily(net.ns, 'nlctrl')
    expect([id, [...groups.keys()]]).toEqual([16, ['notify']])
    expect(all.find(({ name }) => name === 'nlctrl')).toMatchObject({ id: 16, name: 'nlctrl', version: 2 })
    await expect(genericFamily(net.ns, 'none')).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(genericFamily(net.ns, 'a name that is too long')).rejects.toMatchObject({ field: 'name' })
  })

  it('tells what commands take', async () => {
    const { policies, operations } = await genericPolicy(net.ns, 'ethtool', { command: 11 })
    const index = operations[11]?.do
    expect(index).toBeDefined()
    expect(policies[index!]?.[1]).toMatchObject({ type: 'nested' })
    expect(() => JSON.stringify(policies)).not.toThrow()
  })

  it('tells groups of families', async () => {
    const { groups } = await genericFamily(net.ns, 'ethtool')
    await using generic = net.ns.netlink('generic')
    await generic.join(groups.get('monitor')!)
    await net.ns.links.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } })
    await net.ns.ethtool.features.set('v0', { 'tx-checksum-ip-generic': false })
    for await (const message of generic) {
      expect(message.payload.length).toBeGreaterThan(4)
      break
    }
  })
})

it('a repeated attribute is a list', async () => {
  expect(repeated(u8)).toMatchObject({ repeated: true })
  expect(await mptcp.in(net.ns).list()).toEqual([])
})
