// Aborting calls: before anything is sent, while they wait behind another one, and while the kernel has them.
import { AbortError } from '../../lib/errors'
import type { CallOptions, NetNs } from '../../lib/index'
import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { readFileSync } from 'node:fs'
import { perform } from '../../lib/netlink/perform'
import { fresh, ipJson } from '../support/namespaces'
import { newDevice, operation, send } from './raw'

/** Devices take the kernel a while each. */
const many = Array.from({ length: 300 }, (_, i) => newDevice(`slow${i}`))
/** Long enough to be seen at it by a thread that waits for the CPU. */
const more = Array.from({ length: 3000 }, (_, i) => newDevice(`slow${i}`))

async function namesIn(ns: NetNs): Promise<string[]> {
  return (await ipJson<{ ifname: string }[]>(ns, 'link')).map(({ ifname }) => ifname)
}

async function abortOf(promise: Promise<unknown>): Promise<AbortError> {
  const error: unknown = await promise.then(
    () => 'it succeeded',
    (error: unknown) => error,
  )
  if (error instanceof AbortError) return error
  throw new Error('no AbortError', { cause: error })
}

/** Waits until the kernel has begun with a job, seen from inside the namespace. */
async function begun(ns: NetNs, device: string): Promise<void> {
  const devices = (): string => ns.run(() => readFileSync('/proc/thread-self/net/dev', 'utf8'))
  while (!devices().includes(device)) await turn()
}

describe('a signal', () => {
  it('that was aborted before sends nothing', async () => {
    await using ns = await fresh()
    const reason = new Error('no need')
    const error = await abortOf(send(ns, newDevice('never'), { signal: AbortSignal.abort(reason) }))
    expect(error).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      outcome: 'none',
      operation: 'test.raw',
      cause: reason,
    })
    expect(error.message).toBe(`test.raw was aborted in netns ${ns.name} before anything was sent`)
    expect(await namesIn(ns)).toEqual(['lo'])
  })

  it('aborts a call that waits behind another one: nothing of it is sent, and the other one goes on', async () => {
    await using ns = await fresh()
    const controller = new AbortController()
    const slow = send(ns, many)
    const waiting = abortOf(send(ns, newDevice('never'), { signal: controller.signal }))
    controller.abort()
    expect(await waiting).toMatchObject({ code: 'ABORT_ERR', outcome: 'none' })
    await slow
    await send(ns, newDevice('after'))
    const names = await namesIn(ns)
    expect(names).toHaveLength(many.length + 2)
    expect(names).not.toContain('never')
  })

  it('aborts a call that the kernel has: it ends at once, and the outcome is unknown', async () => {
    await using ns = await fresh()
    const controller = new AbortController()
    const running = abortOf(send(ns, more, { signal: controller.signal }))
    await begun(ns, 'slow0:')
    controller.abort()
    const error = await running
    expect(error).toMatchObject({ code: 'ABORT_ERR', outcome: 'unknown' })
    expect(error.message).toMatch(/while the kernel had it: the outcome is unknown$/)
    // What comes after it in this namespace still waits for its end.
    await send(ns, newDevice('after'))
    expect((await namesIn(ns)).at(-1)).toBe('after')
  })

  it('aborts each of many calls', async () => {
    await using ns = await fresh()
    const controller = new AbortController()
    const { signal } = controller
    const slow = send(ns, many)
    const waiting = Array.from({ length: 20 }, (_, i) => abortOf(send(ns, newDevice(`never${i}`), { signal })))
    const listeners = getEventListeners(signal, 'abort').length
    controller.abort()
    expect((await Promise.all(waiting)).map(({ outcome }) => outcome)).toEqual(waiting.map(() => 'none'))
    await slow
    expect(await namesIn(ns)).toHaveLength(many.length + 1)
    // Of many Node warns as of a leak, and each one more has to be compared with all.
    expect(listeners).toBe(1)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('that is aborted after the call does nothing, and nothing waits for it any more', async () => {
    await using ns = await fresh()
    const controller = new AbortController()
    const { signal } = controller
    await send(ns, many, { signal })
    expect(getEventListeners(signal, 'abort')).toEqual([])
    controller.abort()
    expect(await namesIn(ns)).toHaveLength(many.length + 1)
  })
})

describe('a time limit', () => {
  it('aborts a call that waits behind another one', async () => {
    await using ns = await fresh()
    const slow = send(ns, many)
    const error = await abortOf(send(ns, newDevice('never'), { timeout: 1 }))
    expect(error).toMatchObject({ name: 'AbortError', code: 'ETIMEDOUT', outcome: 'none' })
    expect(error.message).toBe(`test.raw timed out in netns ${ns.name} before anything was sent`)
    await slow
    expect(await namesIn(ns)).not.toContain('never')
  })

  it('that is not reached changes nothing', async () => {
    await using ns = await fresh()
    await send(ns, newDevice('made'), { timeout: 60_000, signal: new AbortController().signal })
    expect(await namesIn(ns)).toEqual(['lo', 'made'])
  })
})

describe('call options', () => {
  it.each<[string, object, string]>([
    ['a signal that is none', { signal: 'stop' }, 'signal'],
    ['a time limit in words', { timeout: '5s' }, 'timeout'],
    ['a negative time limit', { timeout: -1 }, 'timeout'],
    ['a time limit that is no number', { timeout: NaN }, 'timeout'],
    ['a time limit that no timer can wait for', { timeout: 2 ** 31 }, 'timeout'],
    ['a listener that is no function', { onWarning: true }, 'onWarning'],
    ['an option that does not exist', { timeOut: 5 }, 'timeOut'],
  ])('with %s are refused by name, and nothing is sent', async (_what, options, field) => {
    await using ns = await fresh()
    const call = perform(operation(ns, newDevice('never')), options as CallOptions)
    await expect(call).rejects.toMatchObject({
      field,
      code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF_RANGE)/) as string,
    })
    expect(await namesIn(ns)).toEqual(['lo'])
  })
})
