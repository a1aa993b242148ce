// The stages of the addon's life, crossed with every way in which its environment can end.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { uniqueName } from '../support/namespaces'
import { runFixture } from './child'

// A start of Node costs more than most stages: stages that one environment can be at together share it. Those where
// something is under way are begun at once, so that none is over when the last is reached.
const together = [
  ['loaded'],
  ['open', 'closed', 'job failed', 'ephemeral', 'pool full', 'used and idle'],
  ['job running', 'aborted while running'],
  ['job queued', 'jobs on every lane', 'handle closed under its jobs', 'aborted while queued', 'time limit pending'],
  ['creations in flight', 'batch in flight'],
  ['pool filling'],
  ['server listening', 'connection open'],
].map((stages) => stages.join('+'))
const alone = together.flatMap((stages) => stages.split('+'))

/** The namespaces that a child left behind, which are removed. */
function left(name: string): string[] {
  if (!existsSync('/run/netns')) return []
  const names = readdirSync('/run/netns').filter((file) => file === name || file.startsWith(`${name}-`))
  for (const found of names) execFileSync('ip', ['netns', 'delete', found])
  return names
}

describe.each([
  { end: 'natural exit', code: 0 },
  { end: 'process.exit', code: 7 },
  { end: 'exit inside run', code: 7 },
  { end: 'uncaught exception', code: 1 },
  { end: 'unhandled rejection', code: 1 },
])('a process that ends by $end has its exit code and leaves nothing', ({ end, code }) => {
  test.each(together)('at %s', async (stage) => {
    const name = uniqueName('life')
    const ended = await runFixture('life_cycle', [stage, end, name])
    expect({ ...ended, stderr: code === 1 ? '' : ended.stderr }).toEqual({ code, signal: null, stdout: '', stderr: '' })
    if (code === 1) expect(ended.stderr).toContain('Error: on purpose')
    expect(left(name)).toEqual([])
  })
})

describe.each([
  { end: 'worker natural end', code: 0, stages: together },
  { end: 'worker process.exit', code: 7, stages: alone },
  { end: 'worker uncaught exception', code: 1, stages: together },
  { end: 'worker.terminate', code: 1, stages: alone },
])('a Worker that ends by $end leaves nothing in its process, at whatever stage', ({ end, code, stages }) => {
  test('one after another', async () => {
    const name = uniqueName('life')
    const { code: exit, signal, stdout, stderr } = await runFixture('life_cycle', [stages.join(), end, name])
    expect({ exit, signal, stderr }).toEqual({
      exit: 0,
      signal: null,
      stderr: stages.map((one) => `${one}\n`).join(''),
    })
    expect(JSON.parse(stdout)).toEqual(Object.fromEntries(stages.map((stage) => [stage, { code, left: [] }])))
    expect(left(name)).toEqual([])
  })
})
