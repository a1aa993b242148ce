// Whether the functions do what Node's own do: each scene is played by both, and what is seen is compared.
import childProcess, { type ChildProcess, type ForkOptions, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { inspect, promisify, types } from 'node:util'
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

type Node = typeof childProcess
type Loose = (...args: unknown[]) => ChildProcess

let red: NetNs
let directory: string
const file = (name: string, source: string): string => {
  const path = join(directory, name)
  writeFileSync(path, source)
  return path
}

const shown = ['name', 'code', 'errno', 'syscall', 'path', 'spawnargs', 'killed', 'signal', 'cmd', 'status'] as const

/** An error in what does not depend on who made it. */
function plain(error: unknown): unknown {
  const of = error as Record<string, unknown>
  const message = String(of.code).startsWith('ERR_') ? of.message : undefined
  return { ...Object.fromEntries(shown.map((key) => [key, of[key]])), message }
}

/** All that is seen of a process, until its streams are closed or it has failed. */
async function life(child: ChildProcess): Promise<object> {
  const events: unknown[] = []
  let [out, err] = ['', '']
  child.stdout?.on('data', (data) => (out += String(data)))
  child.stderr?.on('data', (data) => (err += String(data)))
  const over = new Promise<void>((resolve) => {
    for (const name of ['spawn', 'exit', 'disconnect', 'error', 'close']) {
      child.on(name, (...args: unknown[]) => {
        events.push([name, ...args.map((arg) => (types.isNativeError(arg) ? plain(arg) : arg))])
        if (name === 'close') resolve()
        if (name === 'error') setTimeout(resolve, 100)
      })
    }
  })
  await over
  const { exitCode, signalCode, killed, spawnfile, spawnargs, stdio, pid } = child
  return {
    events,
    out,
    err,
    exitCode,
    signalCode,
    killed,
    spawnfile,
    spawnargs,
    streams: stdio.length,
    pid: typeof pid,
  }
}

const settled = (call: () => unknown): unknown => {
  try {
    return call()
  } catch (error) {
    return plain(error)
  }
}

/** Refused or not: a call with these arguments. */
async function tried(start: unknown, calls: readonly (readonly unknown[])[]): Promise<unknown> {
  const results: unknown[] = []
  for (const args of calls) {
    try {
      results.push(await life((start as Loose)(...args)))
    } catch (error) {
      results.push(plain(error))
    }
  }
  return results
}

const asynchronous: Record<string, (of: Node) => unknown> = {
  arguments: (of) => life(of.spawn('echo', ['a b', '$c', ''])),
  'no such program': (of) => life(of.spawn('no-such-program', ['a'])),
  'a program that is none': (of) => life(of.spawn('/etc/passwd')),
  'a directory': (of) => life(of.spawn('/etc')),
  'a directory that is not there': (of) => life(of.spawn('echo', { cwd: '/no/such' })),
  'a directory as a URL': (of) => life(of.spawn('pwd', { cwd: pathToFileURL('/usr') })),
  'an environment': (of) => life(of.spawn('/usr/bin/env', { env: { A: '1', B: undefined, C: '' } })),
  'a shell': (of) => life(of.spawn('echo $0 | cat; exit 3', { shell: true })),
  'another shell': (of) => life(of.spawn('echo $0 $BASH', { shell: '/bin/bash' })),
  'another name': (of) => life(of.spawn('sh', ['-c', 'tr "\\0" " " < /proc/$$/cmdline'], { argv0: 'zero' })),
  'a signal to itself': (of) => life(of.spawn('sh', ['-c', 'kill -USR1 $$'])),
  'kill when it is there': (of) => {
    const child = of.spawn('sleep', ['5'])
    child.on('spawn', () => child.kill())
    return life(child)
  },
  'kill by a name': async (of) => {
    const child = of.spawn('sleep', ['5'])
    return [child.kill('SIGINT'), await life(child), child.kill('SIGINT')]
  },
  'kill by 0, and by nonsense': async (of) => {
    const child = of.spawn('sleep', ['0.1'])
    const killed = [child.kill(0), child.killed, settled(() => child.kill('SIGNO' as never))]
    return [killed, await life(child), child.kill(0)]
  },
  'a limit of time': (of) => life(of.spawn('sleep', ['5'], { timeout: 50, killSignal: 'SIGKILL' })),
  'a signal that is aborted': (of) => life(of.spawn('sleep', ['5'], { signal: AbortSignal.abort() })),
  'a signal that aborts': (of) =>
    life(of.spawn('sleep', ['5'], { signal: AbortSignal.timeout(50), killSignal: 'SIGKILL' })),
  'standard input': (of) => {
    const child = of.spawn('cat')
    child.stdin.write('one')
    child.stdin.end('two')
    return life(child)
  },
  'input after its end': async (of) => {
    const child = of.spawn('true')
    const failures: unknown[] = []
    child.stdin.on('error', (error) => failures.push(plain(error)))
    const seen = await life(child)
    child.stdin.write('x')
    await sleep(20)
    return [failures, seen]
  },
  'no streams': async (of) => {
    const child = of.spawn('true', { stdio: 'ignore' })
    return [child.stdin, child.stdout, child.stdio, await life(child)]
  },
  'streams that are inherited': async (of) => {
    const child = of.spawn('true', { stdio: ['inherit', 'overlapped', 2] })
    return [child.stdin, child.stdout === null, child.stderr, await life(child)]
  },
  'a descriptor': async (of) => {
    const path = file('out', '')
    const fd = openSync(path, 'w')
    const seen = await life(of.spawn('echo', ['there'], { stdio: ['ignore', fd, 'pipe'] }))
    closeSync(fd)
    return [readFileSync(path, 'utf8'), seen]
  },
  'more pipes': async (of) => {
    const child = of.spawn('sh', ['-c', 'echo three >&3; cat <&4'], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    let three = ''
    ;(child.stdio[3] as Socket).on('data', (data) => (three += String(data)))
    ;(child.stdio[4] as Socket).end('four')
    return [await life(child), three]
  },
  'a session of its own': (of) => life(of.spawn('sh', ['-c', 'test $(ps -o sid= -p $$) -eq $$'], { detached: true })),
  'another user': (of) => life(of.spawn('sh', ['-c', 'id -u; id -g; id -G'], { uid: 65_534, gid: 65_534 })),
  'a lot of output': async (of) =>
    (await promisify(of.execFile)('head', ['-c', '3000000', '/dev/zero'], { maxBuffer: 4e6 })).stdout.length,
  'its end without a reference': async (of) => {
    const child = of.spawn('sleep', ['0.05'])
    child.unref()
    child.ref()
    return life(child)
  },
  'what spawn refuses': (of) =>
    tried(of.spawn, [
      [''],
      [5],
      ['echo', 5],
      ['echo', ['a'], 5],
      ['echo', ['\0']],
      ['ec\0ho'],
      ...[
        { cwd: 5 },
        { detached: 5 },
        { uid: 'x' },
        { gid: 1.5 },
        { shell: 5 },
        { argv0: 5 },
        { timeout: -1 },
        { killSignal: 'SIGNO' },
        { windowsHide: 5 },
        { serialization: 'none' },
        { signal: 5 },
        { stdio: 'none' },
        { stdio: ['pipe', 'none'] },
        { stdio: ['ipc', 'ipc'] },
        { stdio: [{}] },
        { stdio: [-2] },
        { env: { A: 'b\0c' } },
      ].map((options) => ['echo', options]),
    ]),
  'exec that fails': (of) =>
    new Promise((resolve) => {
      of.exec('echo out; echo err >&2; exit 4', (error, ...printed) => {
        resolve([plain(error), error?.message, printed])
      })
    }),
  'exec with bytes': (of) =>
    new Promise((resolve) => {
      of.exec('printf hi', { encoding: 'buffer' }, (...all) => {
        resolve(all)
      })
    }),
  'exec over its limits': (of) =>
    Promise.all(
      [{ maxBuffer: 1000 }, { timeout: 50 }, { signal: AbortSignal.timeout(50) }].map(
        (options) =>
          new Promise((resolve) => {
            of.exec('yes | head -c 100000; sleep 5', options, (error, stdout) => {
              resolve([plain(error), error?.message, options.maxBuffer === undefined ? 0 : stdout.length])
            })
          }),
      ),
    ),
  'exec as a promise': async (of) => {
    const call = promisify(of.exec)('echo x')
    const { child } = call
    const failure: unknown = await promisify(of.exec)('echo y; exit 2').catch((error: unknown) => error)
    return [typeof child.pid, await call, plain(failure), (failure as { stdout: string }).stdout]
  },
  'execFile of a program': (of) =>
    new Promise((resolve) => {
      const source = 'console.log(process.argv.slice(1).join()); process.exit(1)'
      of.execFile(process.execPath, ['-e', source, 'a', 'b'], (error, ...printed) => {
        resolve([plain(error), printed])
      })
    }),
  'execFile of none': (of) =>
    new Promise((resolve) => {
      of.execFile('no-such-program', (error, ...printed) => {
        resolve([plain(error), error?.message, printed])
      })
    }),
  'execFile by a shell': async (of) => promisify(of.execFile)('echo $X', { shell: true, env: { X: 'x' } }),
  'fork and messages': async (of) => {
    const source = `process.on('message', (message) => {
      process.send({ message, argv: process.argv.slice(2), execArgv: process.execArgv })
      process.disconnect()
    })`
    const all: unknown[] = []
    const both: ForkOptions[] = [{ execArgv: ['--no-warnings'] }, { serialization: 'advanced' }]
    for (const options of both) {
      const child = of.fork(file('echo.js', source), ['x'], options)
      const messages: string[] = []
      child.on('message', (message) => messages.push(inspect(message)))
      child.send({ date: new Date(0), map: new Map([[1, 2]]), none: undefined })
      all.push(await life(child), messages, child.connected)
    }
    return all
  },
  'fork in silence, and a message too late': async (of) => {
    const child = of.fork(file('say.js', "console.log('out'); console.error('err')"), { silent: true })
    const seen = await life(child)
    const late = await new Promise((resolve) =>
      child.send('x', (error) => {
        resolve(plain(error))
      }),
    )
    return [seen, late]
  },
  'fork with a socket': async (of) => {
    const source = `process.on('message', (_, socket) => { socket.end('from the child'); process.disconnect() })`
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect((server.address() as { port: number }).port, '127.0.0.1')
    const [socket] = (await once(server, 'connection')) as [Socket]
    const child = of.fork(file('socket.js', source))
    const seen = life(child)
    child.send('here', socket)
    let heard = ''
    client.on('data', (data) => (heard += String(data)))
    await once(client, 'end')
    server.close()
    return [heard, await seen]
  },
  'its disposal': (of) => {
    const child = of.spawn('sleep', ['5'])
    const dispose = (child as Partial<Disposable>)[Symbol.dispose]
    if (dispose === undefined) child.kill()
    else dispose.call(child as never)
    return life(child)
  },
  'what is left of one that did not start': async (of) => {
    const child = of.spawn('no-such-program')
    const [error] = (await once(child, 'error')) as [unknown]
    await sleep(20)
    return [plain(error), child.pid, child.exitCode, typeof child.stdin, child.kill()]
  },
}

const synchronous: Record<string, (of: Node) => unknown> = {
  output: (of) => ({ ...of.spawnSync('sh', ['-c', 'echo o; echo e >&2; exit 3']), pid: 0 }),
  'no such program': (of) => ({ ...of.spawnSync('no-such-program', ['a']), error: 0 }),
  'why not': (of) => plain(of.spawnSync('no-such-program', ['a']).error),
  'input as text': (of) => of.spawnSync('cat', { input: 'abc', encoding: 'utf8' }).stdout,
  'input as numbers': (of) => of.spawnSync('cat', { input: new Uint16Array([0x4142, 0x4344]) }).stdout,
  'input as a view': (of) => of.spawnSync('cat', { input: new DataView(new ArrayBuffer(3)) }).stdout,
  'input that nobody reads': (of) => plain(of.spawnSync('true', { input: Buffer.alloc(3e6) }).error),
  'a limit of time': (of) => {
    const result = of.spawnSync('sleep', ['5'], { timeout: 50, killSignal: 'SIGKILL' })
    return { ...result, pid: 0, error: plain(result.error) }
  },
  'a limit of output': (of) => {
    const { error, signal, status } = of.spawnSync('yes', { maxBuffer: 1000 })
    return [plain(error), signal, status]
  },
  'more pipes': (of) => of.spawnSync('sh', ['-c', 'echo x >&3'], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] }).output,
  'no streams': (of) => ({ ...of.spawnSync('echo', { stdio: 'ignore' }), pid: 0 }),
  'execSync, and its failure': (of) => [
    of.execSync('echo hi; echo $0').toString(),
    settled(() => of.execSync('echo o; exit 5', { stdio: 'pipe' })),
  ],
  'execFileSync, and its failures': (of) => [
    of.execFileSync('printf', ['%s', 'a'], { encoding: 'utf8' }),
    settled(() => of.execFileSync('false')),
    settled(() => of.execFileSync('no-such-program', ['x'])),
  ],
  'a shell, a directory, an environment, a user': (of) => [
    of.spawnSync('echo $0', { shell: true, encoding: 'utf8' }).stdout,
    of.execFileSync('pwd', { cwd: '/usr', encoding: 'utf8' }),
    of.execFileSync('/usr/bin/env', { env: { A: '1' }, encoding: 'utf8' }),
    of.execFileSync('id', ['-u'], { uid: 65_534, encoding: 'utf8' }),
  ],
  'what spawnSync refuses': (of) =>
    [
      { timeout: -1 },
      { maxBuffer: 'x' },
      { killSignal: 5.5 },
      { input: 5 },
      { stdio: ['ipc'] },
      { stdio: 'none' },
      { encoding: 'none' },
      { cwd: '/no/such' },
    ].map((options) =>
      settled(() => {
        const { error, status } = of.spawnSync('echo', options as SpawnOptions as never)
        return [error && plain(error), status]
      }),
    ),
}

function playedAs(of: NetNs): Node {
  const { spawn, exec, execFile, fork, spawnSync, execSync, execFileSync } = of
  return { spawn, exec, execFile, fork, spawnSync, execSync, execFileSync } as unknown as Node
}

describe('as Node does it', () => {
  beforeAll(async () => {
    red = await fresh()
    directory = mkdtempSync(join(tmpdir(), 'like-node-'))
  })
  afterAll(async () => {
    await red.delete()
    rmSync(directory, { recursive: true })
  })

  test.each(Object.entries(asynchronous))('%s', async (_, scene) => {
    expect(await scene(playedAs(red))).toEqual(await scene(childProcess))
  })

  test.each(Object.entries(synchronous))('while one waits: %s', (_, scene) => {
    expect(scene(playedAs(red))).toEqual(scene(childProcess))
  })
})
