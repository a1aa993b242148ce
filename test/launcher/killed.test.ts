// Whoever can kill our helpers (a process of the same user) costs an error or the end of what was started, and nothing
// else: no descriptor, no lock, no zombie. NETLOOM_KILLS=10000 for more.
import { once } from 'node:events'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Namespace, NetNs } from '../../lib/index'

const wanted = Number(process.env.NETLOOM_KILLS ?? 120)

/** Children of this process that are ours, by name. */
function launchers(): number[] {
  // All threads': a helper belongs to the lane's thread that has started it.
  const children = readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean)
    } catch {
      return []
    }
  })
  return children.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('netloom')
    } catch {
      return false
    }
  })
}

let pids: number // a descriptor of a pid namespace

/** Programs of this process that are called so, here and in namespaces below. */
function programs(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${mark}\0`)
    } catch {
      return false
    }
  })
}
const mark = `killed-${process.pid}`

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
  // It would stay, if whoever stands for it could be killed before it dies with that.
  'a process in a pid namespace that is there': async (_, red) => {
    const child = red.spawn('sleep', ['1000'], { argv0: mark, pid: pids, stdio: 'ignore' })
    child.kill('SIGKILL')
    await once(child, 'close')
  },
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
    await using set = await Namespace.create({ pid: true })
    pids = openSync(`/proc/${String(set.pid1)}/ns/pid`, 'r')
    await rootless.links.set('lo', { up: true })
    for (const use of Object.values(uses)) await use(rootless, red)
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const before = descriptors()
    let kills = 0
    const over = new AbortController()
    const killer = (async () => {
      while (!over.signal.aborted) {
        // Without process 1 of the namespace that is used all the time, nothing begins there (ENOMEM).
        const found = launchers().filter((pid) => pid !== set.pid1)
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
    // The helper of the rootless namespace stays, and process 1; zombies do not, nor what was started by who was killed.
    expect(launchers().length).toBeLessThanOrEqual(2)
    for (let i = 0; i < 200 && programs().length > 0; i++) await sleep(10)
    closeSync(pids)
    const left = programs()
    for (const pid of left) process.kill(Number(pid), 'SIGKILL')
    expect(left).toEqual([])
  },
  30_000 + 100 * wanted,
)

test('one that is stopped holds nobody up: it is ended, and another one goes on', async () => {
  await using rootless = await NetNs.create({ rootless: true })
  const [helper] = launchers()
  process.kill(helper!, 'SIGSTOP')
  await using other = await NetNs.create({ rootless: { with: rootless } })
  expect(other.identity.inode).not.toBe(rootless.identity.inode)
  expect(launchers()).toHaveLength(1)
  expect(launchers()).not.toContain(helper)
})

test('the first process of a pid namespace takes less than a megabyte, and may not be looked at', async () => {
  await using set = await Namespace.create({ pid: true, mnt: true, user: true })
  const read = (): string => readFileSync(`/proc/${String(set.pid1)}/status`, 'utf8')
  // The set is there a moment before it has its name.
  for (let i = 0; i < 200 && !read().includes('netloom-init'); i++) await sleep(10)
  const status = read()
  expect(Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1])).toBeLessThan(1024)
  expect(status).toMatch(/^Name:\s*netloom-init$/m)
  expect(status).toMatch(/^CoreDumping:\s*0$/m)
})
