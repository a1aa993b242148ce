// The waits between tries of what fails.
import { Backoff } from '../lib/public/errors'

/** So many waits, one after another. */
function waits(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next())
}

test('each wait is twice as long as the one before, up to a limit', () => {
  const backoff = new Backoff({ min: 100, max: 1000 })
  expect(waits(backoff, 6)).toEqual([100, 200, 400, 800, 1000, 1000])
  backoff.reset()
  expect(waits(backoff, 2)).toEqual([100, 200])
})

test('a limit below the first wait holds for it too, and after ever so many failures', () => {
  expect(waits(new Backoff({ min: 60, max: 50 }), 2)).toEqual([50, 50])
  expect(waits(new Backoff({ min: 1, max: 8000 }), 5000).at(-1)).toBe(8000)
})

test('chance shortens a wait by half at most, and no two clients come back in step', () => {
  const all = Array.from({ length: 50 }, () => waits(new Backoff({ min: 100, max: 400, jitter: true }), 4))
  for (const given of all) {
    for (const [i, longest] of [100, 200, 400, 400].entries()) {
      expect(given[i]).toBeGreaterThanOrEqual(longest / 2)
      expect(given[i]).toBeLessThanOrEqual(longest)
    }
  }
  expect(new Set(all.map(([first]) => first)).size).toBeGreaterThan(25)
})
