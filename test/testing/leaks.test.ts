// holdings, findLeaks and checkLeaks: each kind of thing that can be left behind is found, and told.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetNs } from '../../lib/index'
import { checkLeaks, findLeaks, holdings, LeakError, useNetNs, type LeakOptions } from '../../lib/testing'
import { ownPrefix, uniqueName } from '../support/namespaces'

/** What is found once it has had a moment to settle. */
async function found(before: ReturnType<typeof holdings>, options?: LeakOptions): Promise<string[]> {
  const leaks = await findLeaks(before, { timeout: 200, ...options })
  return leaks.map(({ kind, name }) => `${kind} ${name}`)
}

/** Threads come and go with every call. */
const noThreads: LeakOptions = { ignore: ({ kind }) => kind === 'thread' }

test('nothing new is no leak', async () => {
  const before = holdings()
  await checkLeaks(before)
})

test('an open file is found, a closed one is not', async () => {
  const before = holdings()
  const fd = openSync('/dev/null', 'r')
  expect(await found(before)).toEqual([`descriptor ${fd} (/dev/null)`])
  await expect(checkLeaks(before, { timeout: 0 })).rejects.toThrow(LeakError)
  closeSync(fd)
  await checkLeaks(before)
})

test('what libuv keeps open since a file was first watched is no leak', () => {
  // Where another test of this process was first, there is nothing more to find.
  const script = `
    const { watch } = require('node:fs')
    const { findLeaks, holdings } = require(${JSON.stringify(join(__dirname, '../../dist/testing'))})
    const before = holdings()
    watch('/tmp').close()
    findLeaks(before, { timeout: 100 }).then((leaks) => console.log(leaks.map(({ name }) => name)))`
  expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('[]\n')
})

test('one socket may take the place of another, but none more', async () => {
  const listening = async (): Promise<ReturnType<typeof createServer>> => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const first = await listening()
  const before = holdings()
  const second = await listening()
  expect(await found(before)).toEqual([expect.stringMatching(/^descriptor \d+ \(socket:\[\d+\]\)$/)])
  first.close()
  await once(first, 'close')
  await checkLeaks(before)
  second.close()
  await once(second, 'close')
})

test('a child that runs is found', async () => {
  const before = holdings()
  const child = spawn('sleep', ['60'], { stdio: 'ignore' })
  expect(await found(before)).toEqual([`process ${child.pid!} (sleep 60)`])
  child.kill()
  await once(child, 'exit')
  await checkLeaks(before)
})

describe('of a namespace', () => {
  test('an open handle is told once, with where it was opened', async () => {
    const before = holdings()
    const ns = await NetNs.create()
    const [leak, ...others] = await findLeaks(before, { timeout: 200, ...noThreads })
    expect(others).toEqual([])
    expect(leak).toMatchObject({ kind: 'handle', name: `a handle of the namespace net:[${ns.identity.inode}]` })
    expect(leak?.openedAt).toMatch(/^ +at .*leaks\.test\.ts:\d+:\d+\)?$/)
    ns.close()
    await checkLeaks(before, noThreads)
  })

  test('a handle that was garbage-collected is told all the same', () => {
    const program = `
      const { holdings, findLeaks } = require(process.argv[1] + '/dist/testing')
      const { NetNs } = require(process.argv[1])
      async function main() {
        const before = holdings()
        const collected = new Promise((resolve) => process.once('warning', resolve))
        await NetNs.create()
        setImmediate(gc)
        const { code } = await collected
        const leaks = await findLeaks(before, { timeout: 200, ignore: ({ kind }) => kind === 'thread' })
        console.log(JSON.stringify([code, ...leaks.map(({ kind }) => kind)]))
      }
      void main()`
    const args = ['--no-warnings', '--expose-gc', '-e', program, join(__dirname, '../..')]
    expect(JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))).toEqual([
      'NETLOOM_HANDLE_COLLECTED',
      'handle',
    ])
  })

  test('a server and a connection are told with where they were opened, until they are closed', async () => {
    await using ns = await NetNs.create()
    await ns.links.set('lo', { up: true })
    const before = holdings()
    const server = await ns.listen({ host: '127.0.0.1', port: 80 })
    const socket = await ns.connect({ host: '127.0.0.1', port: 80 })
    const leaks = (await findLeaks(before, { timeout: 0 })).filter(({ kind }) => kind === 'handle')
    const where = `in the namespace net:[${ns.identity.inode}]`
    expect(leaks.map(({ name }) => name)).toEqual([`a server ${where}`, `a connection ${where}`])
    for (const { openedAt } of leaks) expect(openedAt).toMatch(/leaks\.test\.ts/)
    socket.destroy()
    server.close()
    expect(await findLeaks(before)).toEqual([])
  })

  test('a name that this process has made is found; one that somebody else has made, if that is wanted', async () => {
    const before = holdings()
    const [own, foreign] = [uniqueName('own'), uniqueName('foreign')]
    const ns = await NetNs.create(own)
    ns.close()
    execFileSync('ip', ['netns', 'add', foreign])
    try {
      expect(await found(before, noThreads)).toEqual([`namespace ${own}`])
      const ignore: LeakOptions['ignore'] = ({ kind, name }) => kind === 'thread' || !name.startsWith(ownPrefix)
      expect(await found(before, { foreign: true, ignore })).toEqual([`namespace ${foreign}`, `namespace ${own}`])
    } finally {
      await NetNs.delete(own)
      execFileSync('ip', ['netns', 'delete', foreign])
    }
    await checkLeaks(before, noThreads)
  })

  test('one that somebody else makes is none of ours, also if the kernel gives it the number of ours that is gone', async () => {
    const inodeOf = (name: string): number => statSync(`/run/netns/${name}`).ino
    const foreign = uniqueName('foreign')
    const before = holdings()
    const gone = new Set<number>()
    let met = false
    for (let round = 0; round < 200 && !met; round++) {
      const ns = await NetNs.create()
      gone.add(ns.identity.inode)
      ns.close()
      await NetNs.settled()
      execFileSync('ip', ['netns', 'add', foreign])
      met = gone.has(inodeOf(foreign))
      try {
        expect(await found(before, { timeout: 0, ...noThreads })).toEqual([])
      } finally {
        execFileSync('ip', ['netns', 'delete', foreign])
      }
    }
    expect(met).toBe(true)
  })

  test('a mount that pins it elsewhere is found', async () => {
    const directory = mkdtempSync(join(tmpdir(), ownPrefix))
    const before = holdings()
    const ns = await NetNs.create({ path: join(directory, 'pin') })
    ns.close()
    expect(await found(before, noThreads)).toEqual([`mount ${join(directory, 'pin')} (net:[${ns.identity.inode}])`])
    execFileSync('umount', [join(directory, 'pin')])
    rmSync(join(directory, 'pin'))
    await checkLeaks(before, noThreads)
    execFileSync('mount', ['-t', 'tmpfs', 'none', directory])
    await checkLeaks(before, noThreads)
    expect(await found(before, { foreign: true, ...noThreads })).toEqual([`mount ${directory}`])
    execFileSync('umount', [directory])
    rmdirSync(directory)
  })

  test('a name that is made anew is told, though the old one was there before', async () => {
    const name = uniqueName('again')
    const first = await NetNs.create(name)
    const before = holdings()
    await using _second = await (await first.delete(), NetNs.create(name, { ephemeral: true }))
    expect(await found(before, noThreads)).toEqual(expect.arrayContaining([`namespace ${name}`]))
  })
})

describe('of the namespace in which the process lives', () => {
  // A program in a namespace of its own: tests leave the machine's alone.
  const program = `
    const { holdings, findLeaks } = require(process.argv[1] + '/dist/testing')
    const { NetNs } = require(process.argv[1])
    const { execFileSync } = require('node:child_process')
    const names = async (before, options) =>
      (await findLeaks(before, { timeout: 0, ...options })).flatMap((leak) => (leak.kind === 'device' ? [leak.name] : []))
    async function main() {
      const before = holdings()
      execFileSync('ip', ['link', 'add', 'br0', 'type', 'bridge'])
      const told = [await names(before), await names(before, { foreign: true })]
      const host = await NetNs.current()
      await host.links.add({ kind: 'bridge', name: 'br1' })
      host.close()
      console.log(JSON.stringify([...told, await names(before)]))
    }
    void main()`

  test('devices are found once it was opened, or if those of others are wanted', () => {
    const args = ['--net', process.execPath, '-e', program, join(__dirname, '../..')]
    const output = execFileSync('unshare', args, { encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual([[], ['br0'], ['br0', 'br1']])
  })
})

test('threads of the library are found, and waited for: they end by themselves', async () => {
  await findLeaks(holdings(), { foreign: false }) // those of the tests before
  const idle = (): boolean => !holdings().some(({ kind }) => kind === 'thread')
  for (let tries = 0; tries < 100 && !idle(); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  const before = holdings()
  await NetNs.list()
  expect(await found(before)).toEqual(expect.arrayContaining([expect.stringMatching(/^thread netloom-/)]))
  await checkLeaks(before)
})

describe('what goes a little later', () => {
  const net = useNetNs()

  test('is no leak', async () => {
    const before = holdings()
    const server = await net.ns.listen()
    setTimeout(() => server.close(), 100)
    await checkLeaks(before, noThreads)
  })

  test('is one if it takes longer than is wanted', async () => {
    const before = holdings()
    const server = await net.ns.listen()
    const closing = setTimeout(() => void server.close(), 1000)
    await expect(checkLeaks(before, { ...noThreads, timeout: 50 })).rejects.toThrow(/a server in the namespace/)
    clearTimeout(closing)
    server.close()
  })

  test('is waited for also where a test has put other timers in the place of the real ones', async () => {
    const before = holdings()
    const server = await net.ns.listen()
    setTimeout(() => server.close(), 50)
    jest.useFakeTimers()
    try {
      await checkLeaks(before, noThreads)
    } finally {
      jest.useRealTimers()
    }
  })
})
