// Namespaces for benchmarks of packages/: these use the built netloom, whose classes are others than those of ../lib here.
import { NetNs } from 'netloom'
import { freshPrefix } from './namespaces'

/** As `fresh` of ./namespaces. */
export function fresh(word: string): Promise<NetNs> {
  return NetNs.create(freshPrefix(word).slice(0, -1), { ephemeral: true })
}
