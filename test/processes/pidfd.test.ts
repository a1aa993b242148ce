// Processes of others, held by a descriptor.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { isNotFound, Pidfd } from '../../lib/index'
import { until } from '../support/patience'

function pidfds(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('pidfd')
    } catch {
      return false // the directory's own descriptor
    }
  }).length
}

test('a process is signalled, and its end is told once', async () => {
  const child = spawn('sleep', ['1000'])
  let ends = 0
  using pidfd = Pidfd.open(child.pid!, () => ends++)
  expect(pidfd.pid).toBe(child.pid)
  expect(pidfd.signal(0)).toBe(true)
  expect(ends).toBe(0)
  expect(pidfd.signal('SIGTERM')).toBe(true)
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM'])
  await until(() => ends > 0, 'the end is told')
  // It was reaped: its number may be another's.
  expect(pidfd.signal(0)).toBe(false)
  expect(pidfd.signal('SIGKILL')).toBe(false)
  expect(ends).toBe(1)
})

test('what is closed has no descriptor, signals nobody and tells nothing', async () => {
  await until(() => pidfds() === 0, 'that of the test before is closed')
  const child = spawn('sleep', ['1000'])
  const told = jest.fn()
  const pidfd = Pidfd.open(child.pid!, told)
  const besides = Pidfd.open(child.pid!, told)
  expect(pidfds()).toBe(2)
  pidfd.close()
  pidfd.close()
  await until(() => pidfds() === 1, 'the descriptor is closed')
  expect(pidfd.signal('SIGKILL')).toBe(false)
  expect(besides.signal(0)).toBe(true)
  besides[Symbol.dispose]()
  child.kill()
  await once(child, 'exit')
  await new Promise(setImmediate)
  expect(told).not.toHaveBeenCalled()
  await until(() => pidfds() === 0, 'the other one is closed, too')
})

test('a process that is not there is an error that says so', async () => {
  const child = spawn('true')
  await once(child, 'exit')
  const open = (): Pidfd => Pidfd.open(child.pid!)
  expect(open).toThrow(
    expect.objectContaining({ code: 'ESRCH', syscall: 'pidfd_open', operation: 'Pidfd.open' }) as Error,
  )
  try {
    open()
  } catch (error) {
    expect(isNotFound(error)).toBe(true)
  }
})

test.each([
  ['pid', () => Pidfd.open('1' as never), 'ERR_INVALID_ARG_TYPE'],
  ['pid', () => Pidfd.open(0), 'ERR_OUT_OF_RANGE'],
  ['pid', () => Pidfd.open(-1), 'ERR_OUT_OF_RANGE'],
  ['pid', () => Pidfd.open(1.5), 'ERR_OUT_OF_RANGE'],
  ['pid', () => Pidfd.open(2 ** 31), 'ERR_OUT_OF_RANGE'],
  ['onExit', () => Pidfd.open(process.pid, 5 as never), 'ERR_INVALID_ARG_TYPE'],
  [
    'signal',
    () => {
      using own = Pidfd.open(process.pid)
      own.signal('SIGNONE' as never)
    },
    'ERR_INVALID_ARG_VALUE',
  ],
  [
    'signal',
    () => {
      using own = Pidfd.open(process.pid)
      own.signal(65)
    },
    'ERR_OUT_OF_RANGE',
  ],
])('a wrong %s is refused', (field, call, code) => {
  expect(call).toThrow(expect.objectContaining({ field, code }) as Error)
})
