// Which undici a dispatcher is made of: the program's or the library's, never one that lies in the working directory.
import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const directory = mkdtempSync(join(tmpdir(), 'netloom-modules-'))
const netloom = install('installed')

/** A module that tells its name when a dispatcher is made of it. */
function undici(place: string, name: string): void {
  const at = join(directory, place, 'node_modules/undici')
  mkdirSync(at, { recursive: true })
  const source = `
    exports.Agent = class { constructor() { process.stdout.write('${name}') } }
    exports.buildConnector = () => undefined
    exports.errors = {}`
  writeFileSync(join(at, 'index.js'), source)
}

/** The package as it was compiled, in the node_modules of a program. */
function install(place: string): string {
  const modules = join(directory, place, 'node_modules')
  const at = join(modules, 'netloom')
  mkdirSync(at, { recursive: true })
  cpSync(join(root, 'package.json'), join(at, 'package.json'))
  cpSync(join(root, 'dist'), join(at, 'dist'), { recursive: true })
  symlinkSync(join(root, 'build'), join(at, 'build'))
  for (const name of ['bindings', 'file-uri-to-path', 'dns-packet', '@leichtgewicht']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  return at
}

/** What uses a dispatcher of the package at a path. */
const using = (netloom: string): string => `
  ${netloom}.NetNs.create().then((ns) => {
    try {
      ns.dispatcher()
    } catch (error) {
      process.stdout.write(error.code)
    }
    ns.close()
  })`
const code = (netloom: string): string => using(`require(${JSON.stringify(netloom)})`)

function run(args: readonly string[], more: Partial<ExecFileSyncOptionsWithStringEncoding> = {}): string {
  return execFileSync(process.execPath, args, { encoding: 'utf8', cwd: join(directory, 'planted'), ...more })
}

undici('planted', 'planted')

afterEach(() => {
  for (const place of ['installed', 'program']) {
    rmSync(join(directory, place, 'node_modules/undici'), { recursive: true, force: true })
  }
})

afterAll(() => {
  rmSync(directory, { recursive: true })
})

test.each([
  ['-e', (text: string, file: string) => run(['-e', text, file])],
  ['--eval=', (text: string, file: string) => run([`--eval=${text}`, file])],
  ['-p', (text: string, file: string) => run(['-p', `${text}; ''`, file]).trim()],
  ['standard input', (text: string, file: string) => run(['-', file], { input: text })],
])('code of %s has what the library has', (_, evaluate) => {
  // An argument is not the program, whatever lies beside it.
  const argument = join(directory, 'planted/any.js')
  expect(evaluate(code(netloom), argument)).toBe('ERR_NETLOOM_NO_UNDICI')
  undici('installed', 'installed')
  expect(evaluate(code(netloom), argument)).toBe('installed')
})

test.each(['cjs', 'mjs'])('a program (.%s) has its own, and else what the library has', (kind) => {
  const program = join(directory, `program/bin/run.${kind}`)
  mkdirSync(join(directory, 'program/bin'), { recursive: true })
  const imported = `import netloom from ${JSON.stringify(join(netloom, 'dist/index.js'))}\n${using('netloom')}`
  writeFileSync(program, kind === 'mjs' ? imported : code(netloom))
  expect(run([program])).toBe('ERR_NETLOOM_NO_UNDICI')
  undici('installed', 'installed')
  expect(run([program])).toBe('installed')
  undici('program', 'program')
  expect(run([program])).toBe('program')
  // As it is started by its name, from a directory of links.
  symlinkSync(program, join(directory, `planted/run.${kind}`))
  expect(run([join(directory, `planted/run.${kind}`)])).toBe('program')
})
