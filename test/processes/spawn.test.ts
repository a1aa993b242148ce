// Processes born inside a namespace, by Node's own functions: what Node promises of them is so there too.
import { ChildProcess, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

/** How a call fails. */
function failing(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

let red: NetNs
let directory: string
beforeEach(async () => {
  red = await fresh()
  directory = mkdtempSync(join(tmpdir(), 'processes-'))
})
afterEach(async () => {
  await red.delete()
  rmSync(directory, { recursive: true })
})

async function said(child: ChildProcess): Promise<string> {
  const [printed] = await Promise.all([text(child.stdout!), once(child, 'close')])
  return printed
}

const here = (): string => readlinkSync('/proc/thread-self/ns/net')
const there = (): string => `net:[${red.identity.inode}]`

function program(name: string, source: string): string {
  const file = join(directory, name)
  writeFileSync(file, source)
  return file
}

/** The children that this process has, zombies too. */
const children = (): string => readFileSync('/proc/thread-self/children', 'utf8')
const atFirst = children()

test('a process is born in the namespace, and this thread stays where it is', async () => {
  const before = here()
  const child = red.spawn('readlink', ['/proc/self/ns/net'])
  expect(here()).toBe(before)
  expect(child.pid).toBeGreaterThan(0)
  expect((await said(child)).trim()).toBe(there())
  expect(child).toBeInstanceOf(ChildProcess)
})

test('exit codes and signals come through, and events in Node’s order', async () => {
  const child = red.spawn('sh', ['-c', 'exit 7'])
  const events: string[] = []
  for (const event of ['spawn', 'exit', 'close']) child.on(event, () => events.push(event))
  const closed = once(child, 'close')
  expect(await once(child, 'exit')).toEqual([7, null])
  expect(await closed).toEqual([7, null])
  expect(events).toEqual(['spawn', 'exit', 'close'])
  const sleeping = red.spawn('sleep', ['100'])
  expect(sleeping.kill('SIGINT')).toBe(true)
  expect(await once(sleeping, 'exit')).toEqual([null, 'SIGINT'])
  expect(sleeping.killed).toBe(true)
  expect(sleeping.kill()).toBe(false)
})

test('what cannot be started is told of as Node does it, with the namespace', async () => {
  const child = red.spawn('no-such-program', ['a'])
  expect(child.pid).toBeUndefined()
  let spawned = false
  child.on('spawn', () => (spawned = true))
  const [error] = (await once(child, 'error').catch((error: unknown) => [error])) as [unknown]
  expect(error).toMatchObject({
    code: 'ENOENT',
    errno: -2,
    syscall: 'spawn no-such-program',
    path: 'no-such-program',
    spawnargs: ['a'],
    netns: red.name,
    message: 'spawn no-such-program ENOENT',
  })
  expect(spawned).toBe(false)
  const denied = red.spawn(program('file', ''), [])
  const [why] = (await once(denied, 'error').catch((error: unknown) => [error])) as [unknown]
  expect(why).toMatchObject({ code: 'EACCES', netns: red.name })
  const nowhere = red.spawn('true', [], { cwd: '/no/such/directory' })
  await expect(once(nowhere, 'exit')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'spawn true' })
  // The launchers that have failed are reaped as Node reaps any process.
  while (children() !== atFirst) await sleep(5)
})

test('cwd, env, argv0, uid and gid are the process’s', async () => {
  const print = 'pwd; echo $WORD; id -u; id -g; id -G'
  const options = { cwd: '/usr', env: { ...process.env, WORD: 'some words' }, uid: 65_534, gid: 12 }
  expect(await said(red.spawn('sh', ['-c', print], options))).toBe('/usr\nsome words\n65534\n12\n12\n')
  const named = red.spawn('sh', ['-c', 'tr "\\0" " " < /proc/$$/cmdline'], { argv0: 'other' })
  expect(await said(named)).toMatch(/^other -c/)
  // the program is looked for in its own PATH
  program('tool', '#!/bin/sh\necho found')
  execFileSync('chmod', ['755', join(directory, 'tool')])
  expect(await said(red.spawn('tool', [], { env: { PATH: `/nowhere:${directory}` } }))).toBe('found\n')
  // and one without an interpreter's name is a shell's
  program('bare', 'echo bare $1')
  execFileSync('chmod', ['755', join(directory, 'bare')])
  expect(await said(red.spawn(join(directory, 'bare'), ['x']))).toBe('bare x\n')
})

test('it has no descriptors but those that it was given', async () => {
  const own = openSync('/etc/passwd', 'r')
  const child = red.spawn('sh', ['-c', 'ls /proc/$$/fd; cat <&4'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ignore', own],
  })
  expect(await said(child)).toBe(`0\n1\n2\n4\n${readFileSync('/etc/passwd', 'utf8')}`)
  closeSync(own)
})

test('streams, descriptors and pipes of any number are its stdio', async () => {
  const out = openSync(join(directory, 'out'), 'w')
  const child = red.spawn('sh', ['-c', 'cat; echo err >&2; echo five >&5; read line <&6; echo $line'], {
    stdio: ['pipe', out, out, 'ignore', 'ignore', 'pipe', 'overlapped'],
  })
  closeSync(out)
  child.stdin!.end('in\n')
  const streams = child.stdio as readonly unknown[]
  const five = text(streams[5] as Socket)
  ;(streams[6] as Socket).end('six\n')
  await once(child, 'close')
  expect(await five).toBe('five\n')
  expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('in\nerr\nsix\n')
  // the stream of another process
  const first = red.spawn('echo', ['from the first'])
  const second = red.spawn('cat', [], { stdio: [first.stdout, 'pipe', 'inherit'] })
  expect(await said(second)).toBe('from the first\n')
  first.stdout.destroy()
})

test('megabytes go in and come out', async () => {
  const child = red.spawn('cat')
  child.stdin.end(Buffer.alloc(8_000_000, 'x'))
  expect((await said(child)).length).toBe(8_000_000)
})

test('exec, execFile and their promises have Node’s options and errors', async () => {
  const { stdout, stderr } = await promisify(red.exec)('readlink /proc/self/ns/net; echo $0 >&2')
  expect([stdout.trim(), stderr]).toEqual([there(), '/bin/sh\n'])
  await expect(promisify(red.exec)('echo out; exit 3')).rejects.toMatchObject({
    code: 3,
    stdout: 'out\n',
    netns: red.name,
  })
  await expect(promisify(red.execFile)('no-such', [])).rejects.toMatchObject({ code: 'ENOENT', netns: red.name })
  await expect(promisify(red.execFile)('yes', [], { maxBuffer: 1000 })).rejects.toMatchObject({
    code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
  })
  await expect(promisify(red.execFile)('sleep', ['100'], { timeout: 50, killSignal: 'SIGKILL' })).rejects.toMatchObject(
    {
      killed: true,
      signal: 'SIGKILL',
    },
  )
  // no shell unless asked
  expect((await promisify(red.execFile)('echo', ['$HOME; ls'])).stdout).toBe('$HOME; ls\n')
  const bytes = await promisify(red.execFile)('printf', ['\\377'], { encoding: 'buffer' })
  expect([...bytes.stdout]).toEqual([0xff])
  const error = await new Promise((resolve) => red.exec('exit 2', resolve))
  expect(error).toMatchObject({ code: 2, netns: red.name })
})

test('an AbortSignal ends it', async () => {
  const abort = new AbortController()
  const child = red.spawn('sleep', ['100'], { signal: abort.signal })
  const ended = once(child, 'exit').catch((error: unknown) => error)
  const closed = new Promise((resolve) =>
    child.on('close', (...args) => {
      resolve(args)
    }),
  )
  abort.abort()
  expect(await ended).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
  expect(await closed).toEqual([null, 'SIGTERM'])
})

test.each(['json', 'advanced'] as const)('fork has a channel for messages (%s) and sockets', async (serialization) => {
  const file = program(
    'child.cjs',
    `process.on('message', (message, socket) => {
       if (socket) return socket.end('from the child')
       process.send([message, require('fs').readlinkSync('/proc/self/ns/net'), process.argv[2]])
     })`,
  )
  const child = red.fork(file, ['word'], { serialization, execArgv: [] })
  child.send({ n: 1 })
  expect(await once(child, 'message')).toEqual([[{ n: 1 }, there(), 'word'], undefined])
  const server = createServer((socket) => child.send('socket', socket)).listen(join(directory, 'socket'))
  await once(server, 'listening')
  const connection = (await import('node:net')).connect(join(directory, 'socket'))
  expect(await text(connection)).toBe('from the child')
  server.close()
  child.disconnect()
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('detached makes a session, and unref lets this process end', async () => {
  const child = red.spawn('sh', ['-c', 'ps -o sid= -p $$; echo $$'], { detached: true })
  const [session, pid] = (await said(child)).trim().split(/\s+/)
  expect(session).toBe(pid)
  const source = `const { NetNs } = require(${JSON.stringify(join(__dirname, '../..'))})
    NetNs.open(${JSON.stringify(red.name)}).then((ns) => {
      const child = ns.spawn('sleep', ['100'], { stdio: 'ignore', detached: true })
      child.unref(); console.log(child.pid)
    })`
  const left = execFileSync(process.execPath, ['-e', source], { encoding: 'utf8' })
  process.kill(Number(left), 'SIGKILL')
})

test('signals are as a program expects them', async () => {
  const status = await said(red.spawn('cat', ['/proc/self/status']))
  expect(status).toMatch(/SigBlk:\s0+\n/)
  expect(status).toMatch(/SigIgn:\s0+\n/)
  expect(status).toMatch(/SigCgt:\s0+\n/)
})

test('what listens to its end is in the context in which it was started', async () => {
  const context = new AsyncLocalStorage<string>()
  const seen = await new Promise((resolve) => {
    context.run('started', () =>
      red.spawn('true').on('exit', () => {
        resolve(context.getStore())
      }),
    )
  })
  expect(seen).toBe('started')
})

test('the Sync forms wait for it', () => {
  expect(red.execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim()).toBe(there())
  expect(red.execSync('cat; exit 0', { input: 'in', encoding: 'utf8' })).toBe('in')
  expect(red.spawnSync('sh', ['-c', 'exit 4'])).toMatchObject({ status: 4, signal: null })
  expect(red.spawnSync('no-such').error).toMatchObject({ code: 'ENOENT', netns: red.name })
  expect(failing(() => red.execFileSync('false'))).toMatchObject({ status: 1, netns: red.name })
})

test.each<[string, () => Promise<void>]>([
  [
    'a hundred at once',
    async () => {
      const many = Array.from({ length: 100 }, () => red.spawn('true'))
      const ends = await Promise.all(many.map((child) => once(child, 'close')))
      expect(ends).toEqual(ends.map(() => [0, null]))
    },
  ],
  ...[false, true].map((pid): [string, () => Promise<void>] => [
    `a hundred and fifty one after another, ${pid ? 'each with a pid namespace' : 'in this one'}`,
    async () => {
      for (let i = 0; i < 150; i++) await once(red.spawn('true', [], { stdio: 'ignore', pid }), 'close')
    },
  ]),
])('%s leave nothing', async (_what, start) => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length
  await once(red.spawn('true'), 'close')
  const before = descriptors()
  await start()
  // A namespace that was made ahead, for the next test, waits for a moment.
  for (let i = 0; i < 100 && descriptors() > before; i++) await sleep(20)
  expect(descriptors()).toBeLessThanOrEqual(before)
  while (children() !== atFirst) await sleep(5)
})

test('without descriptors it fails as in Node, and leaves nothing', () => {
  const source = `
    const { NetNs } = require(${JSON.stringify(join(__dirname, '../..'))})
    const { openSync, closeSync, readdirSync, readFileSync } = require('node:fs')
    const { once } = require('node:events')
    NetNs.create().then(async (ns) => {
      await once(ns.spawn('true'), 'close')
      const taken = []
      try { for (;;) taken.push(openSync('/')) } catch {}
      const codes = []
      for (let free = 0; free < 18; free++) {
        for (const options of [{}, { pid: true }, { dieWithParent: true }, { etc: 'none' }]) {
          try {
            const child = ns.spawn('true', [], options)
            codes.push(await once(child, 'exit').then(([code]) => code, (error) => error.code))
          } catch (error) { codes.push(error.code) }
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        closeSync(taken.pop())
      }
      const there = []
      try { for (;;) there.push(openSync('/')) } catch {}
      taken.push(...there)
      for (const fd of taken) closeSync(fd)
      // Node reaps when its event loop has its turn.
      while (readFileSync('/proc/thread-self/children', 'utf8') !== '') await new Promise(setImmediate)
      console.log(JSON.stringify({ codes: [...new Set(codes)], free: there.length,
        children: readFileSync('/proc/thread-self/children', 'utf8') }))
    })`
  const printed = execFileSync('sh', ['-c', 'ulimit -n 100; exec "$0" -e "$1"', process.execPath, source])
  const { codes, free, children } = JSON.parse(printed.toString()) as {
    codes: unknown[]
    free: number
    children: string
  }
  expect(codes.sort()).toEqual([0, 'EMFILE'])
  // the library may have closed what was idle
  expect(free).toBeGreaterThanOrEqual(12)
  expect(children).toBe('')
})

test('a closed handle starts nothing', async () => {
  const other = await fresh()
  const { spawn } = other
  await other.delete()
  expect(failing(() => spawn('true'))).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})
