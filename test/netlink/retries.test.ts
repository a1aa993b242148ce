// How often and how long a dump is repeated that the kernel interrupts every time. Here, and only here, the addon is not the
// real one: it answers every transaction at once with a dump that was interrupted.
import { NETLINK, NLM_F, NLMSG } from '../../lib/netlink/constants'
import { Cancelled, Ending, Lane, Outcome } from '../../lib/native/addon'
import type * as Errors from '../../lib/errors'
import type * as Handles from '../../lib/native/netns_handle'
import type * as Perform from '../../lib/netlink/perform'
import { encodeMessage } from '../../lib/netlink/message'
import type { Answers, Operation } from '../../lib/netlink/operation'
import { attributes } from '../../lib/wire/attributes'
import { u32 } from '../../lib/wire/integers'
import { struct } from '../../lib/wire/struct'

type Dispatch = (report: readonly unknown[]) => void

const mockAddon = {
  dispatch: (() => undefined) as Dispatch,
  /** When each transaction was started. */
  times: [] as number[],
  /** How many transactions are interrupted. */
  interrupted: Infinity,
  answer: (): Uint8Array => new Uint8Array(),
  start(dispatch: Dispatch): number {
    mockAddon.dispatch = dispatch
    return 0
  },
  transact(): number {
    const job = mockAddon.times.push(performance.now())
    setImmediate(() => {
      const interrupted = job <= mockAddon.interrupted ? 1 : 0
      const result = [
        0,
        0,
        1,
        0,
        Outcome.done,
        -1,
        0,
        undefined,
        undefined,
        0,
        undefined,
        1,
        0,
        1,
        interrupted,
        1,
        mockAddon.answer(),
      ]
      mockAddon.dispatch([job, 0, undefined, result])
    })
    return job
  },
  cancel: () => 0,
  closeNetns: () => true,
  scratch: () => new ArrayBuffer(0),
}

interface Copy {
  errors: typeof Errors
  handles: typeof Handles
  perform: (typeof Perform)['perform']
}

/** The netlink layer on top of that addon: a copy of its own, for the leak check has loaded the real one. */
function copy(): Copy {
  let found: Copy | undefined
  jest.isolateModules(() => {
    jest.doMock('../../lib/native/addon', () => ({ addon: mockAddon, Cancelled, Ending, Lane, Outcome }))
    found = {
      errors: jest.requireActual('../../lib/errors'),
      handles: jest.requireActual('../../lib/native/netns_handle'),
      perform: jest.requireActual<typeof Perform>('../../lib/netlink/perform').perform,
    }
    jest.dontMock('../../lib/native/addon')
  })
  return found!
}

const {
  errors: { AbortError, DumpInterruptedError },
  handles,
  perform,
} = copy()

const layout = { header: struct('number', { number: ['number', u32] }), attributes: attributes('X_', {}) }
const request = encodeMessage(layout, 'GETNUMBERS', 100, { flags: NLM_F.DUMP })

/** A dump of one number, 7, and its end. */
function answer(): Uint8Array {
  const number = encodeMessage(layout, 'NUMBER', 101, { flags: NLM_F.MULTI, header: { number: 7 } })
  const done = encodeMessage(layout, 'DONE', NLMSG.DONE, {
    flags: NLM_F.MULTI | NLM_F.DUMP_INTR,
    header: { number: 0 },
  })
  return Buffer.concat([number.bytes, done.bytes])
}

let netns: Handles.NetnsHandle
let dump: Operation<number[]>

beforeEach(() => {
  netns = new handles.NetnsHandle([1, 4, 4026531840])
  Object.assign(mockAddon, { times: [], interrupted: Infinity, answer })
  dump = {
    name: 'numbers.list',
    protocol: NETLINK.ROUTE,
    lane: Lane.read,
    netns,
    steps: [{ netns, messages: [request], ending: Ending.dump }],
    result(answers) {
      const found: number[] = []
      answers.forEach(0, ({ reader, at }) => found.push(reader.u32(at)))
      return found
    },
  }
})

afterEach(() => {
  netns.close()
})

function gaps(): number[] {
  return mockAddon.times.slice(1).map((time, i) => time - mockAddon.times[i]!)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

it('a dump that is never whole is tried a bounded number of times, and fails with what it found last', async () => {
  const error: unknown = await perform(dump).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(DumpInterruptedError)
  expect(error).toMatchObject({ operation: 'numbers.list', netns: 'net:[4026531840]', partial: [7] })
  expect(mockAddon.times).toHaveLength(10)
  expect((error as Error).message).toContain('10 times')
})

it('the time between the tries grows', async () => {
  let shortest: readonly number[] = new Array<number>(9).fill(Infinity)
  const growth = (): number => sum(shortest.slice(-4)) / sum(shortest.slice(0, 4))
  // Where others have the CPU, any pause may be long: the shortest of each tells.
  for (let run = 0; run < 20 && !(growth() > 4); run++) {
    mockAddon.times = []
    await perform(dump).catch(() => undefined)
    expect(gaps()).toHaveLength(shortest.length)
    shortest = gaps().map((gap, i) => Math.min(gap, shortest[i]!))
  }
  expect(growth()).toBeGreaterThan(4)
})

it.each([0, 1, 3, 9])('a dump that is interrupted %i times gives its result', async (times) => {
  mockAddon.interrupted = times
  expect(await perform(dump)).toEqual([7])
  expect(mockAddon.times).toHaveLength(times + 1)
})

it('a signal ends the waiting between two tries', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  let tries = 0
  let aborted = Infinity
  const aborting: typeof dump = {
    ...dump,
    result(answers: Answers) {
      if (++tries === 9) {
        // In the pause after this try, which is the longest of all.
        setImmediate(() => {
          aborted = performance.now()
          controller.abort(reason)
        })
      }
      return dump.result(answers)
    },
  }
  const error: unknown = await perform(aborting, { signal: controller.signal }).catch((error: unknown) => error)
  const waited = performance.now() - aborted
  expect(error).toBeInstanceOf(AbortError)
  expect(error).toMatchObject({ code: 'ABORT_ERR', operation: 'numbers.list', cause: reason })
  expect(mockAddon.times).toHaveLength(9)
  expect(waited).toBeLessThan(gaps().at(-1)!)
})

it('a time limit counts for all tries together', async () => {
  const error: unknown = await perform(dump, { timeout: 40 }).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(AbortError)
  expect(error).toMatchObject({ code: 'ETIMEDOUT', operation: 'numbers.list' })
  expect(mockAddon.times.length).toBeLessThan(10)
})
