// Who lives inside comes by nothing of ours: an attacker looks into each process that it sees, while this library is used.
import { compiled, openDirectory, ordinary, played, root, subordinate } from './inside'

const directory = openDirectory()
let attacker: string
beforeAll(() => {
  attacker = compiled(directory, 'hostile')
})

interface Report {
  readonly found: readonly string[]
  readonly seen: number
}

/** What is ours: this library's processes before they are the program that was asked for, and Node. */
const isOurs = (line: string): boolean => /^\S+ (node|netloom|MainThread|jest)/.test(line)
/** The attacks work: its neighbor inside is defenceless. */
const againstNeighbor = ['mem', 'environ', 'maps', 'cwd', 'fd', 'readv', 'getfd', 'ptrace']

function expectSafe({ found, seen }: Report): void {
  expect(found.filter(isOurs)).toEqual([])
  expect(found).toEqual(expect.arrayContaining(againstNeighbor.map((way) => `${way} sleep`)))
  expect(seen).toBeGreaterThan(100)
}

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
  expectSafe(await played<Report>(who, 'besieged.cjs', [name, attacker]))
})
