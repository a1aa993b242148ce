// Locks of files, and datagrams to Unix sockets: what daemons need besides namespaces.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockFile, sendUnixDatagram } from '../../lib/index'
import { until } from '../support/patience'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-lock-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Whether flock(1) gets the lock. */
function isFree(path: string): boolean {
  return spawnSync('flock', ['--nonblock', path, 'true']).status === 0
}

describe('lockFile', () => {
  test('makes the file, and locks it for one', () => {
    const path = join(directory, 'lock')
    const lock = lockFile(path)
    expect(lock).toBeDefined()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(lockFile(path)).toBeUndefined()
    expect(isFree(path)).toBe(false)
    lock!.release()
    lock!.release()
    expect(isFree(path)).toBe(true)
    {
      using again = lockFile(path)
      expect(again).toBeDefined()
      expect(isFree(path)).toBe(false)
    }
    expect(isFree(path)).toBe(true)
  })

  test('leaves a lock to who has it, and takes it when that one was killed', async () => {
    const path = join(directory, 'lock')
    writeFileSync(path, 'what is in it stays')
    const other = spawn('flock', ['--no-fork', path, 'sleep', '1000'])
    await until(() => !isFree(path), 'flock has the lock')
    expect(lockFile(path)).toBeUndefined()
    other.kill('SIGKILL')
    await once(other, 'exit')
    using lock = lockFile(path)
    expect(lock).toBeDefined()
    expect(execFileSync('cat', [path], { encoding: 'utf8' })).toBe('what is in it stays')
  })

  test('says what is wrong', () => {
    const link = join(directory, 'link')
    symlinkSync('/etc/passwd', link)
    const refused = (path: unknown): unknown => {
      try {
        return lockFile(path as string, 'Agent.start')
      } catch (error) {
        return error
      }
    }
    expect(refused(link)).toMatchObject({ code: 'ELOOP', syscall: 'open', operation: 'Agent.start' })
    expect(refused(join(directory, 'none/lock'))).toMatchObject({ code: 'ENOENT', syscall: 'open' })
    expect(refused('lock')).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: 'path' })
    expect(refused(`${directory}/a\0b`)).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: 'path' })
    expect(refused(5)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'path' })
    expect(existsSync(join(directory, 'a'))).toBe(false)
  })
})

describe('sendUnixDatagram', () => {
  const receiver = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace('@', '\\0', 1))
print('bound', flush=True)
print(repr(s.recv(100).decode()), flush=True)`

  test.each(['path', 'abstract'])('sends a text to a socket: %s', async (kind) => {
    const path = kind === 'path' ? join(directory, 'socket') : `@netloom-${process.pid}`
    const python = spawn('python3', ['-c', receiver, path])
    let said = ''
    python.stdout.on('data', (data: Buffer) => (said += data.toString()))
    await until(() => said.startsWith('bound'), 'the receiver is there')
    sendUnixDatagram(path, 'READY=1\nSTATUS=größer')
    await once(python, 'exit')
    expect(said).toBe("bound\n'READY=1\\nSTATUS=größer'\n")
  })

  test('says what is wrong', () => {
    const call = (...args: unknown[]): unknown => {
      try {
        ;(sendUnixDatagram as (...args: unknown[]) => void)(...args)
        return undefined
      } catch (error) {
        return error
      }
    }
    const none = join(directory, 'none')
    expect(call(none, 'x', 'notify')).toMatchObject({ code: 'ENOENT', syscall: 'sendto', operation: 'notify' })
    expect(call('', 'x')).toMatchObject({ code: 'ERR_OUT_OF_RANGE', field: 'path' })
    expect(call(`/${'a'.repeat(107)}`, 'x')).toMatchObject({ code: 'ERR_OUT_OF_RANGE', field: 'path' })
    expect(call('/a\0b', 'x')).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: 'path' })
    expect(call(none, 5)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'message' })
  })
})
