/**
 * Finds the compiled addon and loads it. The lowest module of all: it imports nothing of the package, and nothing but
 * `native.ts` imports it.
 */
import bindings from 'bindings'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where a binary may be, below the package's root. The first that loads is taken. */
function candidates(): string[] {
  return [
    // Compiled on this machine. Before the binary that came with the package: somebody who compiled wants the result,
    // and a checkout's prebuilds/ may be older than its sources.
    'build/Release/netloom.node',
    'build/Debug/netloom.node',
    `prebuilds/linux-${process.arch}/netloom.${libc()}.node`,
  ]
}

/**
 * The C library that this process runs on. The name of the dynamic loader stands in the head of the executable, which
 * is exact and cheap; `process.report` costs some milliseconds and needs a network look-up on some releases.
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
    // No /proc: glibc is the better guess.
  }
  return head.includes('ld-musl') ? 'musl' : 'glibc'
}

/** The package's root, which is one level up from lib/ and dist/, and two from where benchmarks are compiled to. */
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

/** Where the launcher is: beside the addon that was loaded. */
export function launcherPath(): string {
  return loadedFrom === undefined ? '' : join(dirname(loadedFrom), 'netloom-launcher')
}

/**
 * Loads the addon and returns its exports. Any number of calls give the same object.
 *
 * @throws Error that says what was looked for, why a binary that is there did not load (`cause` is that failure in
 * full), and which command helps.
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
      // One at a time: given a list, `bindings` gives up at the first file that cannot be loaded.
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
