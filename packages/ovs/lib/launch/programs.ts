// Where the programs of Open vSwitch are, if they are installed.
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

/** The schema that fits to the programs: the one that was installed with them, or else the one that came with us. */
export function findSchema(): string {
  const installed = ['/usr/share/openvswitch/vswitch.ovsschema', '/usr/local/share/openvswitch/vswitch.ovsschema']
  // From dist/launch and lib/launch alike.
  const ours = join(__dirname, '..', '..', 'lib', 'ovsdb', 'schemas', 'vswitch.ovsschema')
  return installed.find((path) => existsSync(path)) ?? ours
}
