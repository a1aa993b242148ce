// Faults of the machine while a program is started: what is said to have failed has not run, what runs has run once, and nothing of what
// the library needs for itself changes the process.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const netloom = JSON.stringify(join(__dirname, '../..'))

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-faults-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Runs JavaScript in a process of its own, in which calls of the kernel fail as strace makes them; gives what it prints as JSON. */
async function withFault(source: string, ...options: string[]): Promise<unknown> {
  const expressions = options.flatMap((one) => ['-e', one])
  const args = ['-f', '-qq', '-o', join(directory, 'trace'), ...expressions, process.execPath, '-e', source]
  const { stdout } = await run('strace', args)
  return JSON.parse(stdout)
}

// Each program leaves a line; so it is seen how often it has run.
const marks = (): string[] => {
  try {
    return readFileSync(join(directory, 'ran'), 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

const startEach = `
  const leave = (id) => ['-c', 'echo ' + id + ' >> ' + JSON.stringify(file)]
  const ways = {
    spawn: (ns, id) => once(ns.spawn('sh', leave(id)), 'close'),
    ignore: (ns, id) => once(ns.spawn('sh', leave(id), { stdio: 'ignore' }), 'close'),
    monitored: (ns, id) => once(ns.spawn('sh', leave(id), { pid: true }), 'close'),
    execFile: (ns, id) => promisify(ns.execFile)('sh', leave(id)),
    exec: (ns, id) => promisify(ns.exec)(leave(id)[1]),
    spawnSync: (ns, id) => { const { error } = ns.spawnSync('sh', leave(id)); if (error) throw error },
    execSync: (ns, id) => { ns.execSync(leave(id)[1]) },
  }
  async function startEach(ns, name, told) {
    for (const [way, start] of Object.entries(ways)) {
      const id = name + way
      // Whatever it says: in the same turn, or later.
      told[id] = await (async () => start(ns, id))().then(() => 'ran', (error) => error.code ?? String(error))
    }
  }`

test('however few descriptors there are, a program runs once, or the call fails and it has not run', async () => {
  const source = `
    const { NetNs } = require(${netloom})
    const { openSync, closeSync } = require('node:fs')
    const { once } = require('node:events')
    const { promisify } = require('node:util')
    const file = ${JSON.stringify(join(directory, 'ran'))}
    ${startEach}
    NetNs.create().then(async (ns) => {
      const told = {}
      const taken = []
      try { for (;;) taken.push(openSync('/')) } catch {}
      for (let free = 0; free < 16; free++) {
        await startEach(ns, free, told)
        closeSync(taken.pop())
      }
      for (const fd of taken) closeSync(fd)
      console.log(JSON.stringify(told))
    })`
  const { stdout } = await run('sh', ['-c', 'ulimit -n 100; exec "$0" -e "$1"', process.execPath, source])
  const told = JSON.parse(stdout) as Record<string, string>
  const ran = Object.keys(told).filter((id) => told[id] === 'ran')
  expect(marks().sort()).toEqual(ran.sort())
  expect(new Set(Object.values(told))).toEqual(new Set(['ran', 'EMFILE']))
})

test('a program whose start cannot be waited for is ended before it runs, and told as not started', async () => {
  const source = `
    const { NetNs } = require(${netloom})
    const { once } = require('node:events')
    const { promisify } = require('node:util')
    const file = ${JSON.stringify(join(directory, 'ran'))}
    ${startEach}
    NetNs.create().then(async (ns) => {
      const told = {}
      await startEach(ns, '', told)
      console.log(JSON.stringify(told))
    })`
  // The launcher is held up, so that it has not gone on by the time that the fault is seen.
  const told = await withFault(
    source,
    'trace=poll,setns',
    'inject=poll:error=ENOMEM',
    'inject=setns:delay_enter=300000',
  )
  // What was run to its end needs not be waited for.
  const ran = ['execSync', 'spawnSync']
  const failed = { spawn: 'ENOMEM', ignore: 'ENOMEM', monitored: 'ENOMEM', execFile: 'ENOMEM', exec: 'ENOMEM' }
  expect(told).toEqual({ ...failed, spawnSync: 'ran', execSync: 'ran' })
  // Longer than it is held up.
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(marks().sort()).toEqual(ran)
})

test.each([
  ['a thread has a mask of its own', [], true],
  ['where a thread can get none, the mask of the process is not touched', ['inject=unshare:error=EPERM'], false],
] as const)(
  '%s',
  async (_, faults, isSet) => {
    const path = join(directory, 'socket')
    const source = `
    const { NetNs } = require(${netloom})
    const { statSync } = require('node:fs')
    process.umask(0o027)
    NetNs.current().then(async (ns) => {
      const server = await ns.listen({ path: ${JSON.stringify(path)} })
      const { mode } = statSync(${JSON.stringify(path)})
      server.close()
      console.log(JSON.stringify({ pid: process.pid, mode: mode & 0o777, mask: process.umask() }))
    })`
    const { pid, mode, mask } = (await withFault(source, 'trace=umask,unshare', ...faults)) as Record<string, number>
    expect({ mode, mask }).toEqual({ mode: 0o750, mask: 0o027 })
    const calls = readFileSync(join(directory, 'trace'), 'utf8').split('\n')
    const byOthers = calls.filter((line) => line.includes('umask(') && !line.startsWith(`${pid} `))
    expect(byOthers.length > 0).toBe(isSet)
  },
  60_000,
)
