// Dumps that the kernel interrupts because things change while they are read: another process changes them all the time.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { DumpInterruptedError } from '../../lib/errors'
import type { NetNs } from '../../lib/index'
import { NLM_F } from '../../lib/netlink/constants'
import { encodeMessage } from '../../lib/netlink/message'
import type { Operation } from '../../lib/netlink/operation'
import { perform } from '../../lib/netlink/perform'
import { fresh } from '../support/namespaces'
import { GETADDR, newAddress, newDevice, rawAddress, reading, send } from './raw'

// So many that a dump takes the kernel many pieces: it looks for changes between them.
const count = 20_000

/** Adds and removes one address, again and again, in a process of its own. */
class Changes implements AsyncDisposable {
  readonly #children: readonly ChildProcess[]

  private constructor(ns: NetNs) {
    const lines = ['address add 192.0.2.1/32 dev other', 'address del 192.0.2.1/32 dev other']
    const source = spawn('yes', [lines.join('\n')], { stdio: ['ignore', 'pipe', 'ignore'] })
    const options = ['-n', ns.name!, '-force', '-batch', '-']
    this.#children = [source, spawn('ip', options, { stdio: [source.stdout, 'ignore', 'ignore'] })]
    source.stdout.destroy()
  }

  /** Begins, and waits until it is seen. */
  static async begin(ns: NetNs): Promise<Changes> {
    const changes = new Changes(ns)
    const key = { dev: 'other', address: '192.0.2.1' }
    // Of changes before, the address may be there already.
    while ((await ns.addresses.find(key)) !== undefined) await turn()
    while ((await ns.addresses.find(key)) === undefined) await turn()
    return changes
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
    const ended = running.map((child) => once(child, 'exit'))
    this.stop()
    await Promise.all(ended)
  }
}

describe('a dump that is interrupted', () => {
  let ns: NetNs

  beforeAll(async () => {
    ns = await fresh()
    await send(ns, [newDevice('many'), newDevice('other')])
    await send(
      ns,
      Array.from({ length: count }, (_, i) => newAddress('many', i + 1)),
    )
  })

  afterAll(async () => {
    await ns[Symbol.asyncDispose]()
  })

  /** A dump of all addresses in 10.0.0.0/8; `tried` is called with each result, also of a try that is repeated. */
  function dump(tried: (found: readonly number[]) => void): Operation<number[]> {
    const request = encodeMessage(rawAddress, ...GETADDR, { flags: NLM_F.DUMP, header: { family: 2 } })
    const operation = reading(ns, request, ({ reader, at, end }) => {
      const { local } = rawAddress.attributes.decode(reader, at + 8, end)
      return Buffer.from(local!).readUInt32BE()
    })
    return {
      ...operation,
      result(answers) {
        const found = operation.result(answers).filter((address) => address >>> 24 === 10)
        tried(found)
        return found
      },
    }
  }

  const all = Array.from({ length: count }, (_, i) => 0x0a00_0001 + i)

  it('is repeated until it is whole', async () => {
    let tries = 0
    // A try may be lucky and meet no change.
    for (let round = 0; round < 10 && tries < 2; round++) {
      await using changes = await Changes.begin(ns)
      tries = 0
      const found = await perform(
        dump(() => {
          tries++
          changes.stop()
        }),
      )
      expect(found.sort((a, b) => a - b)).toEqual(all)
    }
    expect(tries).toBeGreaterThan(1)
  })

  it('every time fails after a bounded number of tries, with what it found last', async () => {
    let error: unknown
    let tries = 0
    let last: readonly number[] = []
    await using _changes = await Changes.begin(ns)
    // Ten tries in a row must meet a change, while the kernel is busy with other namespaces too.
    for (let round = 0; round < 100 && error === undefined; round++) {
      tries = 0
      await perform(
        dump((found) => {
          tries++
          last = found
        }),
      ).catch((reason: unknown) => {
        error = reason
      })
    }
    expect(error).toBeInstanceOf(DumpInterruptedError)
    expect(error).toMatchObject({
      name: 'DumpInterruptedError',
      code: 'ERR_NETLOOM_DUMP_INTERRUPTED',
      errno: undefined,
      operation: 'test.raw',
      netns: ns.name,
    })
    const { partial, message } = error as DumpInterruptedError
    expect(partial).toBe(last)
    expect((partial as number[]).length).toBeGreaterThan(0)
    expect(message).toContain(`${tries} times (NLM_F_DUMP_INTR)`)
    expect(tries).toBeLessThan(100)
  })

  it('of a flush every time fails, and nothing was removed; a whole one removes what it finds', async () => {
    const label = 'other:flushed'
    const there = (): Promise<unknown[]> => ns.addresses.list({ label })
    await ns.addresses.add({ dev: 'other', address: '198.51.100.1/32', label })
    let error: unknown
    {
      await using _changes = await Changes.begin(ns)
      for (let round = 0; round < 100 && error === undefined; round++) {
        if (round > 0) await ns.addresses.replace({ dev: 'other', address: '198.51.100.1/32', label })
        await ns.addresses.flush({ label }).catch((reason: unknown) => {
          error = reason
        })
      }
    }
    expect(error).toBeInstanceOf(DumpInterruptedError)
    expect(error).toMatchObject({ operation: 'addresses.flush', netns: ns.name, partial: undefined, leftover: false })
    expect(await there()).toHaveLength(1)
    await ns.addresses.flush({ label })
    expect(await there()).toHaveLength(0)
  })

  it('leaves nothing behind: the next one is whole at once', async () => {
    let tries = 0
    const found = await perform(dump(() => tries++))
    expect(tries).toBe(1)
    expect(found.sort((a, b) => a - b)).toEqual(all)
  })
})
