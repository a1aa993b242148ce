// Workers whose thread is in a namespace.
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

let red: NetNs
let directory: string
beforeEach(async () => {
  red = await fresh()
  directory = mkdtempSync(join(tmpdir(), 'worker-'))
})
afterEach(() => {
  red.close()
  rmSync(directory, { recursive: true })
})

const there = (): string => `net:[${red.identity.inode}]`
const here = (): string => readlinkSync('/proc/thread-self/ns/net')
const look = `require('fs').readlinkSync('/proc/thread-self/ns/net')`

function program(name: string, source: string): string {
  const file = join(directory, name)
  writeFileSync(file, source)
  return file
}

async function message(worker: Worker): Promise<unknown> {
  const [said] = (await once(worker, 'message')) as [unknown]
  await worker.terminate()
  return said
}

/** In which namespaces the threads of this process are. */
function homes(): Set<string> {
  return new Set(
    readdirSync('/proc/self/task').flatMap((tid) => {
      try {
        return [readlinkSync(`/proc/self/task/${tid}/ns/net`)]
      } catch {
        return [] // It has just ended.
      }
    }),
  )
}

test('its thread is inside before anything of it runs; all others stay where they are', async () => {
  const preload = program('preload.cjs', `globalThis.first = ${look}`)
  const file = program(
    'worker.cjs',
    `require('worker_threads').parentPort.postMessage([first, ${look}, require('worker_threads').workerData, process.argv[2], process.env.WORD, require.main === module])`,
  )
  const before = here()
  const worker = red.worker(file, {
    workerData: { n: 1 },
    argv: ['word'],
    env: { WORD: 'w' },
    execArgv: ['--require', preload],
    name: 'inside',
    resourceLimits: { maxOldGenerationSizeMb: 64 },
  })
  expect(here()).toBe(before)
  expect(await message(worker)).toEqual([there(), there(), { n: 1 }, 'word', 'w', true])
  expect(homes()).toEqual(new Set([before]))
})

test('modules, data URLs, evaluated code and stdio are Node’s', async () => {
  const source = `import { parentPort } from 'node:worker_threads'; import { readlinkSync } from 'node:fs'
    parentPort.postMessage(readlinkSync('/proc/thread-self/ns/net'))`
  const file = program('worker.mjs', source)
  expect(await message(red.worker(pathToFileURL(file)))).toBe(there())
  expect(await message(red.worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`)))).toBe(there())
  const piped = red.worker(`process.stdin.pipe(process.stdout)`, { eval: true, stdin: true, stdout: true })
  piped.stdin!.end('through')
  expect(String((await once(piped.stdout, 'data'))[0])).toBe('through')
  await piped.terminate()
})

test('any library works there: servers, clients, child processes, and ours', async () => {
  await red.links.set('lo', { up: true })
  const source = `
    const { parentPort } = require('worker_threads'); const http = require('http'); const { execFile } = require('child_process')
    const { NetNs } = require(${JSON.stringify(join(__dirname, '../..'))})
    const server = http.createServer((_, answer) => answer.end('inside')).listen(8080, '127.0.0.1', async () => {
      const body = await (await fetch('http://127.0.0.1:8080')).text()
      const own = await NetNs.current(); const links = (await own.links.list()).map(({ name }) => name); const { inode } = own.identity
      own.close()
      execFile('readlink', ['/proc/self/ns/net'], (_, out) => { server.close(); server.closeAllConnections(); parentPort.postMessage([body, links, inode, out.trim()]) })
    })`
  const worker = red.worker(source, { eval: true })
  await red.links.add({ kind: 'bridge', name: 'only-here' })
  expect(await message(worker)).toEqual(['inside', ['lo', 'only-here'], red.identity.inode, there()])
  await expect(red.connect({ host: '127.0.0.1', port: 8080 })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('the namespace lives as long as the Worker', async () => {
  const anonymous = await NetNs.create()
  const { inode } = anonymous.identity
  const worker = anonymous.worker(
    `require('worker_threads').parentPort.on('message', () => require('worker_threads').parentPort.postMessage(${look}))`,
    { eval: true },
  )
  await once(worker, 'online')
  anonymous.close()
  worker.postMessage('look')
  expect(await message(worker)).toBe(`net:[${inode}]`)
})

test('terminated in the middle of starting processes, nothing is left', async () => {
  const source = `
    const { NetNs } = require(${JSON.stringify(join(__dirname, '../..'))})
    NetNs.open(${JSON.stringify(red.name)}).then((ns) => {
      require('worker_threads').parentPort.postMessage('up')
      const go = () => { ns.spawn('true').on('close', go); if (Math.random() < 0.2) ns.spawn('cat').stdin.end() }
      for (let i = 0; i < 8; i++) go()
    })`
  const before = readdirSync('/proc/self/fd').length
  for (let i = 0; i < 8; i++) {
    const worker = red.worker(source, { eval: true })
    await once(worker, 'message')
    await new Promise((resolve) => setTimeout(resolve, 10 * i))
    await worker.terminate()
  }
  // those that nobody waited for are reaped when the next one is started, or ends
  const descriptors = (): string[] => readdirSync('/proc/self/fd').map((fd) => linkOf(`/proc/self/fd/${fd}`))
  for (let i = 0; i < 200; i++) {
    await once(red.spawn('true'), 'close')
    if ((await red.pids()).length === 0 && descriptors().length <= before) break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(await red.pids()).toEqual([])
  expect(descriptors().filter((link) => link.includes('pidfd'))).toEqual([])
  expect(descriptors().length).toBeLessThanOrEqual(before)
})

/** Where a link of /proc leads; one that has just gone leads nowhere. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
