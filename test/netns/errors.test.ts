// What every failure tells.
import { isAlreadyExists, isNotFound, NetlinkError, NetloomError, NetNs } from '../../lib/index'
import { fresh, uniqueName } from '../support/namespaces'

async function failureOf(promise: Promise<unknown>): Promise<NetloomError> {
  const value: unknown = await promise.catch((error: unknown) => error)
  expect(value).toBeInstanceOf(NetloomError)
  return value as NetloomError
}

test('a failed system call has the fields of Node’s own errors, and the operation', async () => {
  const name = uniqueName()
  const error = await failureOf(NetNs.open(name))
  expect(error).toBeInstanceOf(Error)
  expect(error).not.toBeInstanceOf(NetlinkError)
  expect(error).toMatchObject({
    code: 'ENOENT',
    errno: -2,
    syscall: 'open',
    operation: 'NetNs.open',
    netns: name,
  })
  expect(error.message).toMatch(/^ENOENT: .*NetNs\.open \(open\) in netns /)
})

test('a refusal of the kernel names the message, the namespace and the kernel’s words', async () => {
  await using red = await fresh()
  const error = await failureOf(red.links.add({ kind: 'other', infoKind: 'nonesuch', name: 'x0' }))
  expect(error).toBeInstanceOf(NetlinkError)
  expect(error).toMatchObject({
    name: 'NetlinkError',
    code: 'EOPNOTSUPP',
    errno: -95,
    syscall: 'RTM_NEWLINK',
    operation: 'links.add',
    netns: red.name,
    kernelMessage: expect.stringContaining('nknown device type') as string,
  })
})

test('isNotFound knows all the ways in which something is missing', async () => {
  await using red = await fresh()
  const failures = [
    NetNs.open(uniqueName()),
    NetNs.delete(uniqueName()),
    NetNs.fromPid(0x7fffffff),
    red.links.get('none'),
    red.links.delete('none'),
    red.routes.delete({ dst: '10.0.0.0/8' }),
    red.addresses.delete({ dev: 'lo', address: '10.0.0.1/8' }),
  ]
  for (const failure of failures) expect(isNotFound(await failureOf(failure))).toBe(true)
})

test('isAlreadyExists knows what is there already, and neither takes one for the other', async () => {
  await using red = await fresh()
  await red.links.add({ kind: 'bridge', name: 'br0' })
  const [exists, missing] = [
    [NetNs.create(red.name), red.links.add({ kind: 'bridge', name: 'br0' })],
    [red.links.get('none')],
  ]
  for (const failure of exists) {
    const error = await failureOf(failure)
    expect([isAlreadyExists(error), isNotFound(error)]).toEqual([true, false])
  }
  expect(isAlreadyExists(await failureOf(missing[0]!))).toBe(false)
  for (const value of [undefined, null, 'EEXIST', {}, { code: 17 }, new Error('EEXIST')]) {
    expect([isAlreadyExists(value), isNotFound(value)]).toEqual([false, false])
  }
})

test('Node’s own errors count as well', () => {
  expect(isNotFound(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe(true)
  expect(isAlreadyExists(Object.assign(new Error('x'), { code: 'EEXIST' }))).toBe(true)
})

test.each([5, null, true, Symbol('red')])('create says of %p that it is no name', async (first) => {
  const error: unknown = await NetNs.create(first as never).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).message).toMatch(/"name".*a string, or an object of options/)
})
