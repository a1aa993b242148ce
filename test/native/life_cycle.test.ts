// Every stage of the addon's life, crossed with every way in which its environment can end: one child each.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { uniqueName } from '../support/namespaces'
import { runFixture } from './child'

const stages = [
  'loaded',
  'open',
  'closed',
  'used and idle',
  'job running',
  'job queued',
  'jobs on every lane',
  'creations in flight',
  'handle closed under its jobs',
  'aborted while queued',
  'aborted while running',
  'time limit pending',
  'job failed',
  'ephemeral',
  'batch in flight',
  'pool filling',
  'pool full',
  'server listening',
  'connection open',
]

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
  test.each(stages)('at the stage "%s"', async (stage) => {
    const name = uniqueName('life')
    const ended = await runFixture('life_cycle', [stage, end, name])
    expect({ ...ended, stderr: code === 1 ? '' : ended.stderr }).toEqual({ code, signal: null, stdout: '', stderr: '' })
    if (code === 1) expect(ended.stderr).toContain('Error: on purpose')
    expect(left(name)).toEqual([])
  })
})

describe.each([
  { end: 'worker natural end', code: 0 },
  { end: 'worker process.exit', code: 7 },
  { end: 'worker uncaught exception', code: 1 },
  { end: 'worker.terminate', code: 1 },
])('a Worker that ends by $end leaves nothing in its process, at whatever stage', ({ end, code }) => {
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
