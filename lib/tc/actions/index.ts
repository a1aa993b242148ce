// The list of kinds of actions: a new one has an entry here.
import { kindsOf } from '../kind'
import { connmark, csum, ct, ctinfo, nat } from './connections'
import { gact, mirred, sample, simple } from './fate'
import { mpls, skbedit, skbmod, tunnelKey, vlan } from './headers'
import { pedit } from './pedit'
import { police } from './police'
import { bpf } from './bpf'
import { gate } from './gate'

/** Kinds of actions by name. */
export const actionKinds = kindsOf([
  gact,
  mirred,
  police,
  vlan,
  mpls,
  pedit,
  skbedit,
  skbmod,
  tunnelKey,
  nat,
  csum,
  ct,
  ctinfo,
  connmark,
  sample,
  gate,
  simple,
  bpf,
])
