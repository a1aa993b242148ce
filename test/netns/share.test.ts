// Namespaces that one thread of the process shares and others adopt.
import { execFileSync } from 'node:child_process'
import { NetNs, NetloomError, type SharedNetNs } from '../../lib/index'
import { reportOf } from '../native/child'
import { fresh, uniqueName } from '../support/namespaces'

async function failureOf(promise: Promise<NetNs>): Promise<unknown> {
  try {
    ;(await promise).close()
  } catch (error) {
    return error
  }
  return 'it was adopted'
}

describe('a namespace without a name', () => {
  test('is adopted by several Workers at once, which change it together', async () => {
    const links = ['a', 'b', 'c', 'd', 'lo']
    expect(await reportOf('share', ['several'])).toEqual({ same: true, links, left: 0 })
  })

  test('stays in the Worker that adopted it when the one who shared it closes it', async () => {
    expect(await reportOf('share', ['outlives'])).toEqual({ links: ['d0', 'lo'], left: 0 })
  })

  test('is shared by a Worker, stays with whoever adopted it before that was terminated, and not after', async () => {
    expect(await reportOf('share', ['back'])).toEqual({ after: 'ERR_NETLOOM_CLOSED', links: ['lo'], left: 0 })
  })

  test('is not adopted any more, nor shared, once its handle is closed', async () => {
    const code = 'ERR_NETLOOM_CLOSED'
    expect(await reportOf('share', ['closed'])).toEqual({ code, share: code, left: 0 })
  })

  test('is not adopted by another process, which is told to open it by name', async () => {
    const report = await reportOf<{ message: string }>('share', ['foreign'])
    expect(report).toMatchObject({ code: 'ERR_NETLOOM_FOREIGN_SHARE', left: 0 })
    expect(report.message).toMatch(/NetNs\.adopt: .*net:\[\d+\] is shared by another process.*open it by name/)
  })

  test('costs nothing more if it is shared and nobody adopts it', async () => {
    expect(await reportOf('share', ['unadopted'])).toEqual({ sockets: true, codes: ['ERR_NETLOOM_CLOSED'], left: 0 })
  })

  test('is the right one or refused, whenever it is closed while Workers adopt it', async () => {
    expect(await reportOf('share', ['racing'])).toEqual({ adopted: true, wrong: 0, left: 0 })
  })
})

test('a name is carried along, for errors and for delete', async () => {
  const name = uniqueName()
  expect(await reportOf('share', ['named', name])).toEqual({ name, ephemeral: false, left: 0 })
  const ns = await NetNs.create(uniqueName())
  const adopted = await NetNs.adopt(ns.share())
  expect(adopted).toMatchObject({ name: ns.name, path: ns.path, ephemeral: false })
  await adopted.delete()
  expect(await NetNs.exists(ns.name!)).toBe(false)
  ns.close()
})

test('what was adopted is of the same namespace, closes by itself, and can be shared again', async () => {
  const ns = await NetNs.create()
  const shared = ns.share()
  expect(ns.share()).toEqual(shared)
  const [one, two] = [await NetNs.adopt(shared), await NetNs.adopt(structuredClone(shared))]
  expect([one.equals(ns), two.equals(ns)]).toEqual([true, true])
  const again = one.share()
  expect(again.number).not.toBe(shared.number)
  one.close()
  expect(await failureOf(NetNs.adopt(again))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  await two.links.add({ kind: 'ifb', name: 'd0' })
  expect(await ns.links.find('d0')).toBeDefined()
  two.close()
  ns.close()
})

test('calls of a handle and of an adopted one in the same thread keep one order', async () => {
  await using ns = await fresh()
  using adopted = await NetNs.adopt(ns.share())
  const calls = [ns.links.add({ kind: 'ifb', name: 'd0' }), adopted.links.set('d0', { name: 'd1' })]
  calls.push(ns.links.set('d1', { mtu: 1400 }))
  expect(await adopted.links.get('d1')).toMatchObject({ mtu: 1400 })
  await Promise.all(calls)
})

describe('an adoption is refused for', () => {
  let ns: NetNs
  let shared: SharedNetNs
  beforeEach(async () => {
    ns = await fresh()
    shared = ns.share()
  })
  afterEach(() => {
    ns.close()
  })

  test.each<[string, (real: SharedNetNs) => unknown, object]>([
    ['nothing', () => undefined, { field: 'shared', code: 'ERR_INVALID_ARG_TYPE' }],
    ['a name', (real) => real.name, { field: 'shared', code: 'ERR_INVALID_ARG_TYPE' }],
    ['a namespace itself', () => structuredClone({ name: 'red', links: {} }), { field: 'shared' }],
    ['another number', (real) => ({ ...real, number: real.number + 1000 }), { code: 'ERR_NETLOOM_CLOSED' }],
    ['a number that is none', (real) => ({ ...real, number: -1 }), { field: 'shared.number' }],
    ['a number that is text', (real) => ({ ...real, number: '1' }), { field: 'shared.number' }],
    ['no identity', (real) => ({ ...real, identity: null }), { field: 'shared.identity' }],
    ['another identity', (real) => ({ ...real, identity: { device: 4, inode: 1 } }), { field: 'shared.identity' }],
    ['another process', (real) => ({ ...real, registry: 'f'.repeat(32) }), { code: 'ERR_NETLOOM_FOREIGN_SHARE' }],
    ['no registry', ({ registry: _, ...rest }) => rest, { field: 'shared.registry' }],
    ['a name that is a path', (real) => ({ ...real, name: '../x' }), { field: 'shared.name' }],
    ['a relative path', (real) => ({ ...real, path: 'x' }), { field: 'shared.path' }],
    ['more than it gave', (real) => ({ ...real, fd: 3 }), { field: 'shared.fd' }],
  ])('%s', async (_what, change, error) => {
    expect(await failureOf(NetNs.adopt(change(shared) as SharedNetNs))).toMatchObject(error)
    using adopted = await NetNs.adopt(shared)
    expect(adopted.equals(ns)).toBe(true)
  })
})

test('a name in a changed offer removes no other namespace', async () => {
  await using ns = await fresh()
  await using other = await fresh()
  using adopted = await NetNs.adopt({ ...ns.share(), name: other.name, path: other.path })
  await expect(adopted.delete()).rejects.toMatchObject({ code: 'ESTALE' })
  expect(execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })).toContain(other.name)
  await expect(adopted.delete()).rejects.toBeInstanceOf(NetloomError)
})
