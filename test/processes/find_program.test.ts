// Which program is run under a name: never one that somebody has put into the working directory.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../lib/programs'

let directory: string
const [home, path] = [process.cwd(), process.env.PATH]

/** An executable file. */
function program(at: string): string {
  writeFileSync(at, '#!/bin/sh\n', { mode: 0o755 })
  return at
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'netloom-programs-'))
  process.chdir(directory)
})

afterEach(() => {
  process.chdir(home)
  process.env.PATH = path
  rmSync(directory, { recursive: true })
})

test.each([undefined, '', ':', ':/nowhere', '/nowhere:', '/nowhere::/nowhere', '.', './', 'bin', '../x:bin:'])(
  'with PATH %j nothing is found in the working directory',
  (value) => {
    mkdirSync('bin')
    program('netloom-planted')
    program('bin/netloom-planted')
    program('ip')
    if (value === undefined) delete process.env.PATH
    else process.env.PATH = value
    expect(findProgram('netloom-planted')).toBeUndefined()
    // What administrators have is found all the same, by its path from the root.
    expect(findProgram('ip')).toMatch(/^\/(usr\/)?s?bin\/ip$/)
  },
)

test('without PATH programs of everybody are found, as execvp(3) does', () => {
  delete process.env.PATH
  expect(findProgram('sh')).toBe('/bin/sh')
})

test('the first directory of PATH that has it counts', () => {
  for (const name of ['first', 'second']) mkdirSync(name)
  process.env.PATH = [join(directory, 'first'), join(directory, 'second')].join(':')
  const second = program(join(directory, 'second/netloom-found'))
  expect(findProgram('netloom-found')).toBe(second)
  const first = program(join(directory, 'first/netloom-found'))
  expect(findProgram('netloom-found')).toBe(first)
})

test('what cannot be run is none: a directory, a file that nobody may execute', () => {
  process.env.PATH = directory
  mkdirSync('netloom-directory')
  chmodSync(program('netloom-text'), 0o644)
  for (const name of ['netloom-directory', 'netloom-text', '', '.', '..', 'a\0b']) {
    expect(findProgram(name)).toBeUndefined()
  }
})

test('a path is one of the working directory, and is given from the root', () => {
  program('netloom-here')
  expect(findProgram('./netloom-here')).toBe(join(directory, 'netloom-here'))
  expect(findProgram(join(directory, 'netloom-here'))).toBe(join(directory, 'netloom-here'))
  expect(findProgram('./netloom-elsewhere')).toBeUndefined()
})
