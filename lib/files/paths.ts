// Paths whose files differ between network namespaces, and the tree that each belongs to.
import { FileTree } from '../native/file_jobs'
import { wrongType, wrongValue } from '../wire/invalid'
import { checkText } from '../wire/text'

/** A file of one of the trees. */
export interface TreePath {
  readonly tree: FileTree
  /** Relative to the tree. */
  readonly path: string
}

const roots: readonly (readonly [prefix: string, tree: FileTree])[] = [
  ['/proc/sys/net', FileTree.sysctl],
  ['/proc/net', FileTree.proc],
  ['/proc/self/net', FileTree.proc],
  ['/proc/thread-self/net', FileTree.proc],
  ['/sys', FileTree.sysfs],
  ['/etc', FileTree.etc],
]

const expected = `a path below ${roots.map(([prefix]) => prefix).join(', ')}: others are the same in every network namespace, and Node's fs reads them`

/** PATH_MAX of linux/limits.h, without the NUL. */
const longestPath = 4095

/** Checks that a path belongs to one of the trees. */
export function treePathOf(value: unknown, field = 'path'): TreePath {
  if (typeof value !== 'string') throw wrongType(field, 'a path', value)
  const path = checkText(value, 1, longestPath, field)
  for (const [prefix, tree] of roots) {
    if (path === prefix) return { tree, path: '' }
    if (path.startsWith(`${prefix}/`)) return { tree, path: checkRelative(path.slice(prefix.length + 1), field, value) }
  }
  throw wrongValue(field, expected, value)
}

/** Checks a path relative to a tree: it must not lead out of it. */
export function checkRelative(path: string, field: string, value: unknown): string {
  const parts = path.replace(/\/$/, '').split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw wrongValue(field, 'a path without "//", "." and ".."', value)
  }
  return parts.join('/')
}
