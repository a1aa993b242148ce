// Whether anything was changed in the nftables of a namespace: the kernel counts what is committed there (NFT_MSG_GETGEN of
// linux/netfilter/nf_tables.h). One message tells what would take a look at all there is.
import { NetloomError } from '../errors'
import { Lane } from '../native/addon'
import type { NetnsTarget } from '../native/netns_handle'
import { NETLINK } from '../netlink/constants'
import { decodeMessage, encodeMessage } from '../netlink/message'
import { perform } from '../netlink/perform'
import { Shapes } from '../netlink/shapes'
import { checkTarget } from './check'
import { generationLayout, typeOf } from './messages'

const { query } = new Shapes(NETLINK.NETFILTER)

/** The generation in which a namespace begins: nothing was ever put into its nftables. */
export const firstGeneration = 1

/** The generation that follows another one; none is 0. */
export function generationAfter(generation: number): number {
  return generation === 0xffffffff ? 1 : generation + 1
}

/**
 * The generation of a namespace's nftables: a number that the kernel raises with each batch that somebody commits there.
 * @returns Undefined where the kernel has no nftables, or does not tell.
 */
export async function generationOf(netns: NetnsTarget): Promise<number | undefined> {
  const reference = checkTarget(netns)
  const request = encodeMessage(generationLayout, 'NFT_MSG_GETGEN', typeOf('GETGEN'), {})
  const idOf = (received: Parameters<typeof decodeMessage>[1]): number | undefined =>
    decodeMessage(generationLayout, received)?.attributes.id
  try {
    return await perform(query('nftables generation', reference, Lane.read, request, idOf))
  } catch (error) {
    // Without nf_tables there is nothing to count. What else is wrong, those who use it will meet.
    if (error instanceof NetloomError) return undefined
    throw error
  }
}
