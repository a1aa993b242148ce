// Where programs are that the library starts. Like lib/errors.ts it serves all layers, and knows none.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** Root's programs are not in everybody's PATH. */
const besides = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Where programs are if there is no PATH, as in execvp(3). */
const withoutPath = ['/bin', '/usr/bin']

/** Whether this process may run it. */
function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * The path of a program, from the root, or undefined if it is nowhere in PATH and not where administrators have it.
 *
 * A program that is only named is not looked for in the working directory, whoever may write there: parts of PATH that are
 * empty (which means it to execvp(3)) or relative do not count. A name with a slash is a path, and means what it says.
 * @param name - The name or path of a program.
 */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? resolve(name) : undefined
  const { PATH } = process.env
  const inPath = PATH === undefined ? withoutPath : PATH.split(delimiter).filter((directory) => isAbsolute(directory))
  return [...inPath, ...besides].map((directory) => join(directory, name)).find(isProgram)
}
