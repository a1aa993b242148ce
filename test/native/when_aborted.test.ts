// Who waits for a signal to abort is told, also where it is aborted already, unless he has lost interest.
import { setImmediate as turn } from 'node:timers/promises'
import { whenAborted } from '../../lib/native/abort'

test.each([true, false])('a signal that is aborted before: %s', async (before) => {
  const controller = new AbortController()
  const told: string[] = []
  if (before) controller.abort()
  whenAborted(controller.signal, () => told.push('waits'))
  const forget = whenAborted(controller.signal, () => told.push('has lost interest'))
  forget()
  expect(told).toEqual([])
  controller.abort()
  await turn()
  expect(told).toEqual(['waits'])
})
