// The way out of a namespace, as far as the loopback of a host that is a namespace too: no packet leaves this machine.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../../lib/index'
import { reportOf } from '../native/child'

const nothing = [
  ...['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
  ...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
]

/** Runs a case of fixtures/outside.cjs on a host of its own, whose way out leads nowhere. */
async function resultOf(name: string, user: readonly string[], args: readonly string[] = []): Promise<unknown> {
  const script =
    'mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && ip link set lo up && ip link add br0 up type bridge && ip addr add 192.0.2.1/24 dev br0 && ' +
    'ip route add default via 192.0.2.254 && exec "$@"'
  const within = ['unshare', '--net', '--mount', 'sh', '-c', script, 'sh', ...user]
  return reportOf('outside', [name, ...args], { within, directory: join(__dirname, 'fixtures') })
}

describe.each([
  ['slirp4netns', '10.0.2.2'],
  ['pasta', '192.0.2.254'],
])('%s', (via, gateway) => {
  it.each([
    ['a user without any capability', nothing],
    ['root', []],
  ])('leads %s out, to the host’s loopback only if that is wished, and ends without a trace', async (_, user) => {
    expect(await resultOf('connect', user, [via, gateway])).toEqual({
      via,
      dev: 'tap0',
      heard: 'from the host',
      device: ['lo', 'tap0'],
      gone: ['lo'],
      refused: true,
      left: [],
      running: [],
    })
  })

  it.each([
    ['ends', 'exit', nothing],
    ['is killed', 'killed', nothing],
    ['is killed, of root', 'killed', []],
  ])('ends with a process that %s', async (_, name, user) => {
    const { pid } = (await resultOf(name, user, [via])) as { pid: number }
    for (let i = 0; i < 250 && existsSync(`/proc/${pid}`); i++) await sleep(20)
    expect([typeof pid, existsSync(`/proc/${pid}`)]).toEqual(['number', false])
  })
})

it('fails clearly where it is not installed, or cannot start', async () => {
  await using ns = await NetNs.create({ rootless: true })
  const { PATH } = process.env
  const empty = mkdtempSync(join(tmpdir(), 'netloom-path-'))
  process.env.PATH = empty
  try {
    await expect(ns.connectOutside()).rejects.toMatchObject({
      code: 'ERR_NETLOOM_NOT_INSTALLED',
      message: expect.stringContaining('slirp4netns') as string,
    })
  } finally {
    process.env.PATH = PATH
    rmSync(empty, { recursive: true })
  }
  await ns.links.add({ kind: 'bridge', name: 'tap0' })
  await expect(ns.connectOutside({ via: 'slirp4netns' })).rejects.toMatchObject({
    code: 'ERR_NETLOOM_OUTSIDE_FAILED',
    message: expect.stringMatching(/slirp4netns ended: ./) as string,
  })
  await expect(ns.connectOutside({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' })
})
