// What others may have made of the files that an agent reads: nothing is waited for, and no more is read than there may be.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, symlinkSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readIfThere } from '../../lib/agents/files'
import { parseLeases } from '../../lib/index'
import { LogTail } from '../../lib/dhcp/log_tail'
import { Scene } from './scene'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-hostile-'))
  path = join(directory, 'file')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

/** Puts something else than a file in the place of one, each in turn. */
function* others(): Generator<string> {
  execFileSync('mkfifo', [path])
  yield 'a FIFO'
  unlinkSync(path)
  symlinkSync('/dev/zero', path)
  yield '/dev/zero'
  unlinkSync(path)
  symlinkSync(path, path)
  yield 'a link to itself'
  unlinkSync(path)
}

test('what is no file has no text, and no lines', () => {
  const log = new LogTail(path)
  for (const what of others()) {
    expect([what, readIfThere(path)]).toEqual([what, undefined])
    if (what !== 'a link to itself') expect([what, log.lines()]).toEqual([what, []])
  }
})

test('of a file of a terabyte the beginning is read', () => {
  writeFileSync(path, 'x')
  truncateSync(path, 2 ** 40)
  expect(readIfThere(path)).toHaveLength(32 << 20)
})

test('a log that grows faster than it is read is read at its end, a line without an end is forgotten', () => {
  const log = new LogTail(path)
  writeFileSync(path, 'one\ntw')
  expect(log.lines()).toEqual(['one'])
  appendFileSync(path, 'o\nthr')
  expect(log.lines()).toEqual(['two'])
  truncateSync(path, 2 ** 40)
  appendFileSync(path, '\nread the options\n')
  expect(log.lines().at(-1)).toBe('read the options')
  appendFileSync(path, 'x'.repeat(100_000))
  expect(log.lines()).toEqual([])
  appendFileSync(path, 'end\nlast\n')
  expect(log.lines()).toEqual(['end', 'last'])
  // Emptied by `skip`, and by others.
  log.skip()
  appendFileSync(path, 'é\n')
  expect(log.lines()).toEqual(['é'])
  writeFileSync(path, 'n\n')
  expect(log.lines()).toEqual(['n'])
})

test('letters of several bytes that come in two pieces are whole', () => {
  const log = new LogTail(path)
  const bytes = Buffer.from('é\n')
  writeFileSync(path, bytes.subarray(0, 1))
  expect(log.lines()).toEqual([])
  appendFileSync(path, bytes.subarray(1))
  expect(log.lines()).toEqual(['é'])
})

test('leases among a million lines of nothing, and lines without measure, are found', () => {
  const lease = '0 fa:16:3e:00:00:02 10.0.0.11 * *'
  const { leases, malformed } = parseLeases(
    `${'\n'.repeat(1_000_000)}${lease}\n${'x'.repeat(1 << 20)}\n${lease}${' '.repeat(5000)}\n`,
  )
  expect(leases).toMatchObject([{ address: '10.0.0.11' }])
  expect(malformed).toHaveLength(1000)
  expect(parseLeases(`${'0'.repeat(1 << 20)}\n`).malformed[0]).toHaveLength(2048)
})

test('an agent goes on whose files are others’ now', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const id = scene.id()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const network = await agent.networks.ensure({ id, tap: 'tap1', subnets })
  const mac = '52:54:00:00:00:01'
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  for (const file of ['host', 'opts', 'leases.told']) {
    const at = join(scene.stateDir, id, file)
    rmSync(at, { force: true })
    execFileSync('mkfifo', [at])
  }
  await network.ports.update('vm', { hostname: 'vm' })
  expect(await scene.udhcpc(await scene.client(network.bridge, mac))).toMatchObject({ ip: '10.0.0.10', hostname: 'vm' })
  expect(network.leases()).toMatchObject([{ address: '10.0.0.10' }])
})
