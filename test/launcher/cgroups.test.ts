// A program in a control group: it, whatever it starts, and the first process of its pid namespace are in it from the
// start. cgroup v2 is mounted where only the scene sees it; every kernel has it, beside v1 too.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openDirectory, played } from './inside'

interface Family {
  readonly own: string
  readonly within: readonly string[]
  readonly monitor: string
  readonly emptied: boolean
}

interface Report {
  readonly name: string
  readonly alone: Family
  readonly inPids: Family
  readonly asRoot: Family
  readonly sync: string
  readonly refused: unknown
  readonly frozen: unknown
  readonly frozenInPids: unknown
}

const directory = openDirectory()

test('all of a program is in its group, and what keeps it from there is told', async () => {
  const mounted = join(directory, 'groups')
  mkdirSync(mounted)
  const within = ['unshare', '--mount', 'sh', '-c', `mount -t cgroup2 none ${mounted} && exec "$@"`, 'sh']
  const report = await played<Report>(within, 'grouped.cjs', [mounted])
  const path = `/${report.name}`
  const family = ['sh', 'sh', 'sleep', 'sleep']
  expect(report.alone).toEqual({ own: path, within: family, monitor: 'sh', emptied: true })
  const withFirst = ['netloom-init', ...family]
  // Who stands for it outside is not in it: it tells how the program ended when all of the group is killed.
  expect(report.inPids).toEqual({ own: path, within: withFirst, monitor: 'netloom-monitor', emptied: true })
  // It is the root of a cgroup namespace that is made.
  expect(report.asRoot).toEqual({ own: '/', within: withFirst, monitor: 'netloom-monitor', emptied: true })
  expect(report.sync).toContain(`0::${path}\n`)
  expect(report.refused).toEqual({ code: 'EOPNOTSUPP', syscall: 'cgroup.procs', seconds: 0, emptied: true })
  // Nobody waits for ever for a group that is frozen, and none of it is left there.
  const stalled = { code: 'ETIMEDOUT', syscall: 'launch', seconds: 10, emptied: true }
  expect(report.frozen).toEqual(stalled)
  expect(report.frozenInPids).toEqual(stalled)
})
