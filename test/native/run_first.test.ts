// Threads that are started while JavaScript's thread is in another namespace.
import { reportOf } from './child'

test('a thread that is first started inside run(), of the addon or of the pool of libuv, lives at home', async () => {
  expect(await reportOf('run_first')).toEqual({ strays: [], lo: true })
})
