// What the loader does when binaries are missing, broken or many, in a copy of the package.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const built = join(root, 'build', 'Release', 'netloom.node')
let copy: string

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'netloom-load-'))
  cpSync(join(root, 'package.json'), join(copy, 'package.json'))
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
})

afterEach(() => {
  rmSync(copy, { recursive: true })
})

function place(path: string, content?: string): void {
  const target = join(copy, path)
  mkdirSync(join(target, '..'), { recursive: true })
  if (content === undefined) copyFileSync(built, target)
  else writeFileSync(target, content)
}

function load(): unknown {
  const loader = jest.requireActual<{ loadAddon(): unknown }>(join(copy, 'dist', 'load.js'))
  return loader.loadAddon()
}

function failure(): Error {
  try {
    load()
  } catch (error) {
    return error as Error
  }
  throw new Error('it loaded')
}

test('a package without a binary says what it looked for and which command helps', () => {
  const { message } = failure()
  expect(message).toContain(`prebuilds/linux-${process.arch}/netloom.glibc.node: no such file`)
  expect(message).toContain('build/Release/netloom.node: no such file')
  expect(message).toContain('npm install-scripts approve netloom && npm rebuild netloom')
})

test('a checkout without a binary names its own command', () => {
  mkdirSync(join(copy, 'test'))
  expect(failure().message).toContain('npm run build:addon')
})

test('a binary that cannot be loaded is reported with the reason', () => {
  place('build/Release/netloom.node', 'not a shared object, but long enough to be read as one by its header'.repeat(9))
  const { message, cause } = failure()
  expect(message).toMatch(/build\/Release\/netloom\.node: .*(invalid ELF header|file too short)/)
  expect(cause).toMatchObject({ code: 'ERR_DLOPEN_FAILED' })
})

test('a broken binary does not hide a good one', () => {
  place('build/Release/netloom.node', '')
  place(`prebuilds/linux-${process.arch}/netloom.glibc.node`)
  expect(load()).toEqual(expect.any(Object))
})
