// Where limits (setrlimit(2)) or a filter of system calls are in the way of the launcher, what is asked for works, or fails
// with an error that names the call; and nothing is left.
import { compiled, openDirectory, ordinary, played, root } from './inside'

type Ends = Readonly<Record<string, string>>
interface Report {
  readonly free: Ends
  readonly limited: Readonly<Record<string, Ends>>
  readonly after: Ends
  readonly left: { readonly descriptors: number; readonly children: readonly string[] }
  readonly before: readonly string[]
}

const directory = openDirectory()
let intruder: string
beforeAll(() => {
  intruder = compiled(directory, 'intruder', '-lrt')
})

const users = [
  ['root', root],
  ['a user', ordinary],
] as const

const works = {
  ...{ plain: '0', piped: '0', sync: '0', pid: '0', user: '0', restricted: '0' },
  ...{ set: '0', socket: '0' },
}

/**
 * Of V8, which ends the process where its heap has to grow and cannot: it has all that it needs from the beginning, and compiles
 * nothing to machine code, for which it would map memory.
 */
const mapped = [
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--initial-heap-size=256',
  '--no-sparkplug',
  '--no-opt',
  '--no-lazy-feedback-allocation',
]

/** Nothing is different afterwards. */
function expectRestored({ after, left, before, free }: Report): void {
  expect(after).toEqual(free)
  expect(left).toEqual({ descriptors: 0, children: before })
}

describe.each(users)('%s: limits', (name, who) => {
  // RLIMIT_… of asm-generic/resource.h
  const limit = async (limits: readonly (readonly [string, number, readonly number[]])[]): Promise<Report> => {
    const report = await played<Report>(who, 'hindered.cjs', [intruder, JSON.stringify(limits)], { execArgv: mapped })
    expect(report.free).toEqual(works)
    expectRestored(report)
    return report
  }
  const endsOf = ({ limited }: Report): string[] => [
    ...new Set(Object.values(limited).flatMap((ends) => Object.values(ends))),
  ]

  test('RLIMIT_STACK and RLIMIT_CORE: four pages do for it, and no core', async () => {
    const { limited } = await limit([
      ['stack', 3, [16_384]],
      ['core', 4, [0]],
    ])
    expect(limited['core 0']).toEqual(works)
    // The dynamic loader of a program needs more, where its environment is large.
    const { set, socket, ...programs } = limited['stack 16384']!
    expect([set, socket]).toEqual(['0', '0'])
    expect(Object.values(programs).filter((end) => end !== '0' && end !== 'SIGSEGV')).toEqual([])
  })

  test('RLIMIT_NOFILE: however few are left, EMFILE, or it works', async () => {
    const report = await limit([['nofile', 7, [0, 3, 8, 16, 20, 24, 26, 28, 30, 34, 200]]])
    expect(endsOf(report).filter((end) => end !== '0' && !/^EMFILE [a-z]/.test(end))).toEqual([])
    expect(new Set(Object.values(report.limited['nofile 3']!)).has('0')).toBe(false)
    expect(report.limited['nofile 200']).toEqual(works)
  })

  test('RLIMIT_AS: what cannot be mapped is told, or the program ends as it would anywhere', async () => {
    const { limited } = await limit([['as', 9, [0, 1_000_000]]])
    // The kernel kills what it cannot load; of what has begun, the dynamic loader says 127.
    for (const { set, socket, ...programs } of Object.values(limited)) {
      expect(set).toBe('ENOMEM mmap')
      expect(socket).toBe('0')
      expect(Object.values(programs).filter((end) => !/^(SIGSEGV|SIGKILL|127|E[A-Z]+ [a-z].*)$/.test(end))).toEqual([])
    }
  })

  if (name !== 'root') {
    // Root is not counted.
    test('RLIMIT_NPROC: EAGAIN, whoever cannot be born', async () => {
      const report = await limit([['nproc', 6, [0, 16, 17, 18, 19, 20, 21, 22, 500]]])
      expect(endsOf(report).filter((end) => end !== '0' && !/^EAGAIN [a-z]/.test(end))).toEqual([])
      expect(report.limited['nproc 500']).toEqual(works)
    })
  }
})

describe.each(users)('%s: a filter of system calls that Node has inherited', (_, who) => {
  /** Node is started but once for calls that are denied at the same time; what denying needs is the last of them. */
  const denied = async (...calls: string[]): Promise<Ends> => {
    const eperm = '1'
    const filtered = [...who, ...calls.flatMap((call) => [intruder, 'deny', call, eperm])]
    const report = await played<Report>(filtered, 'hindered.cjs', [intruder, '[]'])
    expectRestored(report)
    return report.free
  }

  test('it does without close_range, pidfd_open, setsid, setgroups and seccomp', async () => {
    expect(await denied('close_range', 'pidfd_open', 'setsid', 'setgroups', 'seccomp')).toEqual(works)
  })

  // Of each lot, no two that the same use needs; setuid as Node tells it.
  test.each([
    [
      'pdeathsig, capset and memfd_create',
      { pid: 'EPERM prctl', restricted: 'EPERM capset', set: 'EPERM memfd_create' },
    ],
    [
      'mount, setuid and no_new_privs',
      { restricted: 'EPERM prctl', pid: 'EPERM mount', set: 'EPERM mount', user: 'EPERM spawn' },
    ],
    ['ppoll and sethostname', { pid: 'EPERM ppoll', user: 'EPERM sethostname', set: 'EPERM sethostname' }],
  ])('%s are told by their names', async (calls, ends) => {
    expect(await denied(...calls.split(/, | and /))).toEqual({ ...works, ...ends })
  })
})

test('what cannot hide its memory enters nothing', async () => {
  const who = [intruder, 'deny', 'dumpable', '1']
  const report = await played<Report>(who, 'hindered.cjs', [intruder, '[]'])
  const { socket, ...launched } = report.free
  expect(socket).toBe('0')
  expect(new Set(Object.values(launched))).toEqual(new Set(['EPERM prctl']))
  expectRestored(report)
})

test('without close_range(2) nothing that Node has open is passed on either', async () => {
  const who = [intruder, 'deny', 'close_range', '38', intruder, 'leave']
  const name = 'a set with ids of its own'
  const report = await played<Record<string, readonly number[]>>(who, 'inherited.cjs', [name, intruder])
  expect(report.node).toContain(500)
  expect([report.spawn, report.sync, report.exec, report.asked]).toEqual([
    [0, 1, 2],
    [0, 1, 2],
    [0, 1, 2],
    [0, 1, 2, 5],
  ])
  expect(report.helpers).toEqual({ 'netloom-init': ['pipe'], 'netloom-monitor': ['pipe'] })
})
