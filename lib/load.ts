/**
 * Finds the compiled addon and loads it. The lowest module of all: it imports no other module of the package.
 */
import bindings from 'bindings'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The paths of binaries, relative to the package's root. The first that loads is used. */
function candidates(): string[] {
  return [
    // Compiled on this machine. Before the binary of the package: a user who has compiled wants the result, and the prebuilds/
    // of a checkout may be older than its sources.
    'build/Release/netloom.node',
    'build/Debug/netloom.node',
    `prebuilds/linux-${process.arch}/netloom.${libc()}.node`,
  ]
}

/**
 * The C library of this process, by the name of the dynamic loader in the executable's header, which is exact and cheap:
 * `process.report` takes some milliseconds, and on some releases a network look-up.
 */
function libc(): 'glibc' | 'musl' {
  const head = Buffer.alloc(4096)
  try {
    const fd = openSync('/proc/self/exe', 'r')
    try {
      readSync(fd, head, 0, head.length, 0)
    } finally {
      closeSync(fd)
    }
  } catch {
    // Without /proc, glibc is more likely.
  }
  return head.includes('ld-musl') ? 'musl' : 'glibc'
}

/** The package's root: one level above lib/ and dist/, and two above the directory of compiled benchmarks. */
function packageRoot(): string {
  let directory = dirname(__dirname)
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory)
    if (parent === directory) return dirname(__dirname)
    directory = parent
  }
  return directory
}

let loadedFrom: string | undefined

/** The path of the launcher, which is beside the loaded addon. */
export function launcherPath(): string {
  return loadedFrom === undefined ? '' : join(dirname(loadedFrom), 'netloom-launcher')
}

/**
 * Loads the addon and returns its exports. All calls return the same object.
 *
 * @throws Error with the paths that were tried, the reason why an existing binary did not load (with the whole error as `cause`),
 * and the command that helps.
 */
export function loadAddon(): unknown {
  const root = packageRoot()
  const tried: string[] = []
  let cause: unknown
  for (const candidate of candidates()) {
    if (!existsSync(join(root, candidate))) {
      tried.push(`  ${candidate}: no such file`)
      continue
    }
    try {
      // One at a time: with a list, `bindings` stops at the first file that cannot be loaded.
      const loaded: unknown = bindings({ bindings: 'netloom', module_root: root, try: [['module_root', candidate]] })
      loadedFrom = join(root, candidate)
      return loaded
    } catch (error) {
      cause ??= error
      tried.push(`  ${candidate}: ${firstLine(error)}`)
    }
  }
  const fix = existsSync(join(root, 'test'))
    ? 'In this checkout, compile it with: npm run build:addon'
    : 'Compile it with: npm install-scripts approve netloom && npm rebuild netloom\n' +
      '(this needs a C++20 compiler, make and Python)'
  throw new Error(
    `netloom's native addon could not be loaded for linux-${process.arch} (${libc()}), Node ${process.version}.\n` +
      `Looked for, in ${root}:\n${tried.join('\n')}\n${fix}`,
    cause === undefined ? {} : { cause },
  )
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}
