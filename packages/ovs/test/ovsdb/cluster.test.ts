// A cluster of three servers: only the leader is asked, and a replica resumes where it was.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { OvsdbClient, type OvnNorthbound } from '../../lib/ovsdb/index'
import type { Json } from '../../lib/ovsdb/json'
import { proxied } from './proxy'
import { Directory, northboundSchema, ovsdb, Server } from './server'
import { patience } from '../../../../test/support/patience'

type Tables = OvnNorthbound.Tables

const database = 'OVN_Northbound'
const options = { database, backoff: { min: 20, max: 200 } }
let directory: Directory
let servers: Server[]

/** The file of a member: the first makes the cluster, the others join it. */
function prepare(number: number) {
  const raft = (i: number): string => `unix:${directory.join(`${i}.raft`)}`
  return (file: string): void => {
    if (number === 0) ovsdb(directory.path, 'ovsdb-tool', 'create-cluster', file, northboundSchema, raft(0))
    else ovsdb(directory.path, 'ovsdb-tool', 'join-cluster', file, database, raft(number), raft(0))
  }
}

// The check for leaks comes after the hooks of a block, and before those of the file.
describe('a cluster of three', () => {
  beforeAll(async () => {
    directory = new Directory()
    servers = []
    for (let i = 0; i < 3; i++) servers.push(await Server.start({ directory, name: `s${i}`, prepare: prepare(i) }))
    while (servers.some((server) => !status(server).includes('Status: cluster member'))) await sleep(50)
  })

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    directory[Symbol.dispose]()
  })

  function status(server: Server): string {
    return server.control('cluster/status', database)
  }

  /** Waits until all are members, and know who leads them. */
  async function settled(): Promise<void> {
    const isSettled = (words: string): boolean =>
      words.includes('Status: cluster member') && !words.includes('Leader: unknown')
    while (!servers.every((server) => isSettled(status(server))) || leader() === undefined) await sleep(50)
  }

  function leader(): Server | undefined {
    return servers.find((server) => status(server).includes('Role: leader'))
  }

  beforeEach(settled, 30_000)

  test('among all remotes the leader is found, and any member will do if that is said', async () => {
    const first = leader()!
    const remotes = [...servers.filter((server) => server !== first), first].map(({ remote }) => remote)
    await using db = await OvsdbClient.connect<Tables>({ ...options, remotes })
    expect(db.remote).toBe(first.remote)
    await using any = await OvsdbClient.connect<Tables>({ ...options, remotes, leaderOnly: false })
    expect(any.remote).toBe(remotes[0])
    const set = await any.transaction((tx) => tx.insert('Address_Set', { name: 'by a follower' }))
    await using replica = await db.monitor({ Address_Set: true })
    expect(await replica.until(() => replica.table('Address_Set').get(set.uuid)?.name)).toBe('by a follower')
    await expect(OvsdbClient.connect({ ...options, remotes: remotes[0]! })).rejects.toThrow(
      'is not the leader of its cluster',
    )
  })

  test('when another becomes the leader the client goes there, and loses nothing of what it was doing', async () => {
    await using db = await OvsdbClient.connect<Tables>({ ...options, remotes: servers.map(({ remote }) => remote) })
    await using replica = await db.monitor({ Address_Set: { columns: ['name'] } })
    const before = db.remote
    const names: string[] = []
    const over = new AbortController()
    const working = (async () => {
      for (let i = 0; !over.signal.aborted; i++) {
        const name = `moving${i}`
        // A wait lets this run again safely: the name is there, or it is not.
        await db.transaction(
          (tx) => {
            if (replica.table('Address_Set').find({ name }) !== undefined) return
            tx.wait(tx.rows('Address_Set', { name }), [])
            tx.insert('Address_Set', { name })
          },
          { idempotent: true },
        )
        names.push(name)
      }
    })()
    await sleep(50)
    const moved = once(db, 'connect')
    leader()!.control('cluster/failure-test', 'transfer-leadership')
    await moved
    await sleep(50)
    over.abort()
    await working
    expect(db.remote).not.toBe(before)
    const { value } = await db.transaction((tx) => tx.select(tx.rows('Address_Set'), ['name']))
    const made = value.map(({ name }) => name).filter((name) => name.startsWith('moving'))
    expect(made.sort()).toEqual(names.sort())
  })

  test('a leader that is killed is replaced, and the replica goes on from where it was', async () => {
    await using db = await OvsdbClient.connect<Tables>({ ...options, remotes: servers.map(({ remote }) => remote) })
    await using replica = await db.monitor({ Address_Set: true })
    const kept = await db.transaction((tx) => tx.insert('Address_Set', { name: 'kept' }))
    const same = replica.table('Address_Set').get(kept.uuid)
    const first = leader()!
    const moved = once(db, 'connect')
    await first.stop()
    await moved
    expect(db.remote).not.toBe(first.remote)
    const later = await db.transaction((tx) => tx.insert('Address_Set', { name: 'later' }))
    expect(replica.table('Address_Set').get(kept.uuid)).toBe(same)
    expect(replica.table('Address_Set').get(later.uuid)?.name).toBe('later')
    await first.start()
    await settled()
  })

  test('after a lost connection only what has changed is sent', async () => {
    let snapshot: Json = null
    // Whoever leads: every member remembers.
    const via = servers[1]!
    await using proxy = await proxied(via, {
      reply: (message) => {
        if (Array.isArray(message.result) && typeof message.result[0] === 'boolean') snapshot = message.result as Json
        return message
      },
    })
    await using db = await OvsdbClient.connect<Tables>({
      ...options,
      leaderOnly: false,
      persistent: true,
      remotes: proxy.remote,
    })
    await using other = await OvsdbClient.connect<Tables>({
      ...options,
      leaderOnly: false,
      persistent: true,
      remotes: via.remote,
    })
    await using replica = await db.monitor({ Address_Set: { columns: ['name', 'addresses'] } })
    await db.transaction((tx) => {
      for (let i = 0; i < 100; i++) tx.insert('Address_Set', { name: `many${i}`, addresses: ['a'] })
    })
    expect(snapshot).toMatchObject([false, expect.any(String), expect.anything()])
    const changes: unknown[] = []
    replica.on('change', (all) => changes.push(...all.map(({ type, row, old }) => [type, row?.name, old?.addresses])))
    const lost = once(db, 'disconnect')
    proxy.cut()
    await lost
    await other.transaction((tx) => tx.update(tx.rows('Address_Set', { name: 'many7' }), { addresses: ['a', 'b'] }))
    await replica.until(() => changes.length > 0, { timeout: patience })
    expect(changes).toEqual([['modify', 'many7', ['a']]])
    expect(replica.table('Address_Set').find({ name: 'many7' })?.addresses).toEqual(['a', 'b'])
    expect(snapshot).toMatchObject([true, expect.any(String), { Address_Set: expect.anything() as unknown }])
    const [, , updates] = snapshot as unknown as [boolean, string, Record<string, object>]
    expect(Object.keys(updates.Address_Set!)).toHaveLength(1)
  })
})
