// Names of namespaces, and the directory where `ip netns` keeps them.
import { checkText } from '../wire/text'
import { wrongType, wrongValue } from '../wire/invalid'

/** Where named namespaces are pinned, as by `ip netns`. */
export const namedDirectory = '/run/netns'

/** NAME_MAX of linux/limits.h. */
const longestName = 255

/** Checks a namespace's name: it becomes the name of a file. */
export function checkName(value: unknown, field = 'name'): string {
  const name = checkText(value, 1, longestName, field)
  if (name === '.' || name === '..' || name.includes('/')) {
    throw wrongValue(field, 'the name of a file: not "." or "..", without "/"', value)
  }
  return name
}

/** Checks what may be a name, or the options of what has none. */
export function checkFirst(value: unknown): void {
  if (value === undefined || typeof value === 'string' || (typeof value === 'object' && value !== null)) return
  throw wrongType('name', 'a string, or an object of options', value)
}

/** The path that a name stands for. */
export function pathOfName(name: string): string {
  return `${namedDirectory}/${name}`
}

/** The name that a path stands for. */
export function nameOfPath(path: string): string {
  return path.slice(namedDirectory.length + 1)
}
