// Another family through the same layer: generic netlink, whose messages share nothing with those of rtnetlink.
import { NetlinkError } from '../../lib/errors'
import { Ending, Lane } from '../../lib/native/addon'
import { NETLINK, NLM_F } from '../../lib/netlink/constants'
import { encodeMessage, type Message } from '../../lib/netlink/message'
import { perform } from '../../lib/netlink/perform'
import { attributes, type AttributesOf } from '../../lib/wire/attributes'
import { u16, u32, u8 } from '../../lib/wire/integers'
import { struct } from '../../lib/wire/struct'
import { text } from '../../lib/wire/text'
import { useNetNs } from '../../lib/testing'
import { ownPrefix } from '../support/namespaces'
import { reading } from './raw'

const genlmsghdr = struct('genlmsghdr', {
  command: ['cmd', u8],
  version: ['version', u8],
  _reserved: ['reserved', u16],
})

// linux/genetlink.h
const family = attributes('CTRL_ATTR_', {
  id: ['FAMILY_ID', 1, u16],
  name: ['FAMILY_NAME', 2, text(100)],
  version: ['VERSION', 3, u32],
  headerSize: ['HDRSIZE', 4, u32],
  maxAttribute: ['MAXATTR', 5, u32],
})
const control = { header: genlmsghdr, attributes: family }
type FamilyAttributes = AttributesOf<typeof family.table>

// linux/netdev.h
const netdev = { header: genlmsghdr, attributes: attributes('NETDEV_A_DEV_', { index: ['IFINDEX', 1, u32] }) }

const nlctrl = 16
const getFamily = 3

function familyMessage(attributes: FamilyAttributes, flags = 0): Message {
  return encodeMessage(control, 'CTRL_CMD_GETFAMILY', nlctrl, {
    flags,
    header: { command: getFamily, version: 2 },
    attributes,
  })
}

describe('generic netlink', () => {
  // One for all of them: they only read.
  const net = useNetNs({ prefix: ownPrefix, hooks: { beforeEach: beforeAll, afterEach: afterAll } })

  async function ask(request: Message, ending: Ending): Promise<FamilyAttributes[]> {
    const operation = reading(
      net.ns,
      request,
      ({ reader, at, end }) => family.decode(reader, at + genlmsghdr.size, end),
      ending,
    )
    return perform({ ...operation, name: 'families.get', protocol: NETLINK.GENERIC, lane: Lane.read })
  }

  async function idOf(name: string): Promise<number> {
    const [found] = await ask(familyMessage({ name }), Ending.reply)
    return found!.id!
  }

  it('lists its families', async () => {
    const families = await ask(familyMessage({}, NLM_F.DUMP), Ending.dump)
    const names = families.map(({ name }) => name)
    expect(families.find(({ name }) => name === 'nlctrl')).toMatchObject({ id: nlctrl, version: 2, headerSize: 0 })
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => name !== undefined && name !== '')).toBe(true)
    expect(families.every(({ id }) => id !== undefined && id >= nlctrl)).toBe(true)
  })

  it('keeps what our table does not have, such as the operations of a family', async () => {
    const [found] = await ask(familyMessage({ name: 'nlctrl' }), Ending.reply)
    const ctrlAttrOps = 6
    const operations = found?.unknown?.find(({ type }) => type === ctrlAttrOps)
    expect(operations?.data.length).toBeGreaterThan(0)
  })

  it('finds a family by its name and by its number', async () => {
    expect(await idOf('nlctrl')).toBe(nlctrl)
    const [found] = await ask(familyMessage({ id: nlctrl }), Ending.reply)
    expect(found?.name).toBe('nlctrl')
  })

  it('fails with the name of its own message', async () => {
    const call = ask(familyMessage({ name: 'nobody' }), Ending.reply)
    await expect(call).rejects.toBeInstanceOf(NetlinkError)
    await expect(call).rejects.toMatchObject({
      code: 'ENOENT',
      errno: -2,
      syscall: 'CTRL_CMD_GETFAMILY',
      operation: 'families.get',
    })
  })

  it('names the attribute of its own that is refused, and the policy', async () => {
    const call = ask(familyMessage({ version: 1, name: 'x'.repeat(40) }), Ending.reply)
    await expect(call).rejects.toMatchObject({
      code: 'EINVAL',
      attribute: 'familyName',
      policy: { type: 'nulString', maxLength: 15 },
    })
  })

  it('names an attribute that is missing', async () => {
    const request = encodeMessage(netdev, 'NETDEV_CMD_DEV_GET', await idOf('netdev'), { header: { command: 1 } })
    const call = ask(request, Ending.reply)
    await expect(call).rejects.toMatchObject({
      code: 'EINVAL',
      syscall: 'NETDEV_CMD_DEV_GET',
      missingAttribute: 'ifindex',
      attribute: undefined,
    })
    await expect(call).rejects.toThrow('attribute ifindex is missing')
  })

  it('and rtnetlink at the same time each get their own answers', async () => {
    const both = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => (i % 2 === 0 ? idOf('nlctrl') : (await net.ns.links.get('lo')).index)),
    )
    expect(both).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? nlctrl : 1)))
  })
})
