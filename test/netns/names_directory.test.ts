// /run/netns, made as iproute2 makes it; each test in a mount namespace with a /run of its own.
import { reportOf } from '../native/child'

const mount = 'mount -t tmpfs tmpfs /run && exec "$@"'
const within = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', mount, 'sh']
const inUserNamespace = ['unshare', '-U', '-r', '-n', '-m', 'sh', '-c', mount, 'sh']

function report<T>(what: string, how = within): Promise<T> {
  return reportOf<T>('private_run', [what], { within: how })
}

test('the first name makes it a shared mount, the second does not mount again: as with ip', async () => {
  const ours = await report<{ first: string[][]; second: string[][]; ip: string }>('ours')
  expect(ours.first).toEqual([['shared:N']])
  expect(ours.ip).toContain('lo:')
  expect({ first: ours.first, second: ours.second }).toEqual(await report('iproute2'))
})

test('one that ip has made is used as it is, and the other way round', async () => {
  const { before, after, names } = await report<Record<string, unknown>>('both')
  expect(after).toEqual(before)
  expect(names).toEqual(['blue', 'green', 'red'])
})

test('a name is seen in mount namespaces that were there before it', async () => {
  expect((await report<{ seen: string }>('elsewhere')).seen).toContain('lo:')
})

test('also after somebody has made the mount point private, put another one there, or unmounted it', async () => {
  const looks = await report<Record<string, { seen: string; mounts: string[][] }>>('unshared')
  expect(Object.keys(looks)).toEqual(['madePrivate', 'anotherMount', 'noMount'])
  for (const look of Object.values(looks)) {
    expect(look.seen).toContain('lo:')
    expect(look.mounts).toEqual([['shared:N']])
  }
})

test('where there is none, there are no names, and none is made by looking', async () => {
  expect(await report('list')).toEqual({ exists: false, names: [], one: false })
})

test('a namespace that another mount namespace holds is deleted here all the same', async () => {
  expect(await report('deletedElsewhere')).toEqual({ after: [] })
})

test('at the limit of namespaces creation fails with ENOSPC, and leaves no file', async () => {
  const error = { ours: true, code: 'ENOSPC', errno: -28, syscall: 'unshare', operation: 'NetNs.create' }
  expect(await report('limit', inUserNamespace)).toMatchObject({
    named: { error },
    anonymous: { error },
    files: [],
    later: {},
  })
})

test('without the right to create, the error says which right is missing', async () => {
  const dropped = ['setpriv', '--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin']
  const { anonymous } = await report<{ anonymous: { error: unknown } }>('unprivileged', [...within, ...dropped])
  expect(anonymous.error).toMatchObject({
    code: 'EPERM',
    message: expect.stringContaining('CAP_SYS_ADMIN') as string,
  })
})
