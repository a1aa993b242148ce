// A Worker may be terminated at any moment: the process lives, and no descriptor is left.
import { uniqueName } from '../support/namespaces'
import { reportOf } from './child'

test('terminated while they load the library or open sockets, Workers leave nothing', async () => {
  const { left } = await reportOf<{ left: number }>('terminated', [uniqueName()])
  // One that was taken but not yet handed to Node's server nobody can close any more: four to ten were seen in thirty Workers,
  // which had ten under way each.
  expect(left).toBeLessThan(30)
})
