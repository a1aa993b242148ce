// Files as a namespace shows them. A process in it, started by `ip netns exec`, is the oracle.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { AbortError, NetNs } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'

async function plumbed(): Promise<NetNs> {
  const ns = await fresh()
  await ip(ns, 'link', 'add', 'br0', 'type', 'bridge')
  await ip(ns, 'link', 'set', 'lo', 'up')
  return ns
}

function inside(ns: NetNs, ...command: string[]): string {
  return execFileSync('ip', ['netns', 'exec', ns.name!, ...command], { encoding: 'utf8' })
}

test.each([
  '/proc/net/dev_mcast',
  '/proc/self/net/protocols',
  '/proc/thread-self/net/route',
  '/proc/sys/net/ipv4/ip_forward',
])('readFile %s', async (path) => {
  await using red = await plumbed()
  expect(await red.readFile(path, 'utf8')).toBe(inside(red, 'cat', path))
})

test('a file that is larger than one read, and changes with the namespace', async () => {
  await using red = await plumbed()
  const servers = await Promise.all(Array.from({ length: 700 }, () => red.listen({ host: '127.0.0.1' })))
  const text = await red.readFile('/proc/net/tcp', 'utf8')
  expect(text.length).toBeGreaterThan(65_536)
  expect(text.trim().split('\n')).toHaveLength(701)
  for (const server of servers) server.close()
})

test('a Buffer without an encoding', async () => {
  await using red = await plumbed()
  const bytes = await red.readFile('/proc/net/dev')
  expect(Buffer.isBuffer(bytes)).toBe(true)
  expect(String(await red.readFile('/proc/net/dev', null))).toBe(String(bytes))
  expect(await red.readFile('/proc/net/dev', { encoding: 'latin1' })).toBe(bytes.toString('latin1'))
  expect(String(bytes)).toContain('br0')
})

test('sysfs has the devices of the namespace, and none of the host', async () => {
  await using red = await plumbed()
  expect(await red.readdir('/sys/class/net')).toEqual(['br0', 'lo'])
  expect(await red.readFile('/sys/class/net/br0/mtu', 'utf8')).toBe('1500\n')
  expect(await red.readlink('/sys/class/net/br0')).toBe('../../devices/virtual/net/br0')
  await red.sysfs.set('class/net/br0/mtu', 1400)
  expect(await red.sysfs.get('/sys/class/net/br0/mtu')).toBe('1400')
  expect((await red.links.get('br0')).mtu).toBe(1400)
  expect(await red.sysfs.list('class/net/br0/bridge')).toContain('stp_state')
  await expect(red.sysfs.set('class/net/br0/mtu', 'many')).rejects.toMatchObject({ code: 'EINVAL', syscall: 'write' })
})

describe('/etc', () => {
  /** With /etc/netns/NAME, which is removed afterwards. */
  async function withEtc(act: (ns: NetNs, directory: string) => Promise<void>): Promise<void> {
    await using red = await plumbed()
    const directory = `/etc/netns/${red.name!}`
    mkdirSync(directory, { recursive: true })
    try {
      await act(red, directory)
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  test('is that of the namespace, over that of the machine', async () => {
    await withEtc(async (red, directory) => {
      writeFileSync(`${directory}/resolv.conf`, 'nameserver 10.0.0.53\n')
      expect(await red.readFile('/etc/resolv.conf', 'utf8')).toBe('nameserver 10.0.0.53\n')
      expect(await red.readFile('/etc/passwd', 'utf8')).toBe(readFileSync('/etc/passwd', 'utf8'))
    })
  })

  test('a link in it is refused', async () => {
    await withEtc(async (red, directory) => {
      symlinkSync('/etc/shadow', `${directory}/resolv.conf`)
      await expect(red.readFile('/etc/resolv.conf')).rejects.toMatchObject({ code: 'ELOOP', netns: red.name })
    })
  })
})

test('what is not there', async () => {
  await using red = await plumbed()
  await expect(red.readFile('/proc/net/no_such')).rejects.toMatchObject({ code: 'ENOENT', netns: red.name })
  await expect(red.readFile('/proc/net')).rejects.toMatchObject({ code: 'EISDIR' })
  await expect(red.readdir('/sys/class/net/br9')).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(red.readlink('/proc/net/dev')).rejects.toMatchObject({ code: 'EINVAL' })
})

test.each([
  ['/proc/self/status', 'ERR_INVALID_ARG_VALUE'],
  ['/proc/net/../self/status', 'ERR_INVALID_ARG_VALUE'],
  ['/sys/../etc/shadow', 'ERR_INVALID_ARG_VALUE'],
  ['/proc/network', 'ERR_INVALID_ARG_VALUE'],
  ['/etc//passwd', 'ERR_INVALID_ARG_VALUE'],
  ['/proc/net/tcp\0', 'ERR_INVALID_ARG_VALUE'],
  ['', 'ERR_OUT_OF_RANGE'],
  [5, 'ERR_INVALID_ARG_TYPE'],
])('the path %j is refused', async (path, code) => {
  await using red = await plumbed()
  for (const call of [red.readFile(path as string), red.readlink(path as string), red.readdir(path as string)]) {
    await expect(call).rejects.toMatchObject({ field: 'path', code })
  }
})

test('a closed handle, a signal, a wrong encoding', async () => {
  const red = await plumbed()
  const aborted = red.readFile('/proc/net/tcp', { signal: AbortSignal.abort() })
  await expect(aborted).rejects.toBeInstanceOf(AbortError)
  await expect(red.readFile('/proc/net/tcp', 'utf9' as 'utf8')).rejects.toMatchObject({ field: 'encoding' })
  await red.delete()
  await expect(red.readFile('/proc/net/tcp')).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  await expect(red.sysctl.get('net.ipv4.ip_forward')).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})

test('it works for a namespace without a name', async () => {
  await using ns = await NetNs.create()
  expect(await ns.readdir('/sys/class/net')).toEqual(['lo'])
  expect(await ns.readFile('/etc/passwd', 'utf8')).toBe(readFileSync('/etc/passwd', 'utf8'))
})
