'use strict'
// npm run test:vm [-- FILE…]: runs the tests that this machine's kernel cannot, in a virtual machine. Which those are, the tests
// say themselves (test/support/needs.ts). Ends as they end.
const { spawnSync } = require('node:child_process')
const { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } = require('node:fs')
const { join } = require('node:path')
const { bundle, marked } = require('./bundle.cjs')

const root = join(__dirname, '..', '..')

function testFiles() {
  const directories = ['test', ...readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'test'))]
  return directories
    .filter((directory) => existsSync(join(root, directory)))
    .flatMap((directory) =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((name) => join(directory, name)),
    )
    .filter((name) => name.endsWith('.test.ts') && !name.includes('node_modules'))
    .sort()
}

async function main() {
  const wanted = process.argv.slice(2)
  const files = marked(testFiles()).filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  mkdirSync(join(root, '.build'), { recursive: true })
  const directory = mkdtempSync(join(root, '.build/vm-tests-'))
  try {
    const program = join(directory, 'tests.cjs')
    await bundle(files, program)
    const { stdout, status } = spawnSync(process.execPath, [program, 'lacking'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (status !== 0) return 1
    const lacking = JSON.parse(stdout)
    if (lacking.length === 0) {
      console.log('This kernel lacks nothing that the tests need')
      return 0
    }
    console.log(`In the virtual machine: what needs more than this kernel has (${lacking.join('; ')})`)
    // To compile what runs a few times takes an emulated processor longer than to interpret it.
    const node = [process.execPath, '--no-opt', '--no-sparkplug', program]
    const inside = ['env', `NETLOOM_LEFT_TO_VM=${stdout}`, ...node]
    return spawnSync('bash', [join(__dirname, 'run.sh'), ...inside], { cwd: root, stdio: 'inherit' }).status ?? 1
  } finally {
    rmSync(directory, { recursive: true })
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error)
    process.exitCode = 1
  },
)
