// The examples as programs, compiled to .build/.
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const stamp = join(root, '.build', 'dev.tsbuildinfo')

const changedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Compiles them, unless nothing has changed since: the compiler takes seconds to find that out. */
export function compileExamples(): void {
  const sources = ['lib', 'bench', 'examples', 'soak'].flatMap((directory) =>
    readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
      .map((file) => join(root, directory, file)),
  )
  const begun = new Date()
  const compiled = changedAt(stamp)
  if ([...sources, join(root, 'tsconfig.dev.json')].every((file) => changedAt(file) < compiled)) return
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.dev.json')])
  // Where nothing else has changed, the compiler leaves it as it is.
  utimesSync(stamp, begun, begun)
}
