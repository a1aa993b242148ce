// The addon in several environments of one process.
import { reportOf } from './child'

test('several Workers at once each do their own work, and leave nothing', async () => {
  const results = [5, 6, 7, 8].map((rounds) => ({ code: 0, links: rounds + 1 }))
  expect(await reportOf('workers', ['together'])).toEqual({ results, left: [] })
})

test.each([1, 2])('fifty Workers that are terminated at random moments leave nothing (seed %i)', async (seed) => {
  expect(await reportOf('workers', ['terminated', String(seed)])).toEqual({ left: [] })
})
