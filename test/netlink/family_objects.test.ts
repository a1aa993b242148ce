// Objects of a family that is declared as a table: the verbs of netloom's own resources, alone and in batches with rollback.
import { expectTypeOf } from 'expect-type'
import {
  attributes,
  binary,
  bits,
  defineFamily,
  device,
  ipv4,
  NLM_F,
  objects,
  operation,
  readOnly,
  struct,
  u16,
  u32,
  u8,
} from '../../lib/netlink/index'
import { useNetNs } from '../../lib/testing'
import { ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['ns'], prefix: ownPrefix })

// linux/mptcp_pm.h
const endpoint = attributes('MPTCP_PM_ADDR_ATTR_', {
  family: ['FAMILY', 1, u16],
  id: ['ID', 2, u8],
  ipv4: ['ADDR4', 3, ipv4],
  flags: ['FLAGS', 6, bits(u32, 'MPTCP_PM_ADDR_FLAG_', { signal: ['SIGNAL', 1], subflow: ['SUBFLOW', 2] })],
})
const mptcp = defineFamily({
  name: 'mptcp_pm',
  objects: objects({
    attributes: attributes('MPTCP_PM_ATTR_', { address: ['ADDR', 1, endpoint] }),
    key: ['address'],
    make: {
      command: 1,
      symbol: 'MPTCP_PM_CMD_ADD_ADDR',
      modes: { add: {} },
    },
    look: { command: 3, symbol: 'MPTCP_PM_CMD_GET_ADDR' },
    remove: { command: 2, symbol: 'MPTCP_PM_CMD_DEL_ADDR' },
  }),
})
const signal = (id: number) => ({ address: { family: 2, id, ipv4: `10.0.0.${id}`, flags: ['signal'] as const } })
const withId = (id: number) => ({ address: { id } })

// linux/neighbour.h: what `ns.neighbors` has, by a user's hand.
const ndmsg = struct('ndmsg', {
  family: ['ndm_family', u8],
  _pad1: ['ndm_pad1', u8],
  _pad2: ['ndm_pad2', u16],
  dev: ['ndm_ifindex', device],
  state: ['ndm_state', u16],
  flags: ['ndm_flags', u8],
  type: ['ndm_type', u8],
})
const entries = defineFamily({
  name: 'entries',
  protocol: 0,
  header: ndmsg,
  objects: objects({
    attributes: attributes('NDA_', {
      address: ['DST', 1, ipv4],
      mac: ['LLADDR', 2, binary(32)],
      cacheInfo: ['CACHEINFO', 3, readOnly(binary(64))],
      probes: ['PROBES', 4, readOnly(u32)],
      protocol: ['PROTOCOL', 12, u8],
    }),
    key: ['family', 'dev', 'address'],
    make: {
      command: 28,
      symbol: 'RTM_NEWNEIGH',
      modes: {
        add: { flags: NLM_F.CREATE | NLM_F.EXCL },
        replace: { flags: NLM_F.CREATE | NLM_F.REPLACE, replaces: true },
      },
    },
    look: { command: 30, symbol: 'RTM_GETNEIGH', single: true, filters: ['family'] },
    remove: { command: 29, symbol: 'RTM_DELNEIGH' },
  }),
})
const permanent = 0x80
const entry = (address: string, last: number) =>
  ({ family: 2, dev: 'v0', address, mac: Uint8Array.of(2, 0, 0, 0, 0, last), state: permanent }) as const

async function fails(note: (batch: ReturnType<typeof net.ns.batch>) => void): Promise<void> {
  const batch = net.ns.batch({ rollback: true })
  note(batch)
  batch.links.set('none', { up: true })
  await expect(batch.commit()).rejects.toMatchObject({ code: 'ENODEV', rolledBack: true, leftover: false })
}

describe('objects of a generic family', () => {
  it('are made, found, listed and removed', async () => {
    const here = mptcp.in(net.ns)
    await here.add(signal(1))
    await here.add(signal(2))
    await expect(here.add(signal(2))).rejects.toMatchObject({ code: 'EBUSY', operation: 'mptcp_pm.add' })
    expect(await here.get(withId(2))).toMatchObject(signal(2))
    expect(await here.find(withId(3))).toBeUndefined()
    await expect(here.get(withId(3))).rejects.toMatchObject({ code: 'ENOENT', operation: 'mptcp_pm.get' })
    expect(await here.list()).toHaveLength(2)
    expect(await here.list({ address: { ipv4: '10.0.0.1' } })).toMatchObject([signal(1)])
    await here.delete(signal(1))
    expect(await here.list()).toHaveLength(1)
  })

  it('are ensured: made once, and told to differ', async () => {
    const here = mptcp.in(net.ns)
    expect(await here.ensure(signal(1))).toMatchObject({ made: true, value: signal(1) })
    expect(await here.ensure(signal(1))).toMatchObject({ made: false, value: signal(1) })
    expect(await here.list()).toHaveLength(1)
  })

  it('are flushed as a filter says, and a filter that lets all through is refused', async () => {
    const here = mptcp.in(net.ns)
    for (const id of [1, 2, 3]) await here.add(signal(id))
    await here.flush({ address: { id: 2 } })
    expect((await here.list()).map(({ address }) => address?.id)).toEqual([1, 3])
    await expect(here.flush({})).rejects.toMatchObject({ field: 'filter' })
  })

  it('come back, and go again, if a batch fails', async () => {
    const here = mptcp.in(net.ns)
    await here.add(signal(1))
    await here.add(signal(2))
    await fails((batch) => {
      mptcp.in(batch).add(signal(3))
      mptcp.in(batch).delete(signal(2))
      mptcp.in(batch).flush({ address: { id: 1 } })
    })
    const ids = (await here.list()).map(({ address }) => address?.id)
    expect(ids.sort()).toEqual([1, 2])
  })

  it('that ensure found are left alone if a batch fails, and those that it made go', async () => {
    const here = mptcp.in(net.ns)
    await here.add(signal(1))
    await fails((batch) => {
      mptcp.in(batch).ensure(signal(1))
      mptcp.in(batch).ensure(signal(2))
    })
    expect(await here.list()).toMatchObject([signal(1)])
  })
})

describe('objects of a family with a header', () => {
  const there = { family: 2, dev: 'v0', address: '10.0.0.2' }

  beforeEach(async () => {
    await net.ns.links.add({ kind: 'veth', name: 'v0', up: true, peer: { name: 'v1' } })
  })

  it('are made, found, listed and removed, by fields and attributes', async () => {
    const here = entries.in(net.ns)
    await here.add(entry('10.0.0.1', 1))
    await here.add(entry('10.0.0.2', 2))
    await expect(here.add(entry('10.0.0.2', 3))).rejects.toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWNEIGH' })
    await here.replace(entry('10.0.0.2', 3))
    const key = there
    expect(await here.get(key)).toMatchObject({
      address: '10.0.0.2',
      mac: Uint8Array.of(2, 0, 0, 0, 0, 3),
      state: permanent,
    })
    expect(await here.find({ ...key, address: '10.0.0.9' })).toBeUndefined()
    expect(await net.ns.neighbors.get({ dev: 'v0', address: '10.0.0.2' })).toMatchObject({ mac: '02:00:00:00:00:03' })
    expect(await here.list({ family: 2, state: permanent })).toHaveLength(2)
    expect(await here.list({ mac: Uint8Array.of(2, 0, 0, 0, 0, 1) })).toMatchObject([{ address: '10.0.0.1' }])
    await here.delete(key)
    await expect(here.delete(key)).rejects.toMatchObject({ code: 'ENOENT' })
    await here.delete(key, { force: true })
    await expect(here.delete(key, { force: 1 } as never)).rejects.toMatchObject({ field: 'force' })
    await expect(here.delete(key, {}, { timeout: -1 })).rejects.toMatchObject({ field: 'timeout' })
    await here.flush({ family: 2, state: permanent })
    expect(await here.list({ state: permanent })).toEqual([])
  })

  it('are ensured, and an error names what differs', async () => {
    const here = entries.in(net.ns)
    expect(await here.ensure(entry('10.0.0.1', 1))).toMatchObject({ made: true })
    expect(await here.ensure(entry('10.0.0.1', 1))).toMatchObject({ made: false })
    await expect(here.ensure(entry('10.0.0.1', 2))).rejects.toMatchObject({
      code: 'EEXIST',
      message: expect.stringContaining('"mac"') as string,
    })
  })

  it('are as they were after a batch that fails', async () => {
    const here = entries.in(net.ns)
    await here.add(entry('10.0.0.1', 1))
    await here.add(entry('10.0.0.2', 2))
    await fails((batch) => entries.in(batch).ensure(entry('10.0.0.1', 1)))
    const stable = async () =>
      (await here.list({ state: permanent }))
        .map(({ address, mac }) => `${address} ${mac?.join(':')}`)
        .sort((a, b) => a.localeCompare(b))
    const before = await stable()
    await fails((batch) => {
      const noted = entries.in(batch)
      noted.add(entry('10.0.0.3', 3))
      noted.replace(entry('10.0.0.1', 9))
      noted.replace(entry('10.0.0.4', 4))
      noted.delete(there)
      noted.ensure(entry('10.0.0.5', 5))
    })
    expect(await stable()).toEqual(before)
    await fails((batch) => {
      entries.in(batch).flush({ state: permanent })
    })
    expect(await stable()).toEqual(before)
  })

  it('name what is wrong, before the kernel sees anything', async () => {
    const here = entries.in(net.ns)
    const key = { family: 2, dev: 1, address: '10.0.0.1' }
    await expect(here.get({ family: 2, dev: 1 } as never)).rejects.toMatchObject({ field: 'address' })
    await expect(here.add({ ...key, probes: 1 })).rejects.toMatchObject({ field: 'probes' })
    await expect(here.add({ ...key, adress: 1 } as never)).rejects.toMatchObject({ field: 'adress' })
    await expect(here.list({ adress: 1 } as never)).rejects.toMatchObject({ field: 'adress' })
    await expect(here.list({ dev: 'lo' })).rejects.toMatchObject({ field: 'dev' })
    await expect(here.delete({ ...key, state: 1 } as never)).rejects.toMatchObject({ field: 'state' })
    for (const wrong of [undefined, null, 1, 'x']) {
      await expect(here.add(wrong as never)).rejects.toThrow(TypeError)
      await expect(here.get(wrong as never)).rejects.toThrow(TypeError)
      await expect(here.ensure(wrong as never)).rejects.toThrow(TypeError)
      await expect(here.delete(wrong as never)).rejects.toThrow(TypeError)
    }
  })

  it('have types', () => {
    const here = entries.in(net.ns)
    expectTypeOf(here.get).parameter(0).toEqualTypeOf<{
      readonly family: number
      readonly dev: number | string
      readonly address: string
    }>()
    expectTypeOf(here.replace).returns.resolves.toBeVoid()
    expectTypeOf(here.ensure).returns.resolves.toHaveProperty('made').toBeBoolean()
    expectTypeOf(here.list).returns.resolves.toBeArray()
    // @ts-expect-error -- there is no such mode
    const unknown = (): unknown => here.append
    // @ts-expect-error -- `address` is part of the key
    const missing = (): unknown => here.delete({ family: 2, dev: 1 })
    expect([unknown, missing]).toHaveLength(2)
  })
})

describe('a table that does not fit together is refused', () => {
  const set = attributes('X_', { id: ['ID', 1, u32] })
  const command = { command: 1, symbol: 'X' }

  it('a key that is no attribute', () => {
    const its = objects({
      attributes: set,
      key: ['x'],
      make: { ...command, modes: { add: {} } },
      look: command,
      remove: command,
    })
    expect(() => defineFamily({ name: 'x', objects: its })).toThrow(
      expect.objectContaining({ field: 'objects' }) as Error,
    )
  })

  it('no mode', () => {
    const its = objects({
      attributes: set,
      key: ['id'],
      make: { ...command, modes: {} },
      look: command,
      remove: command,
    })
    expect(() => defineFamily({ name: 'x', objects: its })).toThrow(
      expect.objectContaining({ field: 'objects.make.modes' }) as Error,
    )
  })

  it('an operation with the name of a verb', () => {
    const its = objects({
      attributes: set,
      key: ['id'],
      make: { ...command, modes: { add: {} } },
      look: command,
      remove: command,
    })
    expect(() => defineFamily({ name: 'x', objects: its, operations: { get: operation(command) } })).toThrow(
      expect.objectContaining({ field: 'operations' }) as Error,
    )
  })
})
