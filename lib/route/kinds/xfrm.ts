// xfrm: packets for the IPsec states and policies of one interface id (IFLA_XFRM_ of linux/if_link.h, net/xfrm).
import { attributes } from '../../wire/attributes'
import { device } from '../../wire/device'
import { u32 } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { flag } from '../../wire/text'
import { linkKind, type Options } from './kind'
import { unchanged } from './tunnel'

const data = attributes('IFLA_XFRM_', {
  /** The device that carries the packets (`dev` of `ip`). Default: as the route says. */
  underlay: ['LINK', 1, device],
  /** The id that states and policies have as `if_id`, 1 to 4294967295. */
  ifId: ['IF_ID', 2, u32],
  /** The id comes with each packet (`external` of `ip`). Default: false. Since Linux 6.2. */
  collectMetadata: ['COLLECT_METADATA', 3, flag],
})

// xfrmi_newlink.
function check({ ifId = 0, collectMetadata }: Options, creating: boolean): void {
  if (!creating || (ifId === 0) === (collectMetadata === true)) return
  const expected = collectMetadata === true ? 'left out with "collectMetadata": each packet has its own' : 'from 1 on'
  throw wrongValue('ifId', expected, ifId)
}

export const xfrm = linkKind('xfrm', data, { fixed: unchanged(data), check })
