// Somebody inside stops each process that he sees, at its birth: no thread of Node's waits for it for long, and what was
// stopped does not stay.
import { compiled, openDirectory, ordinary, played, root, subordinate } from './inside'

interface Report {
  /** How the uses ended. */
  readonly ways: readonly string[]
  readonly longest: number
  /** How many the attacker got. */
  readonly met: number
  readonly after: string
  readonly before: readonly string[]
  readonly left: { readonly descriptors: number; readonly children: readonly string[] }
}

const sigstop = '19'
const directory = openDirectory()
let attacker: string
beforeAll(() => {
  attacker = compiled(directory, 'intruder', '-lrt')
})

test.each([
  ['root', 'a set with ids of its own', root],
  ['root', 'a set with ids of its own, without a pid namespace', root],
  ['root', 'a set whose root is our own user', root],
  ['a user', 'a rootless network namespace', ordinary],
  ['a user', 'a rootless network namespace, in a pid namespace', ordinary],
  ['a user', 'a set whose root is our own user, without a pid namespace', ordinary],
  ['a user', 'a rootless network namespace with subordinate ids', subordinate],
  ['a user', 'a set with subordinate ids, in a pid namespace', subordinate],
] as const)('%s: in %s', async (_, name, who) => {
  const { ways, longest, met, after, before, left } = await played<Report>(who, 'born.cjs', [name, attacker, sigstop])
  // It runs, is ended when it was stopped as a program, or was stopped before it was one.
  expect(ways.filter((way) => !['0', 'SIGKILL', 'EINTR launch'].includes(way))).toEqual([])
  expect(met).toBeGreaterThan(0)
  // Somebody was stopped, or this would prove nothing.
  expect(ways.filter((way) => way !== '0')).not.toEqual([])
  expect(longest).toBeLessThan(5000)
  expect(after).toBe('0')
  expect(left).toEqual({ descriptors: expect.any(Number) as number, children: before })
  expect(left.descriptors).toBeLessThanOrEqual(0)
})
