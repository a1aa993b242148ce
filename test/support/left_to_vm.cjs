// A reporter of jest: at the end, how many tests this machine's kernel cannot run (needs.ts).
module.exports = class {
  onRunComplete(_contexts, { testResults }) {
    const skipped = testResults.flatMap(({ testResults: tests }) => tests.filter(({ status }) => status === 'pending'))
    const left = skipped.filter(({ title }) => title.includes('(not on this kernel: ')).length
    if (left > 0) process.stderr.write(`\n${left} tests need more than this kernel has: npm run test:vm runs them\n`)
  }
}
