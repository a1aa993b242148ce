// Pods by the hundred: made, used and deleted, again and again, with the rates. On a terminal it shows how far it has come.
//
//   npm run compile && node .build/examples/churn.js --pods 1000 --together 100
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { NetNs, type Batch } from 'netloom'

/** One queue each way is enough for a veth end; the default is one a CPU, and each costs time. */
const oneQueue = { numTxQueues: 1, numRxQueues: 1 }
const port = 7000
const interruption = new AbortController()

/** The addresses of a pod's link, a /30 of its own: the host's end, and its eth0. */
function addressesOf(n: number): { gateway: string; own: string } {
  const subnet = `10.${n >> 14}.${(n >> 6) & 255}`
  const first = (n & 63) * 4
  return { gateway: `${subnet}.${first + 1}`, own: `${subnet}.${first + 2}` }
}

function macOf(n: number): string {
  return `02:00:00:${[n >> 16, n >> 8, n].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':')}`
}

/** Notes what a pod consists of. Nothing is sent before the batch is committed. */
function notePod(batch: Batch<NetNs>, n: number): { readonly value: NetNs } {
  const { gateway, own } = addressesOf(n)
  const pod = batch.createNetNs(`churn${process.pid}-${n}`, { ephemeral: true })
  pod.links.set('lo', { up: true })
  const peer = { netns: pod, name: 'eth0', mac: macOf(n), up: true, ...oneQueue }
  batch.links.add({ kind: 'veth', name: `veth${n}`, up: true, ...oneQueue, peer })
  batch.addresses.add({ dev: `veth${n}`, address: `${gateway}/30` })
  pod.addresses.add({ dev: 'eth0', address: `${own}/30` })
  pod.routes.add({ dst: 'default', via: gateway })
  return pod
}

/** Makes pods: one batch for all, or none of them. */
async function makePods(host: NetNs, first: number, count: number): Promise<NetNs[]> {
  const batch = host.batch({ rollback: true })
  const pods = Array.from({ length: count }, (_, i) => notePod(batch, first + i))
  await batch.commit({ signal: interruption.signal })
  return pods.map((pod) => pod.value)
}

/** What a pod is for: here it asks the host who it is. */
async function usePod(pod: NetNs, n: number): Promise<void> {
  const { gateway, own } = addressesOf(n)
  const socket = await pod.connect({ host: gateway, port, timeout: 10_000 })
  const heard = await text(socket)
  if (heard !== own) throw new Error(`pod ${n} should be ${own}, and is ${heard} to the host`)
}

/** Adds up what a kind of work took. */
class Stopwatch {
  #milliseconds = 0

  async time<Result>(work: () => Promise<Result>): Promise<Result> {
    const since = performance.now()
    try {
      return await work()
    } finally {
      this.#milliseconds += performance.now() - since
    }
  }

  rateOf(count: number): string {
    return `${((1000 * count) / this.#milliseconds).toFixed(0)} a second`
  }
}

function show(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done} of ${total} pods`)
}

async function main(total: number, together: number): Promise<void> {
  await using host = await NetNs.create()
  await using server = await host.listen({ host: '0.0.0.0', port })
  server.on('connection', (socket) => socket.end(String(socket.remoteAddress)))
  const [making, using, deleting] = [new Stopwatch(), new Stopwatch(), new Stopwatch()]
  for (let first = 0; first < total; first += together) {
    const count = Math.min(together, total - first)
    const pods = await making.time(() => makePods(host, first, count))
    try {
      await using.time(() => Promise.all(pods.map((pod, i) => usePod(pod, first + i))))
    } finally {
      await deleting.time(() =>
        // Only the namespaces: the kernel takes their veth pairs with them.
        NetNs.deleteAll(pods, {
          onProgress: ({ done }) => {
            show(first + done, total)
          },
        }),
      )
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  console.log(`made    ${making.rateOf(total)}, ${together} in a batch`)
  console.log(`used    ${using.rateOf(total)}, a TCP connection each`)
  console.log(`deleted ${deleting.rateOf(total)}; the kernel frees them later`)
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function numberOf(option: string, text: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`--${option} is a number from 1 to ${most}`)
  return value
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interruption.abort(signal)
  })
}
try {
  const { pods, together } = parseArgs({
    options: { pods: { type: 'string', default: '200' }, together: { type: 'string', default: '50' } },
  }).values
  main(numberOf('pods', pods, 1 << 20), numberOf('together', together, 1000)).catch(fail)
} catch (error) {
  fail(error)
}
