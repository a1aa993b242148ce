// run(): this thread in a namespace, for as long as a function takes.
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { NetNs } from '../../lib/index'
import { fresh, ip, ipJson } from '../support/namespaces'

const here = (): string => readlinkSync('/proc/thread-self/ns/net')
const at = (ns: NetNs): string => `net:[${ns.identity.inode}]`
let home: string

beforeAll(() => {
  home = here()
})

afterEach(() => {
  expect(here()).toBe(home)
})

test('the function runs inside, synchronously, and its value comes back', async () => {
  await using red = await fresh()
  await ip(red, 'link', 'set', 'lo', 'up')
  expect(red.run(here)).toBe(at(red))
  expect(Object.keys(red.run(networkInterfaces))).toEqual(['lo'])
  expect(red.run(() => readFileSync('/proc/thread-self/net/dev', 'utf8')).match(/:/g)).toHaveLength(1)
})

test('a child that is started inside is born there', async () => {
  await using red = await fresh()
  expect(red.run(() => execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim())).toBe(at(red))
})

test('runs nest, and each comes back to where it was', async () => {
  await using red = await fresh()
  await using green = await fresh()
  const seen = red.run(() => [here(), green.run(() => [here(), red.run(here)]), here()])
  expect(seen).toEqual([at(red), [at(green), at(red)], at(red)])
})

test('an exception passes through, and the thread is at home again', async () => {
  await using red = await fresh()
  await using green = await fresh()
  const error = new Error('on purpose')
  const fail = (): never => {
    throw error
  }
  expect(() => red.run(() => green.run(fail))).toThrow(error)
  expect(here()).toBe(home)
  const between = red.run(() => {
    expect(() => green.run(fail)).toThrow(error)
    return here()
  })
  expect(between).toBe(at(red))
})

test('an asynchronous function is refused before it begins', async () => {
  await using red = await fresh()
  let begun = false
  // eslint-disable-next-line @typescript-eslint/require-await
  const inside = async (): Promise<void> => {
    begun = true
  }
  expect(() => red.run(inside)).toThrow(
    expect.objectContaining({ name: 'TypeError', code: 'ERR_NETLOOM_ASYNC_RUN' }) as Error,
  )
  expect(() => red.run(inside)).toThrow(/synchronous function.*listen\(\), connect\(\)/s)
  expect(begun).toBe(false)
})

test.each([
  { what: 'a promise', inside: () => Promise.resolve(1) },
  { what: 'a promise that fails, whose failure nobody else handles', inside: () => Promise.reject(new Error('late')) },
  { what: 'any thenable', inside: () => ({ then: () => undefined }) },
])('a function that returns $what is refused', async ({ inside }) => {
  await using red = await fresh()
  expect(() => red.run<unknown>(inside)).toThrow(
    expect.objectContaining({ name: 'TypeError', code: 'ERR_NETLOOM_ASYNC_RUN' }) as Error,
  )
})

test('what is called inside acts on its own namespace', async () => {
  await using red = await fresh()
  await using green = await fresh()
  const { adding } = red.run(() => ({ adding: green.links.add({ kind: 'bridge', name: 'br0' }) }))
  await adding
  expect(await ipJson(green, 'link')).toMatchObject([{ ifname: 'lo' }, { ifname: 'br0' }])
  expect(await ipJson(red, 'link')).toMatchObject([{ ifname: 'lo' }])
})

test('a handle that is closed inside takes nobody away from home', async () => {
  const red = await NetNs.create()
  const inside = red.run(() => {
    red.close()
    return here()
  })
  expect(inside).toBe(at(red))
})

test('what libuv’s pool does later is not inside', async () => {
  await using red = await fresh()
  const { promises } = await import('node:fs')
  const { reading } = red.run(() => ({ reading: promises.readlink('/proc/thread-self/ns/net') }))
  expect(await reading).toBe(home)
  expect(await ipJson(red, 'link')).toHaveLength(1)
})
