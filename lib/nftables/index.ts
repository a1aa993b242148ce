/**
 * nftables by netlink, without nft(8): tables of IPv4 that are one program's alone, replaced as a whole in one transaction, and whether
 * somebody has changed something since.
 * @module netloom/nftables
 */
export { describeTable, replaceTable, type AddressSet, type BaseChain, type TableContent } from './table'
export { firstGeneration, generationAfter, generationOf } from './generation'
export {
  address,
  connection,
  connectionNotIn,
  device,
  drop,
  translate,
  translated,
  type ConnectionAddress,
  type Expression,
  type Sense,
  type Translation,
} from './rule'
