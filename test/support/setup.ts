// Runs in every test file (setupFilesAfterEnv): after all of its tests, nothing is there that was not there before.
import { checkLeaks, holdings, type Holding } from '../../lib/testing'
import { ownPrefix } from './namespaces'
import { endPrograms } from './programs'

let before: Holding[]

beforeAll(() => {
  before = holdings()
})

afterAll(async () => {
  await endPrograms()
  // The tests make all that they make under names of ours; others are somebody else's.
  const ignore = ({ kind, name }: Holding): boolean => /^(namespace|mount)$/.test(kind) && !name.includes(ownPrefix)
  await checkLeaks(before, { foreign: true, ignore, timeout: 10_000 })
})
