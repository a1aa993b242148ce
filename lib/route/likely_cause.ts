// The likely cause of an errno without a message of the kernel, for rules and routes: the option, and what it needs.
import { errnoNumber } from '../errno'
import type { Refused } from '../netlink/operation'

const EOPNOTSUPP = errnoNumber('EOPNOTSUPP')
const EAFNOSUPPORT = errnoNumber('EAFNOSUPPORT')
const EEXIST = errnoNumber('EEXIST')

/** The refusal of a new rule. */
export function causeForRule({ errno }: Refused): string | undefined {
  if (errno === EOPNOTSUPP || errno === EAFNOSUPPORT) {
    return 'rules need a kernel with CONFIG_IP_MULTIPLE_TABLES, for IPv6 CONFIG_IPV6_MULTIPLE_TABLES'
  }
  if (errno !== EEXIST) return undefined
  return (
    'the kernel takes one that is there for the same, though "invert", "tos", "dscp", "markMask" or what only one of them ' +
    'asks for may differ: rules.ensure and rules.replace compare all'
  )
}

/** The refusal of a route. */
export function causeForRoute({ errno, kernelMessage }: Refused): string | undefined {
  if (errno === EAFNOSUPPORT) return 'this kernel has no such family (CONFIG_IPV6, or ipv6.disable=1)'
  if (errno !== EOPNOTSUPP) return undefined
  if (kernelMessage?.includes('encapsulation') !== true) return undefined
  return 'this needs a kernel with CONFIG_LWTUNNEL, and of that the type: CONFIG_MPLS_IPTUNNEL, CONFIG_IPV6_SEG6_LWTUNNEL …'
}
