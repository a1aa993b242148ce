// Impaired devices: what passes, what is delayed and lost, what is left when the impairment is taken away.
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { itWithTc } from '../support/needs'

const net = useNetNs({ pair: true })

const state = async (ns: NetNs): Promise<unknown> => [
  (await ns.links.list()).map(({ name }) => name),
  (await ns.qdiscs.list()).filter(({ handle }) => handle !== '0:').map(({ kind, handle }) => [kind, handle]),
]

/** Sends from red to green for some seconds, as fast as it goes, and calls a function meanwhile. */
async function whileSending<Result>(during: () => Promise<Result>): Promise<Result> {
  const server = await net.green.listen({ host: '10.0.0.2', port: 0 })
  const { port } = server.address() as AddressInfo
  const accepted = new Promise<Socket>((done) => server.on('connection', done))
  const client = await net.red.connect({ host: '10.0.0.2', port })
  const socket = await accepted
  for (const one of [client, socket]) one.on('error', () => undefined)
  try {
    socket.resume()
    client.write(Buffer.alloc(2_000_000))
    return await during()
  } finally {
    client.destroy()
    socket.destroy()
    server.close()
  }
}

test.each(['out', 'in'] as const)(
  '1 Mbit/s passes, to a tenth, of what goes %s',
  async (direction) => {
    const at = direction === 'out' ? net.red : net.green
    const before = await state(at)
    await at.impair('eth0', { rateBitsPerSecond: 1e6, direction })
    const dev = direction === 'out' ? 'eth0' : `impair${(await at.links.get('eth0')).index}`
    const sample = async (): Promise<[bigint, number]> => {
      const { statistics } = await at.qdiscs.get({ dev, parent: 'root' })
      return [statistics?.bytes ?? 0n, Number(process.hrtime.bigint()) / 1e9]
    }
    const bits = await whileSending(async () => {
      await setTimeout(500)
      const [first, begin] = await sample()
      await setTimeout(2500)
      const [last, end] = await sample()
      return (Number(last - first) * 8) / (end - begin)
    })
    expect(bits).toBeGreaterThan(0.9e6)
    expect(bits).toBeLessThan(1.1e6)
    await at.impair('eth0', undefined)
    expect(await state(at)).toEqual(before)
    await at.impair('eth0', undefined)
  },
  30_000,
)

const run = itWithTc('qdisc add dev d0 root netem delay 1ms', 'it has no qdisc netem')

run('packets are delayed in both directions', async () => {
  const before = await state(net.red)
  await net.red.impair('eth0', { delayMilliseconds: 200, direction: 'both' })
  const { min } = await net.red.ping('10.0.0.2', { count: 3, intervalMilliseconds: 100, timeout: 5000 })
  expect(min).toBeGreaterThanOrEqual(399)
  await net.red.impair('eth0', { lossPercent: 100 })
  await net.red.impair('eth0', undefined)
  expect(await state(net.red)).toEqual(before)
})

test('a kernel without netem is told to lack it, and nothing is left', async () => {
  const before = await state(net.red)
  const call = net.red.impair('eth0', { delayMilliseconds: 5, rateBitsPerSecond: 1e6, direction: 'both' })
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error !== undefined) {
    expect((error as Error).message).toMatch(/lacks the kind "netem": the module sch_netem \(CONFIG_NET_SCH_NETEM\)/)
  } else await net.red.impair('eth0', undefined)
  expect(await state(net.red)).toEqual(before)
})

test('what another has set up stays', async () => {
  await net.red.qdiscs.add({ dev: 'eth0', kind: 'htb', handle: '1:' })
  await expect(net.red.impair('eth0', { rateBitsPerSecond: 1e6 })).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(net.red.impair('eth0', undefined)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await net.red.qdiscs.get({ dev: 'eth0', parent: 'root' })).toMatchObject({ kind: 'htb', handle: '1:' })
})

test.each([
  [{ lossPercent: 101 }, 'lossPercent'],
  [{ rateBitsPerSecond: 0 }, 'rateBitsPerSecond'],
  [{ delayMilliseconds: -1 }, 'delayMilliseconds'],
  [{ reorderPercent: 5 }, 'delayMilliseconds'],
  [{ direction: 'up' }, 'direction'],
  [{ delay: 5 }, 'delay'],
])('%j is refused', async (impairment, field) => {
  await expect(net.red.impair('eth0', impairment as never)).rejects.toMatchObject({ field })
})

test('what somebody has made is refused by name, and stays', async () => {
  const { red } = net
  const { index } = await red.links.get('eth0')
  await red.qdiscs.add({ dev: 'eth0', kind: 'clsact' })
  const before = await state(red)
  await expect(red.impair('eth0', { rateBitsPerSecond: 1e6, direction: 'both' })).rejects.toMatchObject({
    code: 'EEXIST',
  })
  expect(await state(red)).toEqual(before)
  await red.impair('eth0', { rateBitsPerSecond: 1e6 })
  await red.impair('eth0', undefined)
  expect(await state(red)).toEqual(before)
  await red.qdiscs.delete({ dev: 'eth0', parent: 'ingress' })
  await red.links.add({ kind: 'ifb', name: `impair${index}` })
  await expect(red.impair('eth0', { rateBitsPerSecond: 1e6, direction: 'in' })).rejects.toMatchObject({
    code: 'EEXIST',
  })
  await red.impair('eth0', undefined)
  expect((await red.links.list()).map(({ name }) => name)).toContain(`impair${index}`)
})
