// What docs/inside/processes.md shows.
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { get, createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { isMainThread, parentPort } from 'node:worker_threads'
import { NetNs } from 'netloom'

/** In the Worker: nothing here knows of namespaces. */
function serve(): void {
  const server = createServer((_, answer) => answer.end('from inside'))
  server.listen(80, '127.0.0.1', () => parentPort?.postMessage('listening'))
}

/** In the Worker, too: a client. */
function fetchInside(): void {
  get('http://127.0.0.1', (answer) => {
    void text(answer).then((body) => parentPort?.postMessage(body))
  })
}

async function main(): Promise<void> {
  await using red = await NetNs.create('red', { ephemeral: true })
  await red.links.set('lo', { up: true })

  // programs
  const child = red.spawn('ping', ['-c', '1', '127.0.0.1'])
  const printed = text(child.stdout)
  const [code] = (await once(child, 'close')) as [number]
  console.log(code, await printed)
  assert.equal(code, 0)

  const { stdout } = await promisify(red.execFile)('ip', ['-j', 'link'])
  console.log((JSON.parse(stdout) as { ifname: string }[]).map(({ ifname }) => ifname)) // ['lo']
  assert.match(stdout, /"lo"/)

  // as `ip netns exec` does it
  const resolv = await promisify(red.execFile)('cat', ['/etc/resolv.conf'], { etc: true })
  assert.equal(typeof resolv.stdout, 'string')

  // a small container
  const shell = red.spawn('sh', ['-c', 'hostname; echo $$; id -u'], {
    pid: true,
    mount: true,
    ipc: true,
    uts: { hostname: 'red' },
    user: { uidMap: [{ inside: 0, outside: 100_000, count: 1000 }], gidMap: [{ inside: 0, outside: 100_000 }] },
    dieWithParent: true,
  })
  assert.equal(await text(shell.stdout), 'red\n2\n0\n')

  // those that are there
  const sleeper = red.spawn('sleep', ['1000'])
  const ended = once(sleeper, 'close')
  console.log(await red.pids())
  await red.kill('SIGTERM')
  assert.deepEqual(await ended, [null, 'SIGTERM'])

  // any library
  const server = red.worker(__filename, { argv: ['server'] })
  await once(server, 'message')
  const client = red.worker(__filename, { argv: ['client'] })
  const [body] = (await once(client, 'message')) as [string]
  console.log(body) // from inside
  assert.equal(body, 'from inside')
  await server.terminate()
  await client.terminate()
}

if (isMainThread) void main()
else if (process.argv[2] === 'server') serve()
else fetchInside()
