// What lives inside a namespace, where something fails: nothing is left open, and the error is Node's own or the kernel's, and
// tells the namespace.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificate } from '../clients/arrange'
import { reportOf } from '../native/child'

interface Failure {
  name: string
  code: string
  errno?: number
  syscall?: string
  netns?: string
  message: string
}

interface Outcome {
  failure?: Failure
  left: string[]
}

type Outcomes = Record<string, Outcome>

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-failures-'))
  chmodSync(directory, 0o777)
  const { cert, key } = certificate()
  writeFileSync(join(directory, 'cert'), cert)
  writeFileSync(join(directory, 'key'), key)
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

/** Runs a case of fixtures/failures.cjs, with a /run of its own and few descriptors. */
async function resultOf<Result>(name: string): Promise<Result> {
  const script = 'mount -t tmpfs tmpfs /run && ulimit -n 100 && exec "$@"'
  const within = ['unshare', '--mount', 'sh', '-c', script, 'sh']
  return reportOf('failures', [name, directory], { within, directory: join(__dirname, 'fixtures') })
}

/** What is wrong: what was left, and what failed otherwise than it may. */
function wrong(outcomes: Outcomes, isRight: (failure: Failure, name: string) => boolean): unknown[] {
  return Object.entries(outcomes).filter(
    ([name, { failure, left }]) => left.length > 0 || (failure !== undefined && !isRight(failure, name)),
  )
}

const failed = (outcomes: Outcomes): string[] =>
  Object.keys(outcomes).filter((name) => outcomes[name]!.failure !== undefined)

it('with few descriptors or none it works or fails with EMFILE, and works again when there are some', async () => {
  const { free, rounds, again } = await resultOf<{ free: Outcomes; rounds: Outcomes[]; again: Outcomes }>('descriptors')
  const [none, ...few] = rounds
  const all = Object.keys(free)
  expect(all.length).toBeGreaterThan(25)
  expect([failed(free), failed(again)]).toEqual([[], []])
  expect(failed(none!)).toEqual(all)
  for (const { worker, ...others } of rounds) {
    // What Node says of a Worker that cannot begin; libuv leaves its epoll(7) then.
    expect(['EMFILE', 'ERR_WORKER_INIT_FAILED', undefined]).toContain(worker!.failure?.code)
    expect(worker!.left.filter((one) => one !== 'anon_inode:[eventpoll]')).toEqual([])
    // Where the server cannot accept, it is the client who hears no more.
    const codes = ['EMFILE', 'ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']
    expect(wrong(others, ({ code, netns }) => codes.includes(code) && netns === 'failing')).toEqual([])
  }
  expect(failed(few.at(-1)!)).toEqual([])
})

it('a name or number that is taken gives EADDRINUSE, and whoever has it keeps it', async () => {
  const outcomes = await resultOf<Outcomes>('taken')
  const codes = Object.fromEntries(Object.entries(outcomes).map(([name, { failure }]) => [name, failure?.code]))
  expect(codes).toEqual({
    'listen, TCP': 'EADDRINUSE',
    'listen, server': 'EADDRINUSE',
    'listen, path': 'EADDRINUSE',
    'listen, abstract': 'EADDRINUSE',
    connect: 'EADDRINUSE',
    createConnection: 'EADDRINUSE',
    agent: 'EADDRINUSE',
    createSocket: 'EADDRINUSE',
    'taps.create': 'EBUSY',
  })
  expect(wrong(outcomes, ({ netns }) => netns === 'failing')).toEqual([])
})

it('who may not enter the namespace any more gets EPERM', async () => {
  const { without } = await resultOf<{ without: Outcomes }>('rights')
  // The hosts file is enough for that.
  const { lookup, ...others } = without
  expect(lookup).toEqual({ left: [] })
  expect(failed(others)).toEqual(Object.keys(others))
  const isRight = ({ code, syscall, netns, errno }: Failure): boolean =>
    code === 'EPERM' && syscall === 'setns' && netns === 'failing' && errno === -1
  expect(wrong(others, isRight)).toEqual([])
})

it('a namespace whose name somebody else has deleted goes on until its handle is closed', async () => {
  const { unnamed, deleting, closed } = await resultOf<{
    unnamed: Outcomes
    deleting: Failure
    closed: Outcomes
  }>('deleted')
  expect(failed(unnamed)).toEqual([])
  expect(wrong(unnamed, () => true)).toEqual([])
  expect(deleting).toMatchObject({ code: 'ENOENT', netns: 'failing' })
  expect(failed(closed)).toEqual(Object.keys(closed))
  expect(wrong(closed, ({ code, netns }) => code === 'ERR_NETLOOM_CLOSED' && netns === 'failing')).toEqual([])
})
