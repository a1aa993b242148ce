// What a process inside can use of that which is shared by its name or number: System V memory, files in /dev/shm, message
// queues, abstract sockets. docs/inside/launcher.md says the same.
import { compiled, openDirectory, ordinary, played, root, subordinate } from './inside'

interface Report {
  readonly ours: readonly string[]
  readonly neighbors: readonly string[]
}

const directory = openDirectory()
let attacker: string
beforeAll(() => {
  attacker = compiled(directory, 'intruder', '-lrt')
})

const ipc = { ipc: true }
const hidden = { ipc: true, mount: true, mounts: [{ target: '/dev/shm', type: 'tmpfs' }] }
/** All of a neighbor with the same ids: the attacks work. */
const all = ['sysv', 'posix', 'mqueue', 'abstract']

// Which ids he has decides, then his ipc namespace and what is mounted over /dev/shm. Abstract sockets are the network
// namespace's.
test.each([
  ['root', 'a set with ids of its own', {}, root, [], all],
  ['root', 'a set with ids of its own, without a pid namespace', {}, root, [], all],
  ['root', 'a set whose root is our own user', {}, root, ['sysv', 'posix', 'mqueue'], all],
  ['root', 'a set whose root is our own user', ipc, root, ['posix'], ['posix', 'abstract']],
  ['a user', 'a rootless network namespace', {}, ordinary, ['sysv', 'posix', 'mqueue'], all],
  ['a user', 'a rootless network namespace', ipc, ordinary, ['posix'], ['posix', 'abstract']],
  ['a user', 'a rootless network namespace', hidden, ordinary, [], ['abstract']],
  ['a user', 'a rootless network namespace, in a pid namespace', {}, ordinary, ['sysv', 'posix', 'mqueue'], all],
  ['a user', 'a rootless network namespace with subordinate ids', hidden, subordinate, [], ['abstract']],
] as const)('%s: in %s, with %j', async (_, name, options, who, ofOurs, ofNeighbors) => {
  const { ours, neighbors } = await played<Report>(who, 'shared.cjs', [name, attacker, JSON.stringify(options)])
  expect(ours).toEqual(ofOurs)
  expect(neighbors).toEqual(ofNeighbors)
})
