// Runs in every test file (setupFilesAfterEnv): the leak check around all of its tests.
import { holdings, settledLeaks, type Holdings } from './leaks'

let before: Holdings

beforeAll(() => {
  before = holdings()
})

afterAll(async () => {
  expect(await settledLeaks(before)).toEqual([])
})
