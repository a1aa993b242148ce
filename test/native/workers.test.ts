// The addon in several environments of one process.
import { NetNs } from '../../lib/index'
import { uniqueName } from '../support/namespaces'
import { reportOf } from './child'

test('several Workers at once each do their own work, and leave nothing', async () => {
  const results = [5, 6, 7, 8].map((rounds) => ({ code: 0, links: rounds + 1 }))
  expect(await reportOf('workers', ['together'])).toEqual({ results, left: [] })
})

test.each([1, 2])('fifty Workers that are terminated at random moments leave nothing (seed %i)', async (seed) => {
  expect(await reportOf('workers', ['terminated', String(seed)])).toEqual({ left: [] })
})

test('threads that use the same namespaces by their names at once do not disturb each other', async () => {
  const args = [uniqueName('same'), uniqueName('fought')]
  const { expected, ...rest } = await reportOf<{ expected: number }>('same_namespaces', args)
  expect(rest).toEqual({ codes: [0, 0, 0], links: expected, names: [], left: [] })
})

test('nor do those of several processes that compete for names', async () => {
  const fought = uniqueName('fought')
  const processes = Array.from({ length: 2 }, () =>
    reportOf<{ left: unknown[] }>('same_namespaces', [uniqueName('same'), fought]),
  )
  expect((await Promise.all(processes)).map(({ left }) => left)).toEqual([[], []])
  expect((await NetNs.list()).filter(({ name }) => name.startsWith(fought))).toEqual([])
})
