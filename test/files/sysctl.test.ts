// Sysctls of a namespace: read, written and listed from outside of it. `sysctl` of procps and /proc are the oracle.
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import type { NetNs } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'

/** What a process in the namespace reads. */
function seen(ns: NetNs, path: string): string {
  const out = execFileSync('ip', ['netns', 'exec', ns.name!, 'cat', `/proc/sys/${path}`], { encoding: 'utf8' })
  return out.trimEnd()
}

async function withDevice(name: string): Promise<NetNs> {
  const ns = await fresh()
  await ip(ns, 'link', 'add', name, 'type', 'bridge')
  return ns
}

test('a value is written, read and seen inside, and the host keeps its own', async () => {
  await using red = await fresh()
  const path = '/proc/sys/net/ipv4/ip_forward'
  const before = readFileSync(path, 'utf8')
  const value = 1 - Number(await red.sysctl.get('net.ipv4.ip_forward'))
  await red.sysctl.set('net.ipv4.ip_forward', value)
  expect(await red.sysctl.get('net.ipv4.ip_forward')).toBe(value)
  expect(seen(red, 'net/ipv4/ip_forward')).toBe(String(value))
  expect(readFileSync(path, 'utf8')).toBe(before)
})

test.each([
  ['net.ipv4.conf.eth0/100.forwarding', 'dots separate'],
  ['net/ipv4/conf/eth0.100/forwarding', 'slashes separate'],
])('%s: %s', async (key) => {
  await using red = await withDevice('eth0.100')
  const value = 1 - Number(await red.sysctl.get(key))
  await red.sysctl.set(key, value)
  expect(seen(red, 'net/ipv4/conf/eth0.100/forwarding')).toBe(String(value))
})

test('numbers are numbers, everything else is text', async () => {
  await using red = await fresh()
  expect(
    await red.sysctl.get(['net.ipv4.tcp_congestion_control', 'net.ipv4.tcp_rmem', 'net.ipv6.conf.all.disable_ipv6']),
  ).toEqual({
    'net.ipv4.tcp_congestion_control': expect.stringMatching(/^[a-z]+$/) as string,
    'net.ipv4.tcp_rmem': expect.stringMatching(/^\d+\t\d+\t\d+$/) as string,
    'net.ipv6.conf.all.disable_ipv6': 0,
  })
})

test('several numbers, booleans and bigints are written', async () => {
  await using red = await fresh()
  await red.sysctl.set({
    'net.ipv4.ip_local_port_range': [20_000, 30_000n],
    'net.ipv4.conf.all.rp_filter': true,
    'net.ipv4.conf.all.arp_ignore': 2n,
    'net.ipv4.ping_group_range': '0 1000',
  })
  expect(seen(red, 'net/ipv4/ip_local_port_range')).toBe('20000\t30000')
  expect(seen(red, 'net/ipv4/conf/all/rp_filter')).toBe('1')
  expect(seen(red, 'net/ipv4/conf/all/arp_ignore')).toBe('2')
  expect(seen(red, 'net/ipv4/ping_group_range')).toBe('0\t1000')
})

test('several are all written, or none', async () => {
  await using red = await fresh()
  const before = seen(red, 'net/ipv4/ip_local_port_range')
  const writing = red.sysctl.set({
    'net.ipv4.ip_local_port_range': [21_000, 22_000],
    'net.ipv4.conf.all.arp_ignore': 'many',
    'net.ipv4.ip_forward': 1,
  })
  await expect(writing).rejects.toMatchObject({
    code: 'EINVAL',
    syscall: 'write',
    netns: red.name,
    message: expect.stringContaining('net.ipv4.conf.all.arp_ignore = many') as string,
  })
  expect(seen(red, 'net/ipv4/ip_local_port_range')).toBe(before)
})

test('what is not there, and what can only be written', async () => {
  await using red = await fresh()
  await expect(red.sysctl.get('net.ipv4.no_such')).rejects.toMatchObject({ code: 'ENOENT', netns: red.name })
  await expect(red.sysctl.set('net.ipv4.conf.eth9.forwarding', 1)).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(red.sysctl.list('net.ipv4.conf.eth9')).rejects.toMatchObject({ code: 'ENOENT' })
  await red.sysctl.set('net.ipv4.route.flush', 1)
})

test('list gives what sysctl -a gives in the namespace', async () => {
  await using red = await withDevice('eth0.100')
  const listed = await red.sysctl.list()
  const out = execFileSync('ip', ['netns', 'exec', red.name!, 'find', '/proc/sys/net', '-type', 'f', '-perm', '/444'], {
    encoding: 'utf8',
  })
  const keys = out
    .trim()
    .split('\n')
    .map((path) => path.slice('/proc/sys/'.length).replace(/[./]/g, (one) => (one === '/' ? '.' : '/')))
    .filter((key) => !key.endsWith('.stable_secret')) // cannot be read before it is set
  expect(
    Object.keys(listed)
      .filter((key) => !key.endsWith('.stable_secret'))
      .sort(),
  ).toEqual(keys.sort())
  expect(listed['net.ipv4.conf.eth0/100.forwarding']).toBe(0)
  const some = await red.sysctl.list('net.ipv4.conf.eth0/100')
  expect(some['net.ipv4.conf.eth0/100.forwarding']).toBe(0)
  expect(Object.keys(some).every((key) => key.startsWith('net.ipv4.conf.eth0/100.'))).toBe(true)
})

test('reads and writes keep their order, awaited or not', async () => {
  await using red = await fresh()
  const values = await Promise.all([
    red.sysctl.set('net.ipv4.ip_default_ttl', 10),
    red.sysctl.get('net.ipv4.ip_default_ttl'),
    red.sysctl.set('net.ipv4.ip_default_ttl', 20),
    red.sysctl.get('net.ipv4.ip_default_ttl'),
  ])
  expect(values).toEqual([undefined, 10, undefined, 20])
})

test('this thread stays at home', async () => {
  const home = readlinkSync('/proc/thread-self/ns/net')
  await using red = await fresh()
  await Promise.all(Array.from({ length: 50 }, () => red.sysctl.get('net.ipv4.ip_forward')))
  expect(readlinkSync('/proc/thread-self/ns/net')).toBe(home)
})

test.each([
  [5, 'key', 'ERR_INVALID_ARG_TYPE'],
  ['kernel.hostname', 'key', 'ERR_INVALID_ARG_VALUE'],
  ['net', 'key', 'ERR_INVALID_ARG_VALUE'],
  ['net.ipv4..ip_forward', 'key', 'ERR_INVALID_ARG_VALUE'],
  ['net/../kernel/hostname', 'key', 'ERR_INVALID_ARG_VALUE'],
  ['net.ipv4.//.x', 'key', 'ERR_INVALID_ARG_VALUE'],
  ['net.ipv4.ip_forward\0', 'key', 'ERR_INVALID_ARG_VALUE'],
])('the key %j is refused', async (key, field, code) => {
  await using red = await fresh()
  await expect(red.sysctl.get(key as string)).rejects.toMatchObject({ field, code })
})

test.each([
  [1.5, 'ERR_OUT_OF_RANGE'],
  [NaN, 'ERR_OUT_OF_RANGE'],
  ['1\n2', 'ERR_INVALID_ARG_VALUE'],
  ['x'.repeat(5000), 'ERR_OUT_OF_RANGE'],
  [undefined, 'ERR_INVALID_ARG_TYPE'],
  [null, 'ERR_INVALID_ARG_TYPE'],
  [{}, 'ERR_INVALID_ARG_TYPE'],
  [[1, 'x', {}], 'ERR_INVALID_ARG_TYPE'],
])('the value %j is refused', async (value, code) => {
  await using red = await fresh()
  await expect(red.sysctl.set('net.ipv4.ip_forward', value as number)).rejects.toMatchObject({ code })
})
