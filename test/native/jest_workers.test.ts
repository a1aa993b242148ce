// The library in the tests of others: files that jest runs at the same time, in processes or in threads.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NetNs } from '../../lib/index'
import { uniqueName } from '../support/namespaces'

const run = promisify(execFile)

interface Summary {
  success: boolean
  numPassedTests: number
  testResults: { assertionResults: { title: string }[] }[]
}

test.each([
  ['processes', 'in a process', []],
  ['threads', 'in a thread', ['--workerThreads']],
])(
  'jest workers that are %s make namespaces at once, and none is in another’s way',
  async (_what, where, options) => {
    const prefix = `${uniqueName('jest')}-`
    const config = join(__dirname, 'fixtures', 'jest', 'jest.config.cjs')
    const cli = join(__dirname, '../../node_modules/jest/bin/jest.js')
    const args = [cli, '--config', config, '--maxWorkers=4', '--json', '--no-cache', ...options]
    const env: NodeJS.ProcessEnv = { ...process.env, NETLOOM_TEST_PREFIX: prefix }
    delete env.NODE_OPTIONS
    delete env.JEST_WORKER_ID
    const { stdout } = await run(process.execPath, args, { env, timeout: 60_000 })
    const { success, numPassedTests, testResults } = JSON.parse(stdout) as Summary
    expect({ success, numPassedTests }).toEqual({ success: true, numPassedTests: 20 })
    for (const { assertionResults } of testResults) expect(assertionResults[0]?.title).toContain(where)
    expect((await NetNs.list()).filter(({ name }) => name.startsWith(prefix))).toEqual([])
  },
  60_000,
)
