// A family whose messages belong together: a batch of nftables, which the kernel must see in one piece.
import { Ending, Lane } from '../../lib/native/addon'
import { NETLINK, NLM_F } from '../../lib/netlink/constants'
import { encodeMessage, type Message } from '../../lib/netlink/message'
import { perform } from '../../lib/netlink/perform'
import { attributes } from '../../lib/wire/attributes'
import { be16, be32, u8 } from '../../lib/wire/integers'
import { struct } from '../../lib/wire/struct'
import { text } from '../../lib/wire/text'
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'
import { operation, reading, step } from './raw'

const nfgenmsg = struct('nfgenmsg', {
  family: ['nfgen_family', u8],
  version: ['version', u8],
  resource: ['res_id', be16],
})
const table = {
  header: nfgenmsg,
  attributes: attributes('NFTA_TABLE_', { name: ['NAME', 1, text(255)], flags: ['FLAGS', 2, be32] }),
}

const [BATCH_BEGIN, BATCH_END, NEWTABLE, GETTABLE] = [16, 17, 10 << 8, (10 << 8) | 1]
const batch = (type: number): Message => encodeMessage(table, 'NFNL_MSG_BATCH', type, { header: { resource: 10 } })
const newTable = (name: string): Message =>
  encodeMessage(table, 'NFT_MSG_NEWTABLE', NEWTABLE, {
    flags: NLM_F.CREATE | NLM_F.EXCL | NLM_F.ACK,
    header: { family: 2 },
    attributes: { name },
  })

async function tablesOf(ns: NetNs): Promise<(string | undefined)[]> {
  const request = encodeMessage(table, 'NFT_MSG_GETTABLE', GETTABLE, { flags: NLM_F.DUMP, header: { family: 2 } })
  const decode = reading(ns, request, ({ reader, at, end }) => table.attributes.decode(reader, at + 4, end).name)
  return perform({ ...decode, protocol: NETLINK.NETFILTER })
}

async function send(ns: NetNs, names: readonly string[], undivided: boolean): Promise<void> {
  const messages = [batch(BATCH_BEGIN), ...names.map(newTable), batch(BATCH_END)]
  await perform(
    operation(ns, [step(ns, messages, { ending: Ending.ack, undivided })], {
      protocol: NETLINK.NETFILTER,
      lane: Lane.mutation,
    }),
  )
}

const names = Array.from({ length: 200 }, (_, i) => `table-with-a-rather-long-name-${i}`)

it('two hundred messages arrive as one batch', async () => {
  await using ns = await fresh()
  await send(ns, names, true)
  expect((await tablesOf(ns)).sort()).toEqual([...names].sort())
})

it('that is refused as a whole, with the message that was wrong', async () => {
  await using ns = await fresh()
  await send(ns, ['taken'], true)
  await expect(send(ns, [...names.slice(0, 150), 'taken', ...names.slice(150)], true)).rejects.toMatchObject({
    code: 'EEXIST',
    syscall: 'NFT_MSG_NEWTABLE',
    outcome: undefined,
  })
  expect(await tablesOf(ns)).toEqual(['taken'])
})
