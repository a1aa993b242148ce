// Finds the programs that the library starts. Like lib/errors.ts it serves all layers, and imports none.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

/** Directories that are not in every user's PATH. */
const besides = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The directories without a PATH, as in execvp(3). */
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
 * The absolute path of a program, or undefined if it is neither in PATH nor in the directories of administrators' programs.
 *
 * Never searches the working directory for a name, as another user may be able to write there: ignores parts of PATH that are
 * empty (which stand for the working directory in execvp(3)) or relative. A name with a slash is a path, and is used as it is.
 * @param name - The name or path of a program.
 */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? resolve(name) : undefined
  const { PATH } = process.env
  const inPath = PATH === undefined ? withoutPath : PATH.split(delimiter).filter((directory) => isAbsolute(directory))
  return [...inPath, ...besides].map((directory) => join(directory, name)).find(isProgram)
}
