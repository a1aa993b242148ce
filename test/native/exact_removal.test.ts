// Whoever is in a namespace may make ten thousand rules of one priority: what a flush compares stays bounded.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const rollback = join(root, 'native', 'rollback')
const directory = mkdtempSync(join(tmpdir(), 'exact-'))
const program = join(directory, 'exact_removal')

const steps = (count: number): Record<string, number> =>
  Object.fromEntries(
    execFileSync(program, [String(count)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.lastIndexOf(':')), Number(line.slice(line.lastIndexOf(':') + 1))]),
  )

beforeAll(() => {
  const sources = readdirSync(rollback)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => join(rollback, name))
  const options = ['-std=c++20', '-O1', '-Wall', '-Wextra', '-Werror', '-fsanitize-coverage=trace-pc', '-o', program]
  execFileSync('g++', [
    ...options,
    `-I${join(root, 'native')}`,
    join(__dirname, 'fixtures', 'exact_removal.cc'),
    ...sources,
  ])
})
afterAll(() => {
  rmSync(directory, { recursive: true })
})

test('of 10,000 rules of one priority, each is compared with few others, whatever they are', () => {
  const few = steps(2500)
  const many = steps(10_000)
  expect(Object.keys(many)).toHaveLength(9)
  // Four times as many rules: n log n is 4.7 times as many steps, n² 16 times.
  for (const [rules, taken] of Object.entries(many)) {
    if (rules === 'random') continue
    expect({ rules, more: taken / few[rules]! < 6 }).toEqual({ rules, more: true })
    expect({ rules, each: taken / 10_000 < 20_000 }).toEqual({ rules, each: true })
  }
})

test('just those go that are meant, and the others keep their order: random rules', () => {
  expect(steps(1).random).toBe(1)
})
