// Somebody inside kills each process that he sees by SIGSEGV, at its birth, and core dumps are allowed: none of them holds
// anything of Node's.
import { mkdirSync, chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compiled, openDirectory, ordinary, played, root, subordinate } from './inside'

interface Report {
  readonly control: readonly string[]
  readonly found: readonly string[]
  readonly met: number
}

const directory = openDirectory()
let attacker: string
beforeAll(() => {
  attacker = compiled(directory, 'intruder', '-lrt')
})

const anywhere = ['true']
// Of the same user, and seen by him: met before its first instruction it may be dumped, with the program's arguments and
// environment in it, and nothing else.
const sameUser = ['true', 'netloom-launche']

// Where cores go to a program, or to one directory, is the machine's affair: they cannot be looked at.
const inItsDirectory = /^[^|/]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'))
const testCores = inItsDirectory ? test : test.skip

testCores.each([
  ['root', 'a set with ids of its own', root, anywhere],
  ['root', 'a set with ids of its own, without a pid namespace', root, anywhere],
  ['root', 'a set whose root is our own user', root, anywhere],
  ['a user', 'a rootless network namespace', ordinary, sameUser],
  ['a user', 'a rootless network namespace, in a pid namespace', ordinary, anywhere],
  ['a user', 'a set whose root is our own user, without a pid namespace', ordinary, sameUser],
  ['a user', 'a rootless network namespace with subordinate ids', subordinate, sameUser],
  ['a user', 'a set with subordinate ids, in a pid namespace', subordinate, anywhere],
] as const)('%s: in %s', async (_, name, who, whose) => {
  const cwd = join(directory, `${name} ${who.length}`)
  mkdirSync(cwd)
  chmodSync(cwd, 0o777)
  const limited = ['prlimit', '--core=unlimited:unlimited', ...who]
  const { control, found, met } = await played<Report>(limited, 'cored.cjs', [name, attacker], { cwd })
  // Who is defenceless leaves what he knows.
  expect(control).toEqual(['sh with the secret'])
  expect(met).toBeGreaterThan(0)
  expect(found.filter((one) => !(whose as readonly string[]).includes(one))).toEqual([])
})
