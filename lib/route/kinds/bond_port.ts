// A device as a port of a bond (IFLA_BOND_SLAVE_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { i32, u16, u32, u8 } from '../../wire/integers'
import { mac } from '../../wire/ip'
import { readOnly } from '../../wire/read_only'
import { portKind } from './kind'

const state = oneOf(u8, 'BOND_STATE_', { active: ['ACTIVE', 0], backup: ['BACKUP', 1] })
const miiStatus = oneOf(u8, 'BOND_LINK_', { up: ['UP', 0], fail: ['FAIL', 1], down: ['DOWN', 2], back: ['BACK', 3] })

const data = attributes('IFLA_BOND_SLAVE_', {
  /** Whether it is in use. Only reported. */
  state: ['STATE', 1, readOnly(state)],
  /** Whether it has a carrier, and what it waits for. Only reported. */
  miiStatus: ['MII_STATUS', 2, readOnly(miiStatus)],
  /** How often it has lost its carrier. Only reported. */
  linkFailureCount: ['LINK_FAILURE_COUNT', 3, readOnly(u32)],
  /** Its own MAC address. Only reported. */
  permHwaddr: ['PERM_HWADDR', 4, readOnly(mac)],
  /** The queue of the bond by which packets are sent here (tc's skbedit chooses it); 0: none. Default: 0. */
  queueId: ['QUEUE_ID', 5, u16],
  /** The aggregator that it is in, of `802.3ad`. Only reported. */
  adAggregatorId: ['AD_AGGREGATOR_ID', 6, readOnly(u16)],
  /** This end's state in LACP (LACP_STATE_ of linux/if_bonding.h). Only reported. */
  adActorOperPortState: ['AD_ACTOR_OPER_PORT_STATE', 7, readOnly(u8)],
  /** The other end's state in LACP. Only reported. */
  adPartnerOperPortState: ['AD_PARTNER_OPER_PORT_STATE', 8, readOnly(u16)],
  /** The port with the highest takes over first. Default: 0. Since Linux 6.0. */
  prio: ['PRIO', 9, i32],
})

export const bondPort = portKind('bond', data, { requires: { prio: 'Linux 6.0' } })
