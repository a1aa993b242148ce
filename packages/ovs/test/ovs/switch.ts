// A switch of a test file's own, in a namespace of its own, and the programs of Open vSwitch as the oracle.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type NetNs } from 'netloom'
import { OpenVswitch, type LaunchOptions } from '../../lib/index'
import { fresh } from '../../../../test/support/namespaces'

const run = promisify(execFile)

/** What `ovs-vsctl` prints, without the last newline. */
export async function vsctl(ovs: OpenVswitch, ...args: string[]): Promise<string> {
  const { stdout } = await run('ovs-vsctl', [`--db=unix:${ovs.runDir}/db.sock`, ...args])
  return stdout.trim()
}

/** A column of a row as `ovs-vsctl` prints it. */
export async function column(ovs: OpenVswitch, table: string, row: string, name: string): Promise<string> {
  return vsctl(ovs, '--if-exists', 'get', table, row, name)
}

/** What `ovs-ofctl` prints about a bridge, a line each. */
export async function ofctl(ovs: OpenVswitch, ...args: string[]): Promise<string[]> {
  const [command = '', bridge = '', ...rest] = args
  const { stdout } = await run('ovs-ofctl', ['-O', 'OpenFlow14', command, `${ovs.runDir}/${bridge}.mgmt`, ...rest])
  return stdout.trim().split('\n')
}

/** Flows as `ovs-ofctl` prints them, without what differs from run to run. */
export async function dumpFlows(ovs: OpenVswitch, bridge: string, ...filter: string[]): Promise<string[]> {
  const lines = await ofctl(ovs, 'dump-flows', bridge, ...filter)
  return lines
    .filter((line) => line.includes('actions='))
    .map((line) =>
      line.trim().replaceAll(/duration=[^,]*, |n_packets=\d+, |n_bytes=\d+, |cookie=0x0, |(idle|hard)_age=\d+, /g, ''),
    )
}

/** A switch for all tests of a file or a describe. */
export function useSwitch(options: LaunchOptions = {}): { readonly ovs: OpenVswitch; readonly netns: NetNs } {
  let ovs: OpenVswitch | undefined
  let netns: NetNs | undefined
  beforeAll(async () => {
    netns = await fresh('ovs')
    ovs = await OpenVswitch.launch({ netns, ...options })
  })
  afterAll(async () => {
    await ovs?.close()
    await netns?.delete()
  })
  return {
    get ovs(): OpenVswitch {
      return ovs!
    },
    get netns(): NetNs {
      return netns!
    },
  }
}

/** A veth pair, both ends up, the far one in another namespace if one is given. */
export async function cable(netns: NetNs, name: string, far: NetNs = netns, farName = `${name}p`): Promise<void> {
  await netns.links.add({ kind: 'veth', name, up: true, peer: { netns: far, name: farName, up: true } })
}
