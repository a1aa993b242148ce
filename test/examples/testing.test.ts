// The projects that test with netloom/testing, as their users run them: by jest, vitest and node --test.
import { Project, outcomesOf } from '../support/project'

const jestIn = async (project: Project, ...args: string[]): ReturnType<Project['run']> =>
  project.run('node_modules/jest/bin/jest.js', '--json', '--testTimeout=30000', ...args)

test('examples/jest passes', async () => {
  using project = new Project('jest', 'jest')
  const { status, stdout, stderr } = await jestIn(project)
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
  expect(outcomesOf(stdout)).toEqual({
    'green answers red': 'passed',
    'a link that is down carries nothing': 'passed',
    'the client goes by the router': 'passed',
    'each has a port of its name': 'passed',
    'one test makes a bridge': 'passed',
    'the next one finds it': 'passed',
    'a program leaves nothing behind': 'passed',
  })
})

test('the tests of examples/jest that leave something fail, and each failure names it', async () => {
  using project = new Project('jest', 'jest')
  const { status, stdout } = await jestIn(project, '--config', 'jest.leaky.config.cjs', '--forceExit')
  expect(status).toBe(1)
  const opened = 'not closed; it was opened here:\\n +at [^]*leaky\\.test\\.js:\\d+'
  const outcomes = outcomesOf(stdout)
  for (const [title, named] of [
    ['leaves a namespace', 'the namespace leaky-\\S+ in /run/netns'],
    ['leaves a handle open', `a handle of the namespace net:\\[\\d+\\], ${opened}`],
    ['leaves a server', `a server in the namespace net:\\[\\d+\\], ${opened}`],
    ['leaves a file open', 'descriptor \\d+ \\(/dev/null\\)'],
    ['leaves a process', 'process \\d+ \\(sleep 60\\)'],
    ['leaves a device in the namespace that it runs in', 'device leaky0'],
  ] as const) {
    expect(outcomes[title]).toMatch(new RegExp(`LeakError: The test left behind:\n[^]*${named}`))
  }
  const fails = outcomes['fails, and leaves nothing: its namespace goes all the same']
  expect(fails).toMatch(/^Error: as any test may/)
  expect(fails).not.toContain('LeakError')
  expect(Object.keys(outcomes)).toHaveLength(7)
})

test('examples/vitest passes', async () => {
  using project = new Project('vitest', 'vitest')
  const { status, stdout, stderr } = await project.run(
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=json',
    '--hookTimeout=30000',
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(Object.entries(outcomesOf(stdout))).toEqual(
    ['talks', 'there is only br0', 'there is only br1', 'there is only br2'].map((title) => [title, 'passed']),
  )
})

test('examples/node-test passes', async () => {
  using project = new Project('node-test')
  const { status, stdout } = await project.run('--test', '--test-reporter=tap')
  expect({ status, stdout: status === 0 ? '' : stdout }).toEqual({ status: 0, stdout: '' })
  expect(stdout).toMatch(/^# pass [46]$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
  for (const title of ['talks', 'there is only br0', 'a namespace of its own', 'of its own']) {
    expect(stdout).toMatch(new RegExp(`^ *ok \\d+ - ${title}$`, 'm'))
  }
})
