// What tests run in: Node, except that programs which they start do not inherit LD_PRELOAD. That is AddressSanitizer's, and
// for those alone that load the addon: they are started with `process.env`, where it still is.
const { TestEnvironment } = require('jest-environment-node')

const kept = 'NETLOOM_TEST_LD_PRELOAD'

module.exports = class extends TestEnvironment {
  constructor(...args) {
    super(...args)
    // The tests' own `process.env` is a copy; a child inherits the real one.
    const { LD_PRELOAD: preload = process.env[kept] } = process.env
    if (preload === undefined) return
    process.env[kept] = preload
    delete process.env.LD_PRELOAD
    this.global.process.env.LD_PRELOAD = preload
  }
}
