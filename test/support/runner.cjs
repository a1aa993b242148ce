// jest's own runner, whose workers are started by worker.sh. jest forks them and gives no way to name the program: it is
// `process.execPath` (child_process.fork).
const { default: TestRunner } = require('jest-runner')
const { join } = require('node:path')

module.exports = class extends TestRunner {
  async runTests(...args) {
    const { execPath } = process
    process.env.NETLOOM_TEST_NODE = execPath
    process.execPath = join(__dirname, 'worker.sh')
    try {
      await super.runTests(...args)
    } finally {
      process.execPath = execPath
    }
  }
}
