'use strict'
// Runs tests by jest's engine, without the rest of it. With the argument `lacking` it runs none, and prints what this machine's
// kernel lacks for some of them.
const circus = require('jest-circus')
const { jestExpect } = require('@jest/expect')

const { describe, it, test, beforeAll, beforeEach, afterAll, afterEach } = circus
Object.assign(globalThis, { describe, it, test, beforeAll, beforeEach, afterAll, afterEach, expect: jestExpect })

const { needs, leftMark } = require('../../test/support/needs.ts')

const nameOf = ({ name, parent }) => (parent === undefined ? '' : `${nameOf(parent)} ${name}`.trim())
const withoutRoot = (name) => name.replace(/^ROOT_DESCRIBE_BLOCK /, '')

async function run() {
  if (process.argv[2] === 'lacking') {
    const lacking = needs().filter(({ has }) => !has)
    process.stdout.write(JSON.stringify(lacking.map(({ missing }) => missing)))
    process.exit(0)
  }
  const counts = { passed: 0, failed: 0 }
  circus.addEventHandler((event, state) => {
    if (event.name === 'setup') state.testTimeout = 600_000
    if (event.name !== 'test_done' || !event.test.name.endsWith(leftMark)) return
    const { test } = event
    const name = withoutRoot(nameOf(test)).replace(leftMark, '')
    counts[test.errors.length === 0 ? 'passed' : 'failed']++
    console.log(`${test.errors.length === 0 ? 'ok' : 'FAILED'} ${name} (${test.duration} ms)`)
    for (const error of test.errors) console.log(String([error].flat()[0]?.stack ?? error))
  })
  circus.getState().testTimeout = 600_000
  circus.getState().testNamePattern = new RegExp(`${leftMark.replace(/[()]/g, '\\$&')}$`)
  const { unhandledErrors } = await circus.run()
  for (const error of unhandledErrors) console.log(error)
  console.log(`${counts.passed} passed, ${counts.failed + unhandledErrors.length} failed`)
  process.exit(counts.failed + unhandledErrors.length === 0 && counts.passed > 0 ? 0 : 1)
}

module.exports = { run }
