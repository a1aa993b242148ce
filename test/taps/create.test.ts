// TUN and TAP devices: made, shared, kept, deleted, as `ip` sees them; and what the kernel refuses.
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { NetNs, TapOptions } from '../../lib/index'
import { fresh, ip, ipJson } from '../support/namespaces'
import { frame, nextOurs, tapCount, write } from './count'

let ns: NetNs
let before: number
beforeEach(async () => {
  before = tapCount()
  ns = await fresh()
})
afterEach(async () => {
  await ns.delete()
  expect(tapCount()).toBe(before)
})

interface Shown {
  ifname: string
  mtu: number
  address: string
  txqlen: number
  flags: string[]
  master?: string
  linkinfo: { info_kind: string; info_data: Record<string, unknown> }
}

async function shown(name: string): Promise<Shown> {
  return (await ipJson<Shown[]>(ns, 'link', 'show', name))[0]!
}

test('a tap is what was asked for, in its namespace, and goes when it is closed', async () => {
  await ns.links.add({ kind: 'bridge', name: 'br0' })
  const settings = { mac: '02:00:00:00:00:01', mtu: 1400, up: true, txqlen: 77, master: 'br0' }
  const tap = await ns.taps.create({ name: 'vm0', ...settings })
  expect(tap.name).toBe('vm0')
  const link = await shown('vm0')
  expect(link).toMatchObject({ address: settings.mac, mtu: 1400, txqlen: 77, master: 'br0' })
  expect(link.flags).toContain('UP')
  expect(link.linkinfo).toMatchObject({ info_kind: 'tun', info_data: { type: 'tap', pi: false, vnet_hdr: false } })
  expect(link.linkinfo.info_data).toMatchObject({ persist: false, multi_queue: false })
  expect(await ns.taps.list()).toMatchObject([{ name: 'vm0', tunType: 'tap', persist: false, packetInfo: false }])
  await tap.close()
  await tap.close()
  expect(tap.fd).toBe(-1)
  expect(await ns.taps.list()).toEqual([])
})

test('the kernel chooses a name where none is given, or a number where there is %d', async () => {
  const all: TapOptions[] = [{}, {}, { mode: 'tun' }, { name: 'a%db' }, { name: 'a%db' }]
  const made = []
  for (const options of all) made.push(await ns.taps.create(options))
  expect(made.map(({ name }) => name)).toEqual(['tap0', 'tap1', 'tun0', 'a0b', 'a1b'])
  for (const tap of made) await tap.close()
})

test.each<[TapOptions, Record<string, unknown>]>([
  [{ mode: 'tun' }, { type: 'tun', pi: false }],
  [{ packetInfo: true }, { type: 'tap', pi: true }],
  [{ vnetHeader: true }, { vnet_hdr: true }],
  [{ multiQueue: true }, { multi_queue: true, numqueues: 1 }],
  [{ owner: 1234 }, { user: 1234 }],
  [{ group: 4321 }, { group: 4321 }],
  [{ persist: true }, { persist: true }],
])('what %j makes, ip shows: %j', async (options, expected) => {
  await using tap = await ns.taps.create(options)
  const { info_data } = (await shown(tap.name)).linkinfo
  // Newer releases show names.
  expect(JSON.parse(JSON.stringify(info_data).replaceAll(/"(\d+)"/g, '$1'))).toMatchObject(expected)
})

test('a persistent one stays when it is closed, and can be opened again, until it is not persistent any more', async () => {
  const tap = await ns.taps.create({ name: 'vm0', persist: true, vnetHeader: 12, multiQueue: true })
  await tap.close()
  const again = await ns.taps.open('vm0')
  expect(again.format).toEqual({ mode: 'tap', packetInfo: false, vnetHeader: true, multiQueue: true })
  await again.persist(false)
  await again.close()
  expect(await ns.taps.list()).toEqual([])
  await expect(ns.taps.open('vm0')).rejects.toMatchObject({ code: 'ENODEV', netns: ns.name })
})

test('one that ip has made can be opened, and one of ours is deleted by ip', async () => {
  await ip(ns, 'tuntap', 'add', 'dev', 'tun5', 'mode', 'tun')
  const tun = await ns.taps.open('tun5', { mode: 'tun' })
  expect(tun.format.mode).toBe('tun')
  const failed = once(tun, 'error')
  tun.resume()
  await ip(ns, 'link', 'delete', 'tun5')
  expect((await failed)[0]).toMatchObject({ code: 'EBADFD', syscall: 'read', netns: ns.name })
  expect(tun.destroyed).toBe(true)
})

test('delete deletes a tap and nothing else', async () => {
  await ns.links.add({ kind: 'bridge', name: 'd0' })
  await using _tap = await ns.taps.create({ name: 'vm0', persist: true })
  await ns.taps.delete('vm0')
  expect(await ns.taps.list()).toEqual([])
  await expect(ns.taps.delete('vm0')).rejects.toMatchObject({ code: 'ENODEV' })
  await ns.taps.delete('vm0', { force: true })
  await expect(ns.taps.delete('d0')).rejects.toMatchObject({ code: 'EINVAL', operation: 'taps.delete' })
  await ns.links.get('d0')
})

test('a taken name, a tap that is in use, another mode and another device are refused, and nothing is left', async () => {
  await ns.links.add({ kind: 'bridge', name: 'd0' })
  await using _tap = await ns.taps.create({ name: 'vm0', persist: true })
  const links = (await ns.links.list()).length
  for (const name of ['d0', 'vm0']) {
    await expect(ns.taps.create({ name })).rejects.toMatchObject({
      code: 'EBUSY',
      syscall: 'TUNSETIFF',
      netns: ns.name,
    })
  }
  await expect(ns.taps.open('vm0')).rejects.toMatchObject({ code: 'EBUSY' })
  await expect(ns.taps.open('vm0', { mode: 'tun' })).rejects.toMatchObject({ code: 'EINVAL', operation: 'taps.open' })
  await expect(ns.taps.open('d0')).rejects.toThrow(/neither TUN nor TAP/)
  await expect(ns.taps.create({ mtu: 1_000_000 })).rejects.toMatchObject({ code: 'EINVAL', operation: 'links.set' })
  await expect(ns.taps.create({ master: 'none' })).rejects.toMatchObject({ code: 'ENODEV' })
  await expect(ns.taps.create({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' })
  expect((await ns.links.list()).length).toBe(links)
  expect(tapCount()).toBe(before + 1)
})

test('without CAP_NET_ADMIN it is refused', () => {
  const program = `
    const { NetNs } = require(${JSON.stringify(join(__dirname, '..', '..', 'dist'))})
    NetNs.open(${JSON.stringify(ns.name)})
      .then((ns) => ns.taps.create())
      .then(() => console.log('made'), ({ code, operation }) => console.log(code, operation))`
  const args = ['--bounding-set=-net_admin', '--inh-caps=-net_admin', process.execPath, '-e', program]
  expect(spawnSync('setpriv', args, { encoding: 'utf8', env: process.env }).stdout.trim()).toBe('EPERM taps.create')
})

test('several queues share the flows, can be detached and attached, and one alone has no others', async () => {
  const tap = await ns.taps.create({ multiQueue: true, up: true })
  const others = [await tap.openQueue(), await tap.openQueue()]
  const queues = async (): Promise<unknown[]> => {
    const [found] = await ns.taps.list()
    return [found?.numQueues, found?.numDisabledQueues]
  }
  expect(await queues()).toEqual([3, 0])
  await others[0]!.detach()
  expect(await queues()).toEqual([2, 1])
  await expect(others[0]!.detach()).rejects.toMatchObject({ code: 'EINVAL', operation: 'Tap.detach' })
  await others[0]!.attach()
  await tap.close()
  expect(await queues()).toEqual([2, 0])
  await others[1]!.close()
  // The one that is left gets all.
  const packets = await ns.packets({ dev: tap.name, protocol: 0 })
  await packets.send(frame())
  expect(await nextOurs(others[0]!)).toEqual(frame())
  await packets.close()
  await others[0]!.close()
  await using single = await ns.taps.create()
  await expect(single.openQueue()).rejects.toMatchObject({ code: 'EBUSY', operation: 'Tap.openQueue' })
  await expect(single.attach()).rejects.toMatchObject({ code: 'EINVAL', operation: 'Tap.attach' })
})

test('a program that is handed the descriptor has the tap, and no other program gets it', async () => {
  const tap = await ns.taps.create({ up: true })
  const packets = await ns.packets({ dev: tap.name, protocol: 0 })
  await packets.send(frame(64))
  const script = 'import os,sys\nwhile True:\n p=os.read(3,2000)\n if p[12:14]==b"\\x88\\xb5": print(len(p)); break'
  const read = (fds: number[]): string =>
    spawnSync('python3', ['-c', `import os\nos.set_blocking(3, True)\n${script}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', ...fds],
    }).stdout.trim()
  expect(read([tap.fd])).toBe('64')
  expect(execFileSync('sh', ['-c', 'ls -l /proc/self/fd'], { encoding: 'utf8' })).not.toContain('tun')
  await packets.close()
  await tap.close()
})

test('it lives while its namespace does for it, and takes it along', async () => {
  const own = await fresh()
  const tap = await own.taps.create({ up: true })
  const link = await own.links.get(tap.name)
  await own.delete()
  await write(tap, frame())
  expect(link.up).toBe(true)
  await expect(own.taps.create()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  await tap.close()
})

// The kernel wakes who polls a TUN device before reading it fails: a read in between finds nothing, and has to be repeated.
test('every tap that is deleted while it is read says so', async () => {
  for (let i = 0; i < 100; i++) {
    const tun = await ns.taps.create({ mode: 'tun', up: true })
    const failed = once(tun, 'error')
    tun.resume()
    await ns.links.delete(tun.name)
    expect((await failed)[0]).toMatchObject({ code: 'EBADFD', syscall: 'read' })
  }
})
