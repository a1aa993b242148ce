// A reporter of jest: at the end, the files that took longest.
const { relative } = require('node:path')

const shown = 10

module.exports = class {
  onRunComplete(_contexts, { testResults }) {
    if (testResults.length < 2) return
    const taken = testResults.map(({ testFilePath, perfStats: { start, end } }) => ({ testFilePath, ms: end - start }))
    const slowest = taken.sort((a, b) => b.ms - a.ms).slice(0, shown)
    const lines = slowest.map(
      ({ testFilePath, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${relative(process.cwd(), testFilePath)}`,
    )
    process.stderr.write(`\nThe slowest files:\n${lines.join('\n')}\n`)
  }
}
