// The programs that a demo starts, looked for before it begins: what is missing is said all at once, with the line that installs it.
import { accessSync, constants } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** Debian's package of each program. */
const packages = {
  busybox: 'busybox',
  dnsmasq: 'dnsmasq-base',
  gzip: 'gzip',
  ip: 'iproute2',
  'ovs-vswitchd': 'openvswitch-switch',
  'ovsdb-server': 'openvswitch-switch',
  'ovsdb-tool': 'openvswitch-common',
  'qemu-system-x86_64': 'qemu-system-x86',
} as const

/** A program that a demo starts. */
export type Program = keyof typeof packages

// Root's programs are not in everybody's PATH.
const besides = ['/usr/local/sbin', '/usr/sbin', '/sbin']

function isThere(program: Program): boolean {
  const directories = [...(process.env.PATH ?? '/bin:/usr/bin').split(delimiter).filter(isAbsolute), ...besides]
  return directories.some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** What is missing of these programs, and how to install it; undefined if nothing is. */
export function missingPrograms(programs: readonly Program[]): string | undefined {
  const missing = programs.filter((program) => !isThere(program))
  if (missing.length === 0) return undefined
  const needed = [...new Set(missing.map((program) => packages[program]))]
  const what = missing.length === 1 ? 'a program that is' : 'programs that are'
  return [
    `The demo starts ${what} not there: ${missing.join(', ')}. On Debian and Ubuntu this installs what is missing:`,
    '',
    `  apt-get install -y --no-install-recommends ${needed.join(' ')}`,
  ].join('\n')
}
