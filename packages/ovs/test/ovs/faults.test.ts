// Faults: the database server restarted in the middle, a bridge deleted by hand, changes of others at the same time.
import { execFile, spawn } from 'node:child_process'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isNotFound } from 'netloom/errors'
import { OpenVswitch, type OvsChange } from '../../lib/index'
import { Server as DatabaseServer, vswitchSchema } from '../ovsdb/server'
import { fresh } from '../../../../test/support/namespaces'
import { useSwitch, vsctl } from './switch'

/** A socket in front of the server's, which can be cut at a moment that a test chooses. */
class Cutter implements AsyncDisposable {
  readonly path: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Called with what the client sends, before the server gets it; true to cut. */
  before: (text: string) => boolean | Promise<boolean> = () => false
  /** Called with what the server answers; true to cut before the client gets it. */
  after: (text: string) => boolean = () => false

  constructor(to: string, path: string) {
    this.path = path
    this.#server = createServer((client) => {
      const server = connect(to)
      const cut = (): void => {
        client.destroy()
        server.destroy()
      }
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', cut)
        socket.on('close', cut)
      }
      let order = Promise.resolve()
      client.on('data', (data) => {
        order = order.then(async () => {
          if (await this.before(String(data))) cut()
          else server.write(data)
        })
      })
      server.on('data', (data) => {
        if (this.after(String(data))) cut()
        else client.write(data)
      })
    }).listen(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

const internal = { type: 'internal' } as const

describe('faults', () => {
  const net = useSwitch()

  beforeEach(() => net.ovs.bridges.add({ name: 'br0', datapathType: 'netdev' }))
  afterEach(async () => {
    for (const { name } of await net.ovs.bridges.list()) await net.ovs.bridges.delete(name)
  })

  async function through(run: (ovs: OpenVswitch, cutter: Cutter) => Promise<void>): Promise<void> {
    await using cutter = new Cutter(join(net.ovs.runDir, 'db.sock'), join(net.ovs.runDir, 'cut.sock'))
    const backoff = { min: 5, max: 20 }
    await using ovs = await OpenVswitch.connect({ remotes: `unix:${cutter.path}`, backoff })
    await run(ovs, cutter)
  }

  test.each(['before', 'after'] as const)(
    'a connection cut %s a transaction was applied: it is applied once',
    async (when) => {
      await through(async (ovs, cutter) => {
        let cuts = 0
        const sent = { port: 0 }
        cutter.before = (text) => {
          if (text.includes('"transact"') && text.includes('"p1"')) sent.port++
          return when === 'before' && text.includes('"p1"') && cuts++ === 0
        }
        // The answer has the number of the configuration; what a monitor tells comes in a message of its own.
        cutter.after = (text) => when === 'after' && sent.port > 0 && text.includes('"result":[{') && cuts++ === 0
        const port = await ovs.ports.add({ bridge: 'br0', name: 'p1', tag: 4, interface: internal })
        expect(port).toMatchObject({ tag: 4, interfaces: [{ ofport: expect.any(Number) as number }] })
        expect(cuts).toBeGreaterThan(0)
        expect((await vsctl(net.ovs, 'list-ports', 'br0')).split('\n')).toEqual(['p1'])
        cuts = 0
        sent.port = 0
        await ovs.ports.set('p1', { tag: 5 })
        await ovs.ports.delete('p1')
        expect(await net.ovs.ports.find('p1')).toBeUndefined()
      })
    },
  )

  test('the connection is cut again and again in the middle of many calls: each is applied once', async () => {
    await through(async (ovs, cutter) => {
      let count = 0
      cutter.before = (text) => text.includes('"transact"') && ++count % 7 === 0
      cutter.after = (text) => text.includes('"result":[{') && ++count % 5 === 0
      const names = Array.from({ length: 20 }, (_, i) => `p${i}`)
      await Promise.all(names.map((name) => ovs.ports.add({ bridge: 'br0', name, interface: internal })))
      expect((await vsctl(net.ovs, 'list-ports', 'br0')).split('\n').sort()).toEqual([...names].sort())
      await Promise.all(names.map((name) => ovs.ports.delete(name)))
      expect(await vsctl(net.ovs, 'list-ports', 'br0')).toBe('')
    })
  })

  test('a bridge deleted by hand is not found, also by a call that has just begun', async () => {
    await net.ovs.ports.list()
    await through(async (ovs, cutter) => {
      let deletions = 0
      await ovs.ports.list()
      cutter.before = async (text) => {
        if (text.includes('"p1"') && deletions++ === 0) await vsctl(net.ovs, 'del-br', 'br0')
        return false
      }
      const call = ovs.ports.add({ bridge: 'br0', name: 'p1', interface: internal })
      expect(isNotFound(await call.catch((reason: unknown) => reason))).toBe(true)
      expect(deletions).toBe(1)
    })
    expect(await net.ovs.bridges.list()).toEqual([])
    for (const call of [
      net.ovs.ports.add({ bridge: 'br0', name: 'p1' }),
      net.ovs.bridges.set('br0', { failMode: 'secure' }),
      net.ovs.flows.add({ bridge: 'br0', actions: 'drop' }),
      net.ovs.ports.set('p1', { tag: 1 }),
    ]) {
      expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
    }
  })

  test('a transaction that waits for a bridge which vanished leaves no rows behind', async () => {
    const { ovs } = net
    const calls = Array.from({ length: 10 }, (_, i) =>
      ovs.ports.add({ bridge: 'br0', name: `p${i}`, interface: internal }).catch((error: unknown) => error),
    )
    await ovs.bridges.delete('br0', { force: true })
    await Promise.all(calls)
    await ovs.ready({ timeout: 5000 })
    expect(await ovs.ports.list()).toEqual([])
  })

  test('a time limit that passes while the switch does not answer says that the outcome is unknown', async () => {
    const pid = net.ovs.pids!.switchd!
    process.kill(pid, 'SIGSTOP')
    try {
      const call = net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: internal }, { timeout: 100 })
      await expect(call).rejects.toMatchObject({ code: 'ETIMEDOUT', operation: 'ports.add', outcome: 'unknown' })
      await expect(net.ovs.ready({ timeout: 50 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await net.ovs.ready({ timeout: 5000 })
    expect((await net.ovs.ports.get('p1')).interfaces[0]?.ofport).toBeGreaterThan(0)
  })

  test('a call whose signal is aborted already does nothing', async () => {
    const signal = AbortSignal.abort()
    const call = net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: internal }, { signal })
    await expect(call).rejects.toMatchObject({ code: 'ABORT_ERR', outcome: 'none' })
    expect(await net.ovs.ports.find('p1')).toBeUndefined()
  })

  test('many who change one port at a time all succeed', async () => {
    await net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: internal })
    await through(async (ovs) => {
      const keys = Array.from({ length: 30 }, (_, i) => `k${i}`)
      await Promise.all(
        keys.map((key, i) => (i % 2 === 0 ? ovs : net.ovs).ports.set('p1', { externalIds: { [key]: 'x' } })),
      )
      expect(Object.keys((await ovs.ports.get('p1')).externalIds).sort()).toEqual([...keys].sort())
    })
  })
})

describe('a database server that is killed and started again', () => {
  test('in the middle of many calls lets each be applied once', async () => {
    await using netns = await fresh('ovs')
    await using server = await DatabaseServer.start({ schema: vswitchSchema, within: (start) => netns.run(start) })
    const dir = server.directory.path
    const env = { ...process.env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir, OVS_SYSCONFDIR: dir }
    const args = [server.remote, '-vconsole:off', `--unixctl=${dir}/v.ctl`]
    const switchd = netns.run(() => spawn('ovs-vswitchd', args, { env, stdio: 'ignore' }))
    try {
      await using ovs = await OpenVswitch.connect({ remotes: server.remote, backoff: { min: 5, max: 20 } })
      await ovs.ready({ timeout: 10_000 })
      await ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
      const names = Array.from({ length: 20 }, (_, i) => `p${i}`)
      const adding = Promise.all(names.map((name) => ovs.ports.add({ bridge: 'br0', name, interface: internal })))
      await server.stop()
      await server.start()
      const ports = await adding
      expect(ports.map(({ name }) => name)).toEqual(names)
      for (const { interfaces } of ports) expect(interfaces[0]?.ofport).toBeGreaterThan(0)
      expect((await ovs.ports.list({ bridge: 'br0' })).map(({ name }) => name).sort()).toEqual(['br0', ...names].sort())
      const deleting = ovs.ports.deleteMany(names)
      await server.stop()
      await server.start()
      await deleting
      expect((await ovs.ports.list()).map(({ name }) => name)).toEqual(['br0'])
    } finally {
      switchd.kill('SIGKILL')
      await once(switchd, 'exit')
    }
  })
})

describe('watching', () => {
  const net = useSwitch({ otherConfig: { 'stats-update-interval': '1000' } })

  async function collect(
    changes: AsyncIterable<OvsChange>,
    isLast: (change: OvsChange) => boolean,
  ): Promise<OvsChange[]> {
    const seen: OvsChange[] = []
    for await (const change of changes) {
      seen.push(change)
      if (isLast(change)) break
    }
    return seen
  }

  test('tells what is added, changed and deleted, by whomever', async () => {
    const changes = net.ovs.watch({ timeout: 10_000 })
    await net.ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
    await vsctl(net.ovs, 'add-port', 'br0', 'p1', 'tag=5', '--', 'set', 'interface', 'p1', 'type=internal')
    await net.ovs.ports.set('p1', { tag: 6 })
    await net.ovs.bridges.delete('br0')
    const seen = await collect(changes, ({ kind, type }) => kind === 'bridge' && type === 'delete')
    const words = seen.map(({ kind, type, name }) => `${type} ${kind} ${name}`)
    for (const each of ['add bridge br0', 'add port p1', 'add interface p1', 'change port p1', 'change interface p1']) {
      expect(words).toContain(each)
    }
    const tagged = seen.find(({ kind, type }) => kind === 'port' && type === 'change')
    expect(tagged?.value).toMatchObject({ name: 'p1', tag: 6 })
    // What only counts is not told of, and the sequence has ended with the loop.
    await expect(changes.next()).resolves.toEqual({ done: true, value: undefined })
  })

  test('ends by its signal, and with the switch', async () => {
    const stop = new AbortController()
    const watching = collect(net.ovs.watch({ signal: stop.signal }), () => false)
    stop.abort()
    await expect(watching).rejects.toMatchObject({ name: 'AbortError' })
    const other = await OpenVswitch.connect({ remotes: `unix:${net.ovs.runDir}/db.sock` })
    const closing = collect(other.watch(), () => false)
    await other.close()
    await expect(closing).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    await expect(promisify(execFile)('true')).resolves.toBeDefined()
  })

  test('with statistics tells of counters too', async () => {
    const counted = net.ovs.watch({ statistics: true, timeout: 10_000 })
    await net.ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
    const seen = await collect(
      counted,
      ({ kind, value }) => kind === 'interface' && value?.name === 'br0' && 'rxBytes' in value.statistics,
    )
    expect(seen.length).toBeGreaterThan(0)
    await net.ovs.bridges.delete('br0')
  })
})
