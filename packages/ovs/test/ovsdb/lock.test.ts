// Locks: one owner, others in line, thieves, and connections that are lost.
import { once } from 'node:events'
import { OvsdbClient, type OpenVswitch } from '../../lib/ovsdb/index'
import { Server, vswitchSchema } from './server'

let server: Server
let a: OvsdbClient<OpenVswitch.Tables>
let b: OvsdbClient<OpenVswitch.Tables>

beforeEach(async () => {
  server = await Server.start({ schema: vswitchSchema })
  const connect = (): Promise<OvsdbClient<OpenVswitch.Tables>> =>
    OvsdbClient.connect({ remotes: server.remote, database: 'Open_vSwitch', backoff: { min: 5, max: 20 } })
  ;[a, b] = await Promise.all([connect(), connect()])
})

afterEach(async () => {
  await Promise.all([a.close(), b.close()])
  await server[Symbol.asyncDispose]()
})

/** Whether a transaction that depends on the lock succeeds. */
function asserted(client: OvsdbClient<OpenVswitch.Tables>): Promise<boolean> {
  return client
    .transaction((tx) => {
      tx.assert('x')
    })
    .then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ error: 'not owner' })
        return false
      },
    )
}

test('the first client owns the lock, and the second when it is released', async () => {
  const first = await a.lock('x')
  await using second = await b.lock('x')
  expect([first.owned, second.owned]).toEqual([true, false])
  expect([await asserted(a), await asserted(b)]).toEqual([true, false])
  await first.acquired()
  await expect(second.acquired({ timeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  const acquired = second.acquired()
  await first.release()
  await acquired
  expect(first.owned).toBe(false)
  expect([await asserted(a), await asserted(b)]).toEqual([false, true])
  await first.release()
  await expect(first.acquired()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})

test('a lock that is stolen is lost, and comes back when the thief releases it', async () => {
  await using first = await a.lock('x')
  const lost = once(first, 'lost')
  const thief = await b.lock('x', { steal: true })
  expect(await lost).toEqual(['stolen'])
  expect([first.owned, thief.owned]).toEqual([false, true])
  expect([await asserted(a), await asserted(b)]).toEqual([false, true])
  const again = once(first, 'acquired')
  await thief.release()
  await again
  expect(await asserted(a)).toBe(true)
})

test('a lock ends with its connection, and is asked for again on the next', async () => {
  await using lock = await a.lock('x', { steal: true })
  const lost = once(lock, 'lost')
  await server.stop()
  expect(await lost).toEqual(['disconnected'])
  expect(lock.owned).toBe(false)
  const acquired = lock.acquired()
  await server.start()
  await acquired
  expect(await asserted(a)).toBe(true)
})

test('a lock may be asked for once at a time', async () => {
  const lock = await a.lock('x')
  await expect(a.lock('x')).rejects.toMatchObject({ code: 'ERR_NETLOOM_OVSDB_LOCK' })
  await lock.release()
  await using again = await a.lock('x')
  expect(again.owned).toBe(true)
  await expect(a.lock('a lock')).rejects.toMatchObject({ field: 'id' })
  await expect(a.lock('y', { steal: 1 } as never)).rejects.toMatchObject({ field: 'steal' })
})

test('a client that is closed has no lock, and the next in line has it', async () => {
  const first = await a.lock('x')
  await using second = await b.lock('x')
  const acquired = second.acquired()
  const waiting = first.acquired()
  await a.close()
  await Promise.all([acquired, waiting])
  expect(first.owned).toBe(false)
  await expect(first.acquired()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})
