// An ephemeral namespace goes with the process also if that ends while results are being handed over.
import { NetNs } from '../../lib/index'
import { uniqueName } from '../support/namespaces'
import { runFixture } from './child'

test.each([
  ['exit', 'look'],
  ['exit', 'change'],
  ['error', 'look'],
  ['error', 'change'],
])('a process that ends by %s when a %s has its result leaves nothing', async (how, what) => {
  for (let i = 0; i < 3; i++) {
    const name = uniqueName()
    const { code, signal } = await runFixture('exit_at_once', [name, how, what])
    const left = await NetNs.exists(name)
    await NetNs.delete(name, { force: true })
    expect({ code, signal, left }).toEqual({ code: how === 'exit' ? 3 : 1, signal: null, left: false })
  }
})
