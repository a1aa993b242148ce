// A thread of the addon that cannot return home ends, says so, and is replaced.
import { execFileSync } from 'node:child_process'
import { uniqueName } from '../support/namespaces'
import { reportOf } from './child'

interface Report {
  lost: number
  error: unknown
  later: unknown
  working: unknown[]
  named: boolean
  strays: unknown[]
}

const failed = { ours: true, code: 'EINVAL', errno: -22, syscall: 'setns (home)' }

test.each([
  { what: 'change', operation: 'links.set' },
  { what: 'look', operation: 'links.list' },
  { what: 'read', operation: 'addresses.list' },
  { what: 'removal', operation: 'links.delete' },
  { what: 'socket', operation: 'NetNs.listen' },
])('a $what whose thread is stranded fails, and a new thread serves the next call', async ({ what, operation }) => {
  const { lost, error, later, working, strays } = await reportOf<Report>('lost_home', [what])
  expect(lost).toBeGreaterThan(0)
  expect(error).toMatchObject({ ...failed, operation })
  expect({ later, working, strays }).toEqual({ later: 'works', working: ['works', 'works', 'works'], strays: [] })
})

test('a change whose thread is stranded says that its outcome is unknown', async () => {
  const { error } = await reportOf<Report>('lost_home', ['change'])
  expect(error).toMatchObject({ ...failed, outcome: 'unknown' })
})

test('a creation whose thread is stranded leaves no name', async () => {
  const name = uniqueName()
  const { error, later, named, strays } = await reportOf<Report>('lost_home', ['creation', name])
  expect(error).toMatchObject({ ...failed, operation: 'NetNs.create', netns: name })
  if (named) execFileSync('ip', ['netns', 'delete', name])
  expect(named).toBe(false)
  expect({ later, strays }).toEqual({ later: 'works', strays: [] })
})
