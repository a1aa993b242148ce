// Finds the programs of Open vSwitch.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from 'netloom'
import { NetloomError } from 'netloom/errors'

/** The path of a program of Open vSwitch. */
export function requireProgram(name: string): string {
  const path = findProgram(name)
  if (path !== undefined) return path
  throw new NetloomError(
    `Open vSwitch is not installed: there is no ${name} in PATH or /usr/sbin (Debian's package is openvswitch-switch).`,
    'ERR_NETLOOM_OVS_NOT_INSTALLED',
    { operation: 'OpenVswitch.launch', outcome: 'none' },
  )
}

/** The path of the schema: the one that is installed with the programs, or else that of this package. */
export function findSchema(): string {
  const installed = ['/usr/share/openvswitch/vswitch.ovsschema', '/usr/local/share/openvswitch/vswitch.ovsschema']
  // From dist/launch and lib/launch alike.
  const ours = join(__dirname, '..', '..', 'lib', 'ovsdb', 'schemas', 'vswitch.ovsschema')
  return installed.find((path) => existsSync(path)) ?? ours
}
