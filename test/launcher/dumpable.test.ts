// Node may be dumped, debugged and looked at by its own user as before, whatever is started: prctl(PR_GET_DUMPABLE).
import { join } from 'node:path'
import { compiled, openDirectory, ordinary, played, root, subordinate } from './inside'

interface Report {
  readonly found: Readonly<Record<string, string>>
  readonly owners: readonly (readonly [string, number])[]
  readonly control: string
}

const directory = openDirectory()
let library: string
beforeAll(() => {
  library = compiled(directory, 'dumpable', '-shared', '-fPIC')
})

test.each([
  ['root', root, '65534'],
  ['a user', ordinary, ''],
  ['a user with subordinate ids', subordinate, ''],
] as const)('%s', async (name, who, user) => {
  const file = join(directory, name)
  const { found, owners, control } = await played<Report>(who, 'dumpable.cjs', [library, file, user])
  expect(new Set(Object.values(found))).toEqual(new Set(['1 true']))
  // What is ours may not, and belongs to root.
  expect(owners.map(([comm]) => comm)).toContain('netloom-init')
  expect(owners.filter(([, uid]) => uid !== 0)).toEqual([])
  // It would be seen if it were taken away.
  if (user !== '') expect(control).toBe('0 true')
})
