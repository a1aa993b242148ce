// The options that choose the switch of an agent.
import { NetNs } from 'netloom'
import { wrongType, wrongValue } from 'netloom/errors'
import { BridgePlug } from './bridge_plug'
import { checkDeviceName } from './names'
import { OvsPlug } from './ovs_plug'
import type { Plug } from './plug'

/** The options for the switch; see `DhcpAgentOptions`. */
export interface PlugChoice {
  readonly plug: 'bridge' | 'ovs' | Plug
  readonly bridge?: string | undefined
  readonly ovsdb?: string | readonly string[] | undefined
  readonly netns?: NetNs | undefined
}

/** Checks it. */
export function checkPlug({ plug, bridge, ovsdb, netns }: PlugChoice): void {
  const own = typeof (plug as Partial<Plug> | null | undefined)?.attach === 'function'
  if (!own && plug !== 'bridge' && plug !== 'ovs') throw wrongValue('plug', '"bridge", "ovs" or a Plug', plug)
  if (bridge !== undefined) checkDeviceName(bridge, 'bridge')
  if (ovsdb !== undefined && plug !== 'ovs') throw wrongValue('ovsdb', 'left out where the plug is not "ovs"', ovsdb)
  if (netns !== undefined && !(netns instanceof NetNs)) throw wrongType('netns', 'a NetNs', netns)
}

/** Makes the plug, which has a handle of its own of the switch's namespace. */
export async function makePlug({ plug, bridge, ovsdb, netns }: PlugChoice): Promise<Plug> {
  if (typeof plug === 'object') return plug
  // A new handle, as the caller may close the given one.
  const host = netns === undefined ? await NetNs.current() : await NetNs.adopt(netns.share())
  if (plug === 'bridge') return new BridgePlug({ netns: host, bridge })
  const remotes = ovsdb ?? 'unix:/var/run/openvswitch/db.sock'
  return OvsPlug.connect({ netns: host, bridge: bridge ?? 'br-int', remotes }).catch((error: unknown) => {
    host.close()
    throw error
  })
}
