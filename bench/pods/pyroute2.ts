// How pyroute2 makes pods: as its documentation does, and by the fastest recipe that it can say. Skipped where it is missing.
import { join } from 'node:path'
import type { PodMaker } from './pod'
import { runInside, works } from './programs'

// This file is compiled to .build/bench/pods/.
const program = join(__dirname, '..', '..', '..', 'bench', 'pods', 'make_pods.py')

/** The Python that has pyroute2, of Debian's and of the one that comes first in the path. */
export async function pythonWithPyroute2(): Promise<string | undefined> {
  for (const python of ['/usr/bin/python3', 'python3']) {
    if (await works(python, '-c', 'import pyroute2')) return python
  }
  return undefined
}

function maker(python: string, how: 'born' | 'moved', name: string, share: number): PodMaker {
  return {
    name,
    side: 'other',
    share,
    make: async (context, { host, prefix, first, count }) =>
      Number(await runInside(context, host, python, [program, prefix, String(first), String(count), how])),
  }
}

/** Both ways. */
export function pyroute2Makers(python: string): { born: PodMaker; moved: PodMaker } {
  return {
    born: maker(python, 'born', 'pyroute2, born in place', 0.15),
    moved: maker(python, 'moved', 'pyroute2, moved', 0.05),
  }
}
