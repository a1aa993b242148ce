// Nothing that Node has open reaches a program inside, whoever has opened it and how.
import { compiled, openDirectory, ordinary, played, root, subordinate } from './inside'

interface Report {
  readonly node: readonly number[]
  readonly spawn: readonly number[]
  readonly sync: readonly number[]
  readonly exec: readonly number[]
  readonly asked: readonly number[]
  readonly high: readonly number[]
  readonly helpers: Readonly<Record<string, string | readonly string[]>>
}

const directory = openDirectory()
let program: string
beforeAll(() => {
  program = compiled(directory, 'intruder', '-lrt')
})

const first = ['pipe']
const helper = ['/proc', 'socket']
const monitor = ['pipe']

test.each([
  ['root', 'a set with ids of its own', root, { 'netloom-init': first, 'netloom-monitor': monitor }],
  ['root', 'a set with ids of its own, without a pid namespace', root, {}],
  ['root', 'a set whose root is our own user', root, { 'netloom-init': first, 'netloom-monitor': monitor }],
  // Not even its own user may look.
  ['a user', 'a rootless network namespace', ordinary, { 'netloom-helper': 'EACCES' }],
  [
    'a user',
    'a rootless network namespace, in a pid namespace',
    ordinary,
    { 'netloom-helper': 'EACCES', 'netloom-init': 'EACCES', 'netloom-monitor': 'EACCES' },
  ],
  ['a user', 'a rootless network namespace with subordinate ids', subordinate, { 'netloom-helper': 'EACCES' }],
] as const)('%s: in %s', async (_, name, who, helpers) => {
  const starter = [...who, program, 'leave']
  const report = await played<Report>(starter, 'inherited.cjs', [name, program])
  // Node's own spawn passes them on.
  expect(report.node).toEqual(expect.arrayContaining([500, 501, 507, 511]))
  const { spawn, sync, exec, asked, high } = report
  expect({ spawn, sync, exec, asked, high }).toEqual({
    spawn: [0, 1, 2],
    sync: [0, 1, 2],
    exec: [0, 1, 2],
    asked: [0, 1, 2, 5],
    high: [0, 1, 2, 523],
  })
  const { sleep: _sleep, ...ours } = report.helpers
  expect(ours).toEqual(helpers)
})

test('the helper of a namespace without root has its socket and /proc, and nothing else', async () => {
  const report = await played<Report>([program, 'leave'], 'inherited.cjs', ['a rootless network namespace', program])
  expect(report.helpers).toMatchObject({ 'netloom-helper': helper })
})
