// The floor: C programs in floor/ that do the least the kernel lets them. Compiled when first needed, to .build/floor/.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Context } from './benchmark'

const run = promisify(execFile)
// This file is compiled to .build/bench/.
const build = join(__dirname, '..', 'floor')
const sources = join(__dirname, '..', '..', 'bench', 'floor')
const flags = ['-std=gnu11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Werror', '-pthread']

async function compiled(program: string): Promise<string> {
  const output = join(build, program)
  const needed = [`${program}.c`, ...readdirSync(sources).filter((name) => name.endsWith('.h'))]
  const newest = Math.max(...needed.map((name) => statSync(join(sources, name)).mtimeMs))
  if (!existsSync(output) || statSync(output).mtimeMs < newest) {
    mkdirSync(build, { recursive: true })
    await run('cc', [...flags, '-o', output, join(sources, `${program}.c`)])
  }
  return output
}

/** A command, on one core if one is given. */
export function pinned(core: number | undefined, command: [string, ...string[]]): [string, ...string[]] {
  return core === undefined ? command : ['taskset', '-c', String(core), ...command]
}

/** Runs a program of the floor and gives the numbers that it prints. */
export async function floor(
  { signal, core }: Context,
  program: string,
  ...args: readonly (string | number)[]
): Promise<[number, ...number[]]> {
  const [file, ...rest] = pinned(core, [await compiled(program), ...args.map(String)])
  const { stdout } = await run(file, rest, { signal })
  const [first, ...others] = stdout.trim().split(/\s+/).map(Number)
  if (first === undefined || Number.isNaN(first)) throw new Error(`${program} printed no number: ${stdout}`)
  return [first, ...others]
}
