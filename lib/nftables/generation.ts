// Whether anything was changed in the nftables of a namespace: the kernel counts what is committed there (NFT_MSG_GETGEN of
// linux/netfilter/nf_tables.h). One message tells what would take two runs of the program nft.
import { NetloomError } from '../errors'
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NETLINK } from '../netlink/constants'
import { decodeMessage, encodeMessage } from '../netlink/message'
import { perform } from '../netlink/perform'
import { attributes } from '../wire/attributes'
import { be16, be32, u8 } from '../wire/integers'
import { struct } from '../wire/struct'

const layout = {
  header: struct('nfgenmsg', {
    family: ['nfgen_family', u8],
    version: ['version', u8],
    resource: ['res_id', be16],
  }),
  attributes: attributes('NFTA_GEN_', { id: ['ID', 1, be32] }),
}

const NFNL_SUBSYS_NFTABLES = 10
const NFT_MSG_GETGEN = 16

/** The generation in which a namespace begins: nothing was ever put into its nftables. */
export const firstGeneration = 1

/** The generation that follows another one; none is 0. */
export function generationAfter(generation: number): number {
  return generation === 0xffffffff ? 1 : generation + 1
}

/** The generation of a namespace's nftables; undefined where the kernel has none, or does not tell. */
export async function generationOf(netns: NetnsReference): Promise<number | undefined> {
  const request = encodeMessage(layout, 'NFT_MSG_GETGEN', (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN, {})
  try {
    return await perform({
      name: 'nftables generation',
      protocol: NETLINK.NETFILTER,
      lane: Lane.read,
      netns,
      steps: [{ netns, messages: [request], ending: Ending.reply }],
      result(answers) {
        let found: number | undefined
        answers.forEach(0, (message) => {
          found = decodeMessage(layout, message)?.attributes.id
        })
        return found
      },
    })
  } catch (error) {
    // Without nf_tables there is nothing to count. What else is wrong, those who use it will meet.
    if (error instanceof NetloomError) return undefined
    throw error
  }
}
