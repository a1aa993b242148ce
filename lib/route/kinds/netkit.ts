// netkit: a pair of devices whose packets BPF programs redirect without a queue between (IFLA_NETKIT_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { boolean, u32, u8 } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { readOnly } from '../../wire/read_only'
import { farEnd } from './far_end'
import { linkKind, type Options } from './kind'

const policy = oneOf(u32, 'NETKIT_', { pass: ['PASS', 0], drop: ['DROP', 2] })
const scrub = oneOf(u32, 'NETKIT_SCRUB_', { none: ['NONE', 0], default: ['DEFAULT', 1] })

const data = attributes('IFLA_NETKIT_', {
  peer: ['PEER_INFO', 1, farEnd],
  /** Whether this is the near end, on which settings can be changed, and not the far end. Only reported. */
  primary: ['PRIMARY', 2, readOnly(boolean(u8))],
  /** What this end does with packets without a BPF program: `pass` or `drop`. Default: `pass`. */
  policy: ['POLICY', 3, policy],
  /** The same of the far end. Default: `pass`. */
  peerPolicy: ['PEER_POLICY', 4, policy],
  /** Ethernet devices with MAC addresses (`l2`), or IP packets alone (`l3`). It cannot be changed later. Default: `l3`. */
  mode: ['MODE', 5, oneOf(u32, 'NETKIT_', { l2: ['L2', 0], l3: ['L3', 1] })],
  /**
   * Whether mark and priority of a packet are cleared before the BPF program of this end sees it, if the other end is in
   * another namespace: `default`; or not, `none`. It cannot be changed later. Default: `default`. Since Linux 6.12.
   */
  scrub: ['SCRUB', 6, scrub],
  /** The same of the far end. It cannot be changed later. Default: `default`. Since Linux 6.12. */
  peerScrub: ['PEER_SCRUB', 7, scrub],
})

/** Only Ethernet devices have addresses (netkit_new_link, drivers/net/netkit.c). */
function checkMac({ mode, mac, peer }: Options, creating: boolean): void {
  if (!creating || mode === 'l2' || mode === 0) return
  const far = (peer as Options | undefined)?.mac
  if (mac !== undefined) throw wrongValue('mac', 'given with the "mode" l2 only', mac)
  if (far !== undefined) throw wrongValue('peer.mac', 'given with the "mode" l2 only', far)
}

export const netkit = linkKind('netkit', data, {
  fixed: ['mode', 'scrub', 'peerScrub'],
  requires: { scrub: 'Linux 6.12', peerScrub: 'Linux 6.12' },
  check: checkMac,
  cause: ({ code, creating }) =>
    code === 'EACCES' && !creating ? 'a netkit is changed at its near end, the "primary" one' : undefined,
})
