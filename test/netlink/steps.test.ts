// Operations of several messages and steps: which answer belongs to which message, where an operation stops, what is taken
// back, and device names that are looked up on the way.
import { NetlinkError, NetloomError } from '../../lib/errors'
import type { NetNs } from '../../lib/index'
import { Ending } from '../../lib/native/addon'
import { handleOf } from '../../lib/native/netns_handle'
import { encodeMessage, type Message } from '../../lib/netlink/message'
import type { Operation } from '../../lib/netlink/operation'
import { perform } from '../../lib/netlink/perform'
import { fresh, ip, ipJson } from '../support/namespaces'
import {
  DELADDR,
  DELLINK,
  GETLINK,
  linkMessage,
  newAddress,
  newDevice,
  operation,
  rawAddress,
  rawLink,
  send,
  step,
} from './raw'

const deletion = (name: string): Message => linkMessage(DELLINK, { name })

const deletedAddress = (dev: string, n: number): Message =>
  encodeMessage(rawAddress, ...DELADDR, {
    header: { family: 2, prefixLength: 32, index: dev },
    attributes: { local: Uint8Array.of(10, n >> 16, n >> 8, n) },
  })

async function namesIn(ns: NetNs): Promise<string[]> {
  const links = await ipJson<{ ifname: string }[]>(ns, 'link')
  return links.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
}

async function addressesIn(ns: NetNs): Promise<string[]> {
  const links = await ipJson<{ addr_info?: { local: string }[] }[]>(ns, '-4', 'address')
  return links.flatMap(({ addr_info }) => addr_info?.map(({ local }) => local) ?? [])
}

async function failureOf(what: Operation<unknown>): Promise<NetloomError> {
  const error: unknown = await perform(what).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof NetloomError) return error
  throw new Error('no NetloomError', { cause: error })
}

describe('many messages in one step', () => {
  it('all arrive, however many pieces they are sent in', async () => {
    await using ns = await fresh()
    const count = 1000
    await send(
      ns,
      Array.from({ length: count }, (_, i) => newAddress(1, i + 1)),
    )
    const found = new Set(await addressesIn(ns))
    expect(found.size).toBe(count)
    for (let n = 1; n <= count; n++) expect(found).toContain(`10.0.${n >> 8}.${n & 255}`)
  })

  it.each([0, 1, 126, 127, 128, 129, 255, 256, 299])(
    'of which number %i is refused: the error is about that one',
    async (bad) => {
      await using ns = await fresh()
      const messages = Array.from({ length: 300 }, (_, i) => {
        const message = newAddress(1, i === bad ? 7777 : i + 1)
        return Object.assign(message, { name: `RTM_NEWADDR number ${i}` })
      })
      await send(ns, newAddress(1, 7777))
      const error = await failureOf(operation(ns, messages))
      expect(error).toBeInstanceOf(NetlinkError)
      expect(error).toMatchObject({ code: 'EEXIST', syscall: `RTM_NEWADDR number ${bad}` })
    },
  )

  it('of which several are refused: the error is about the first', async () => {
    await using ns = await fresh()
    const messages = Array.from({ length: 300 }, (_, i) =>
      Object.assign(i === 140 || i === 200 ? deletion('nobody') : newAddress(1, i + 1), { name: `number ${i}` }),
    )
    expect(await failureOf(operation(ns, messages))).toMatchObject({ code: 'ENODEV', syscall: 'number 140' })
  })

  it('are answered with the numbers that they were sent with, one after another', async () => {
    await using ns = await fresh()
    const names = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? 'lo' : 'b'))
    await send(ns, newDevice('b'))
    const looks = names.map((name) => linkMessage(GETLINK, { name }))
    const answers = await perform(
      operation<[number, string | undefined][]>(ns, [step(ns, looks, { ending: Ending.reply })], {
        result(all) {
          const found: [number, string | undefined][] = []
          all.forEach(0, ({ reader, at, end, sequence }) => {
            found.push([sequence, rawLink.attributes.decode(reader, at + 16, end).name])
          })
          return found
        },
      }),
    )
    const first = answers[0]![0]
    expect(answers.map(([sequence, name]) => [(sequence - first) >>> 0, name])).toEqual(
      names.map((name, i) => [i, name]),
    )
  })

  it('of operations at the same time each get their own answers', async () => {
    await using ns = await fresh()
    await using other = await fresh()
    await Promise.all(Array.from({ length: 40 }, (_, i) => send(i % 2 === 0 ? ns : other, newDevice(`dev${i}`))))
    const found = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        perform(
          operation<string[]>(
            i % 2 === 0 ? ns : other,
            [step(i % 2 === 0 ? ns : other, [linkMessage(GETLINK, { name: `dev${i}` })], { ending: Ending.reply })],
            {
              result(all) {
                const names: string[] = []
                all.forEach(0, ({ reader, at, end }) =>
                  names.push(rawLink.attributes.decode(reader, at + 16, end).name ?? ''),
                )
                return names
              },
            },
          ),
        ),
      ),
    )
    expect(found).toEqual(Array.from({ length: 40 }, (_, i) => [`dev${i}`]))
  })
})

describe('an operation of several steps', () => {
  it('carries them out in their order', async () => {
    await using ns = await fresh()
    await perform(
      operation(ns, [step(ns, [newDevice('a')]), step(ns, [newAddress('a', 1)]), step(ns, [newAddress('a', 2)])]),
    )
    expect(await addressesIn(ns)).toEqual(['10.0.0.1', '10.0.0.2'])
  })

  it('may go to several namespaces', async () => {
    await using ns = await fresh()
    await using other = await fresh()
    await perform(operation(ns, [step(ns, [newDevice('here')]), step(other, [newDevice('there')])]))
    expect([await namesIn(ns), await namesIn(other)]).toEqual([['here'], ['there']])
  })

  it('stops at the first step that fails', async () => {
    await using ns = await fresh()
    const steps = [step(ns, [newDevice('a')]), step(ns, [deletion('nobody')]), step(ns, [newDevice('b')])]
    const error = await failureOf(operation(ns, steps))
    expect(error).toMatchObject({ code: 'ENODEV', syscall: 'RTM_DELLINK', leftover: false })
    expect(await namesIn(ns)).toEqual(['a'])
  })

  it('names the namespace of the step that failed', async () => {
    await using ns = await fresh()
    await using other = await fresh()
    const error = await failureOf(operation(ns, [step(ns, [newDevice('a')]), step(other, [deletion('nobody')])]))
    expect(error.netns).toBe(other.name)
  })

  it('goes on behind a step that is refused with what it tolerates', async () => {
    await using ns = await fresh()
    const gone = step(ns, [deletion('nobody')], { tolerate: new Set([19]) })
    await perform(operation(ns, [gone, step(ns, [newDevice('after')])]))
    expect(await namesIn(ns)).toEqual(['after'])
  })

  it('does not take back what it did before a refusal that it tolerates', async () => {
    await using ns = await fresh()
    const undo = { netns: ns[handleOf], message: deletion('a') }
    const gone = step(ns, [deletion('nobody')], { tolerate: new Set([19]) })
    await perform(operation(ns, [step(ns, [newDevice('a')], { undo }), gone]))
    expect(await namesIn(ns)).toEqual(['a'])
  })

  it('fails for what is not tolerated among what is', async () => {
    await using ns = await fresh()
    await send(ns, newDevice('twice'))
    const messages = [deletion('nobody'), newDevice('twice'), deletion('nobody')]
    const error = await failureOf(operation(ns, [step(ns, messages, { tolerate: new Set([19]) })]))
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWLINK' })
  })
})

describe('a failure', () => {
  it('takes back what the steps before it did, the last one first', async () => {
    await using ns = await fresh()
    const here = ns[handleOf]
    const error = await failureOf(
      operation(ns, [
        step(ns, [newDevice('a')], { undo: { netns: here, message: deletion('a') } }),
        // If the device went first, this could not be undone any more.
        step(ns, [newAddress('a', 1)], { undo: { netns: here, message: deletedAddress('a', 1) } }),
        step(ns, [newDevice('lo')]),
      ]),
    )
    expect(error).toMatchObject({ code: 'EEXIST', leftover: false })
    expect(await namesIn(ns)).toEqual([])
  })

  it('takes back nothing of the steps behind it', async () => {
    await using ns = await fresh()
    await send(ns, newDevice('kept'))
    const undo = { netns: ns[handleOf], message: deletion('kept') }
    await failureOf(operation(ns, [step(ns, [deletion('nobody')]), step(ns, [newDevice('b')], { undo })]))
    expect(await namesIn(ns)).toEqual(['kept'])
  })

  it('takes back in the namespace where it was done', async () => {
    await using ns = await fresh()
    await using other = await fresh()
    const undo = { netns: other[handleOf], message: deletion('there') }
    await failureOf(operation(ns, [step(other, [newDevice('there')], { undo }), step(ns, [deletion('nobody')])]))
    expect(await namesIn(other)).toEqual([])
  })

  it('says that something is left over if it cannot be taken back', async () => {
    await using ns = await fresh()
    const undo = { netns: ns[handleOf], message: deletion('wrong') }
    const error = await failureOf(operation(ns, [step(ns, [newDevice('a')], { undo }), step(ns, [newDevice('lo')])]))
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWLINK', leftover: true })
    expect(error.message).toMatch(/; what had been made before could not be removed$/)
    expect(await namesIn(ns)).toEqual(['a'])
  })

  it('does not undo what succeeded', async () => {
    await using ns = await fresh()
    const undo = { netns: ns[handleOf], message: deletion('a') }
    await perform(operation(ns, [step(ns, [newDevice('a')], { undo }), step(ns, [newDevice('b')])]))
    expect((await namesIn(ns)).sort()).toEqual(['a', 'b'])
  })
})

describe('a device that a message names', () => {
  it('is looked up when its step is sent, so that a step before may make it', async () => {
    await using ns = await fresh()
    await perform(operation(ns, [step(ns, [newDevice('late')]), step(ns, [newAddress('late', 9)])]))
    expect(await addressesIn(ns)).toEqual(['10.0.0.9'])
  })

  it('may be one of another namespace', async () => {
    await using ns = await fresh()
    await using other = await fresh()
    // Made in an order that gives `b` another index in each.
    for (const name of ['a', 'b', 'c']) await ip(ns, 'link', 'add', 'name', name, 'type', 'ifb')
    for (const name of ['c', 'b', 'a']) await ip(other, 'link', 'add', 'name', name, 'type', 'ifb')
    const there = (await ipJson<{ ifindex: number }[]>(other, 'link', 'show', 'a'))[0]!.ifindex
    const owner = (await ipJson<{ ifindex: number; ifname: string }[]>(ns, 'link')).find((one) => one.ifindex === there)
    await perform(operation(ns, Object.assign(newAddress('a', 5), { devicesOf: other[handleOf] })))
    const links = await ipJson<{ ifname: string; addr_info: object[] }[]>(ns, '-4', 'address')
    expect(links.filter(({ addr_info }) => addr_info.length > 0).map(({ ifname }) => ifname)).toEqual([owner?.ifname])
  })

  it('and that is not there is an ENODEV by its name, and nothing of the step is sent', async () => {
    await using ns = await fresh()
    const error = await failureOf(operation(ns, [newAddress(1, 1), newAddress('nobody', 2)]))
    expect(error).not.toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({
      name: 'NetloomError',
      code: 'ENODEV',
      errno: -19,
      syscall: 'SIOCGIFINDEX',
      netns: ns.name,
    })
    expect(error.message).toContain('there is no device "nobody"')
    expect(await addressesIn(ns)).toEqual([])
  })

  it('and that is not there takes back what the steps before did', async () => {
    await using ns = await fresh()
    const undo = { netns: ns[handleOf], message: deletion('a') }
    const error = await failureOf(operation(ns, [step(ns, [newDevice('a')], { undo }), step(ns, [newAddress('b', 1)])]))
    expect(error).toMatchObject({ code: 'ENODEV', leftover: false })
    expect(await namesIn(ns)).toEqual([])
  })
})

it('a closed namespace sends nothing', async () => {
  const ns = await fresh()
  await using other = await fresh()
  ns.close()
  const error = await failureOf(operation(other, [step(other, [newDevice('a')]), step(ns, [newDevice('b')])]))
  expect(error.code).toBe('ERR_NETLOOM_CLOSED')
  expect(await namesIn(other)).toEqual([])
})
