// What useNetNs makes of the ways of each framework: where hooks are found, tests that run at the same time, failures.
import { outcomesOf, Project } from '../support/project'

const imports = "import { NetNs } from 'netloom'\nimport { useNetNs } from 'netloom/testing'\n"

test('jest: two in one file, a warning, hooks of its module, and test.concurrent, which comes before the hooks', async () => {
  using project = new Project('jest', 'jest')
  project.write(
    'test/more.test.js',
    `const { NetNs } = require('netloom')
    const { useNetNs } = require('netloom/testing')
    const net = useNetNs({ leaks: 'warn' })
    test.concurrent('concurrent', async () => net.ns)
    test('warned of', async () => { await NetNs.create() })
    describe('two', () => {
      const pair = useNetNs({ pair: true })
      const one = useNetNs({ names: ['one'] })
      test('have all', () => { for (const ns of [net.ns, pair.red, pair.green, one.one]) expect(ns.closed).toBe(false) })
      test('find a leak', async () => { await NetNs.create() })
    })
    describe('fake timers', () => {
      useNetNs()
      test('stop nothing', async () => { jest.useFakeTimers() })
      test('hide nothing', async () => { await NetNs.create() })
    })`,
  )
  const { stdout, stderr } = await project.run(
    'node_modules/jest/bin/jest.js',
    '--json',
    '--testTimeout=30000',
    'test/more.test.js',
  )
  const outcomes = outcomesOf(stdout)
  expect(outcomes).toMatchObject({ 'warned of': 'passed', 'have all': 'passed', 'stop nothing': 'passed' })
  expect(outcomes.concurrent).toMatch(/"ns" is there while a test runs, and none does/)
  expect(outcomes['find a leak']).toMatch(/LeakError: The test left behind:\n.*a handle of the namespace/)
  expect(outcomes['hide nothing']).toMatch(/LeakError/)
  expect(stderr).toMatch(/NETLOOM_LEAK[^]*a handle of the namespace/)
})

test('vitest: global hooks, leaks, hooks that are missing, tests that run at the same time', async () => {
  using project = new Project('vitest', 'vitest')
  project.write(
    'test/global.test.ts',
    `${imports}const net = useNetNs()
    test('has a namespace', async () => { expect(await net.ns.links.list()).toHaveLength(1) })
    test('leaks', async () => { await NetNs.create() })
    test.concurrent('cannot tell which', async () => { await new Promise((resolve) => setTimeout(resolve, 50)); net.ns })
    test.concurrent('can tell', async (context) => { await new Promise((resolve) => setTimeout(resolve, 100)); net.of(context).ns })`,
  )
  project.write(
    'test/missing.test.ts',
    `${imports}import { expect, test } from 'vitest'
    test('says what to hand over', () => { expect(() => useNetNs()).toThrow(/hooks: { beforeEach, afterEach }/) })`,
  )
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--reporter=json', '--hookTimeout=30000']
  const global = outcomesOf((await project.run(...vitest, '--globals', 'test/global.test.ts')).stdout)
  expect(global).toMatchObject({ 'has a namespace': 'passed', 'can tell': 'passed' })
  expect(global.leaks).toMatch(/left behind:\n.*a handle of the namespace/)
  expect(global['cannot tell which']).toMatch(/2 tests run at the same time/)
  const missing = await project.run(...vitest, 'test/missing.test.ts')
  expect(outcomesOf(missing.stdout)).toEqual({ 'says what to hand over': 'passed' })
})

test('node:test: leaks, nested suites, one inside a test', async () => {
  using project = new Project('node-test')
  project.write(
    'test/more.test.mjs',
    `${imports}import { describe, test } from 'node:test'
    const net = useNetNs()
    describe('outer', () => { describe('inner', () => { test('nested', () => { if (net.ns.closed) throw new Error('it is closed') }) }) })
    test('leaks', async () => { await NetNs.create() })
    test('fails', () => { throw new Error('as any test may') })
    test('inside', () => { useNetNs().ns })`,
  )
  const { stdout } = await project.run('--test', '--test-reporter=tap', 'test/more.test.mjs')
  expect(stdout).toMatch(/^ *ok \d+ - nested$/m)
  expect(stdout).toMatch(/^not ok \d+ - leaks$[^]*hookFailed[^]*The test left behind:\n +a handle of the namespace/m)
  expect(stdout).toMatch(/^not ok \d+ - fails$[^]*'as any test may'/m)
  expect(stdout).toMatch(/^not ok \d+ - inside$[^]*Call it beside the tests/m)
  expect(stdout).toMatch(/^# fail 3$/m)
})

test('without a framework it says what to hand over', async () => {
  using project = new Project('node-test')
  project.write('plain.mjs', `${imports}useNetNs()`)
  const { status, stderr } = await project.run('plain.mjs')
  expect(status).toBe(1)
  expect(stderr).toMatch(/NetloomError: useNetNs: there are no global beforeEach and afterEach/)
})
