// Little of everything: descriptors, namespaces, room for names. Each a clear error, nothing half done, and life goes on.
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../../lib/index'
import { reportOf } from '../native/child'
import { fresh, ip, uniqueName } from '../support/namespaces'

interface Failed {
  code: string
  syscall?: string
  message: string
}
interface FailedBatch {
  name: string
  code: string
  index: number
  rolledBack: boolean
  leftovers: number[]
  leftover: boolean
  message: string
}

const mount = 'mount -t tmpfs tmpfs /run && exec "$@"'
const within = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', mount, 'sh']
const inUserNamespace = ['unshare', '-U', '-r', '-n', '-m', 'sh', '-c', mount, 'sh']
const withDescriptors = [...within, 'sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']

const report = <T>(what: string, how = within): Promise<T> => reportOf<T>('low_limits', [what], { within: how })

const takenBack = { name: 'BatchError', rolledBack: true, leftovers: [], leftover: false }
/** lo and eth0 of a pod that was made afterwards. */
const two = 2

test('with 64 descriptors all calls that need another one fail with EMFILE, and leave nothing', async () => {
  const found = await report<Record<string, unknown> & { held: number; full: string[] }>('descriptors', withDescriptors)
  expect(found).toMatchObject({
    many: { error: { code: 'EMFILE', errno: -24 } },
    afterMany: [],
    batch: { ...takenBack, code: 'EMFILE' },
    links: ['lo'],
    afterBatch: [],
    failed: ['EMFILE'],
    found: true,
    deleted: true,
    left: [],
    later: two,
  })
  // The one idle socket closes to make room, once.
  expect(found.full).toEqual(['done', 'EMFILE', 'EMFILE', 'EMFILE'])
  expect(found.held).toBeLessThanOrEqual(1)
})

test('a batch is taken back whole also where not one descriptor is left', async () => {
  const { results, later } = await report<{ results: unknown[]; later: number }>('none', withDescriptors)
  expect(results).toHaveLength(12)
  for (const one of results) {
    expect(one).toEqual({ code: 'EMFILE', rolledBack: true, leftovers: [], names: [] })
  }
  expect(later).toBe(two)
})

test('with room for ten namespaces the eleventh fails with ENOSPC, and says which limit it is', async () => {
  const found = await report<{ batch: FailedBatch; tooMany: { error: Failed }; seconds: number }>(
    'namespaces',
    inUserNamespace,
  )
  expect(found).toMatchObject({
    batch: { ...takenBack, code: 'ENOSPC', syscall: 'unshare' },
    afterBatch: ['host'],
    second: 8,
    found: 9,
    tooMany: { error: { code: 'ENOSPC', syscall: 'unshare' } },
    afterMany: 9,
    single: ['ENOSPC'],
    links: ['lo'],
    later: two,
    left: ['host'],
  })
  expect(found.batch.message).toContain('user.max_net_namespaces')
  expect(found.tooMany.error.message).toContain('user.max_net_namespaces')
  // Namespaces that are being freed are waited for, ten seconds.
  expect(found.seconds).toBeGreaterThan(9)
})

test('without room for a name nothing is made, and the file system is named', async () => {
  const found = await report<{ batch: { cause: string }; single: { error: Failed } }>('full')
  expect(found).toMatchObject({
    single: { error: { code: 'ENOSPC', syscall: 'open' } },
    afterMany: [],
    batch: { ...takenBack, code: 'ENOSPC', syscall: 'open' },
    afterBatch: [],
    links: ['lo'],
    later: two,
    left: [],
  })
  expect(found.single.error.message).toContain('/run/netns/many')
  expect(found.batch.cause).toMatch(/no room left.*\/run\/netns\/batch/)
  expect(found.batch.cause).not.toContain('max_net_namespaces')
})

describe('what is taken', () => {
  /** A batch that makes a pod and then does what fails; expects that nothing is left of either, and that it works without. */
  async function takenBackWith(host: NetNs, fails: Parameters<typeof attempt>[1]): Promise<unknown> {
    while ((await host.links.list({ kind: 'veth' })).length > 0) await sleep(5)
    const before = [await ip(host, 'link'), await ip(host, 'address'), await ip(host, 'route')]
    const name = uniqueName()
    const error = await attempt(host, fails, name).then(
      () => undefined,
      (caught: unknown) => caught,
    )
    expect(await NetNs.exists(name)).toBe(false)
    expect([await ip(host, 'link'), await ip(host, 'address'), await ip(host, 'route')]).toEqual(before)
    await (await attempt(host, () => undefined, name)).delete()
    return error
  }

  async function attempt(
    host: NetNs,
    fails: (batch: ReturnType<NetNs['batch']>, pod: ReturnType<ReturnType<NetNs['batch']>['createNetNs']>) => unknown,
    name: string,
  ): Promise<NetNs> {
    const batch = host.batch({ rollback: true })
    const pod = batch.createNetNs(name)
    batch.links.add({ kind: 'veth', name: 'near', up: true, peer: { netns: pod, name: 'eth0', up: true } })
    pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
    fails(batch, pod)
    await batch.commit()
    return pod.value
  }

  test('an address: EEXIST', async () => {
    await using host = await fresh()
    await host.links.set('lo', { up: true })
    await host.addresses.add({ dev: 'lo', address: '10.1.0.1/32' })
    const address = { dev: 'lo', address: '10.1.0.1/32' }
    const taken = { code: 'EEXIST', syscall: 'RTM_NEWADDR', operation: 'addresses.add' }
    await expect(host.addresses.add(address)).rejects.toMatchObject(taken)
    expect(await takenBackWith(host, (batch) => batch.addresses.add(address))).toMatchObject({
      ...takenBack,
      code: 'EEXIST',
      cause: taken,
    })
    expect(await host.addresses.list({ dev: 'lo', family: 'ipv4' })).toHaveLength(2)
  })

  test('an address to listen on: EADDRINUSE', async () => {
    await using host = await fresh()
    await host.links.set('lo', { up: true })
    const server = await host.listen({ host: '127.0.0.1', port: 80 })
    await expect(host.listen({ host: '127.0.0.1', port: 80 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    server.close()
    ;(await host.listen({ host: '127.0.0.1', port: 80 })).close()
  })

  test('an index of a device: EEXIST here, EBUSY at the far end', async () => {
    await using host = await fresh()
    await host.links.add({ kind: 'ifb', name: 'first', index: 77 })
    await expect(host.links.add({ kind: 'ifb', name: 'second', index: 77 })).rejects.toMatchObject({
      code: expect.stringMatching(/^(EEXIST|EBUSY)$/) as string,
      syscall: 'RTM_NEWLINK',
      operation: 'links.add',
    })
    const near = await takenBackWith(host, (batch) => batch.links.add({ kind: 'ifb', name: 'second', index: 77 }))
    expect(near).toMatchObject({ ...takenBack, cause: { syscall: 'RTM_NEWLINK', operation: 'links.add' } })
    const far = await takenBackWith(host, (batch, netns) =>
      batch.links.add({ kind: 'veth', name: 'other', index: 78, peer: { netns, name: 'eth1', index: 1 } }),
    )
    expect(far).toMatchObject({ ...takenBack, code: expect.stringMatching(/^(EEXIST|EBUSY)$/) as string })
    expect(await Promise.all(['second', 'other'].map((name) => host.links.find(name)))).toEqual([undefined, undefined])
  })
})
