// /etc/netns/NAME of the tests' namespaces.
import { mkdirSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import type { NetNs } from '../../lib/index'

/** Gives a namespace files of its own, until it is disposed. */
export function etcOf(ns: NetNs, files: Readonly<Record<string, string>>): Disposable {
  const directory = `/etc/netns/${ns.name}`
  mkdirSync(directory, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(`${directory}/${file}`, text)
  return {
    [Symbol.dispose]() {
      rmSync(directory, { recursive: true, force: true })
      if (readdirSync('/etc/netns').length === 0) rmdirSync('/etc/netns')
    },
  }
}
