// Whoever can kill our helpers (a process of the same user) costs an error or the end of what was started, and nothing
// else: no descriptor, no lock, no zombie. NETLOOM_KILLS=10000 for more.
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Namespace, NetNs } from '../../lib/index'

const wanted = Number(process.env.NETLOOM_KILLS ?? 120)

/** Children of this process that are ours, by name. */
function launchers(): number[] {
  const children = readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').filter(Boolean)
  return children.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('netloom')
    } catch {
      return false
    }
  })
}

const uses: Record<string, (rootless: NetNs, red: NetNs) => Promise<unknown>> = {
  'a socket': async (rootless) => {
    const server = await rootless.listen({ host: '127.0.0.1' })
    await new Promise((resolve) => server.close(resolve))
  },
  'a sysctl': async (rootless) => rootless.sysctl.get('net.ipv4.ip_forward'),
  'a namespace': async () => {
    using _made = await NetNs.create({ rootless: true })
  },
  'a set': async () => {
    await using _set = await Namespace.create({ uts: true, pid: true, user: true })
  },
  'a process': async (_, red) => once(red.spawn('true', [], { pid: true, stdio: 'ignore' }), 'close'),
  'a host name': async () => {
    await using set = await Namespace.create({ uts: { hostname: 'box' } })
    await set.uts.hostname()
  },
}

test(
  'killed at random, they cost errors that say so, and nothing is left',
  async () => {
    await using rootless = await NetNs.create({ rootless: true })
    await using red = await NetNs.create()
    await rootless.links.set('lo', { up: true })
    for (const use of Object.values(uses)) await use(rootless, red)
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const before = descriptors()
    let kills = 0
    const over = new AbortController()
    const killer = (async () => {
      while (!over.signal.aborted) {
        const found = launchers()
        const one = found[Math.floor(Math.random() * found.length)]
        if (one !== undefined && Math.random() < 0.7) {
          try {
            process.kill(one, 'SIGKILL')
            kills++
          } catch {
            // It has ended by itself.
          }
        }
        await new Promise(setImmediate)
      }
    })()
    const codes = new Set<unknown>()
    while (kills < wanted) {
      await Promise.all(
        Object.values(uses).map((use) =>
          use(rootless, red).catch((error: unknown) => codes.add((error as { code?: unknown }).code)),
        ),
      )
    }
    over.abort()
    await killer
    expect([...codes].filter((code) => code !== 'EPIPE' && code !== 'ESRCH')).toEqual([])
    for (const use of Object.values(uses)) await use(rootless, red)
    for (let i = 0; i < 200 && descriptors() > before; i++) await sleep(10)
    expect(descriptors()).toBeLessThanOrEqual(before)
    // The helper of the rootless namespace stays; zombies do not.
    expect(launchers().length).toBeLessThanOrEqual(1)
  },
  30_000 + 100 * wanted,
)
