// ipvlan and ipvtap: more devices with IP addresses of their own, and one MAC, on one lower device (IFLA_IPVLAN_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { bits, oneOf } from '../../wire/choices'
import { u16 } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { linkKind, type Options } from './kind'

const data = attributes('IFLA_IPVLAN_', {
  /**
   * Whether it switches frames (`l2`), routes in the lower device's namespace (`l3`), or does so with connection tracking
   * and IPsec (`l3s`, with CONFIG_IPVLAN_L3S). All devices on one lower device have the same. Default: `l3`.
   */
  mode: ['MODE', 1, oneOf(u16, 'IPVLAN_MODE_', { l2: ['L2', 0], l3: ['L3', 1], l3s: ['L3S', 2] })],
  /**
   * `private`: devices on one lower device do not reach each other. `vepa`: they do so by the external switch only. All on
   * one lower device have the same; none of the two: they reach each other. Default: none.
   */
  ipvlanFlags: ['FLAGS', 2, bits(u16, 'IPVLAN_F_', { private: ['PRIVATE', 1], vepa: ['VEPA', 2] })],
})

// ipvlan_nl_validate.
function check({ ipvlanFlags }: Options): void {
  if (Array.isArray(ipvlanFlags) && ipvlanFlags.includes('private') && ipvlanFlags.includes('vepa'))
    throw wrongValue('ipvlanFlags', '"private" or "vepa", not both', ipvlanFlags)
}

const traits = { needs: ['link'], check } as const

export const ipvlan = linkKind('ipvlan', data, traits)
export const ipvtap = linkKind('ipvtap', data, traits)
