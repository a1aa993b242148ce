// What the kernel says besides an errno: its words, the attribute it means, what it would have allowed. The messages are
// made without the checks of the layers above, so that it is the kernel that refuses them.
import fc from 'fast-check'
import { NetlinkError } from '../../lib/errors'
import { Ending, Lane } from '../../lib/native/addon'
import { NLM_F, NLMSG } from '../../lib/netlink/constants'
import { readAcknowledgement } from '../../lib/netlink/extended_ack'
import { encodeMessage, forEachMessage, type Message } from '../../lib/netlink/message'
import { perform } from '../../lib/netlink/perform'
import { Plan } from '../../lib/netlink/plan'
import { transact } from '../../lib/netlink/transaction'
import { type NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'
import { seeing } from '../wire/codec'
import { GETADDR, GETLINK, linkMessage, newDevice, newLink, operation, rawAddress, rawLink, reading, send } from './raw'

async function refusalOf(promise: Promise<unknown>): Promise<NetlinkError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof NetlinkError) return error
  throw new Error('no NetlinkError', { cause: error })
}

const tooLong = 'x'.repeat(20)

describe('a message that the kernel refuses', () => {
  let ns: NetNs

  beforeAll(async () => {
    ns = await fresh()
  })

  afterAll(async () => {
    await ns[Symbol.asyncDispose]()
  })

  describe('a name that is too long for the kernel', () => {
    it('is an ERANGE with the attribute and its policy', async () => {
      const error = await refusalOf(send(ns, newLink({ name: tooLong, linkInfo: { kind: 'ifb' } })))
      expect(error).toMatchObject({
        name: 'NetlinkError',
        code: 'ERANGE',
        errno: -34,
        syscall: 'RTM_NEWLINK',
        operation: 'test.raw',
        netns: ns.name,
        kernelMessage: 'Attribute failed policy validation',
        attribute: 'ifname',
        missingAttribute: undefined,
        policy: { type: 'string', maxLength: 15 },
        outcome: undefined,
        leftover: false,
      })
      expect(error.message).toBe(
        `ERANGE: Attribute failed policy validation, test.raw (RTM_NEWLINK) in netns ${ns.name}: ` +
          'attribute ifname, allowed: type string, maxLength 15',
      )
    })

    it('is found behind other attributes', async () => {
      const error = await refusalOf(send(ns, newLink({ linkInfo: { kind: 'ifb' }, mtu: 1400, name: tooLong })))
      expect(error.attribute).toBe('ifname')
    })

    it('is found four levels deep', async () => {
      const linkInfo = { kind: 'veth', data: { peer: { name: tooLong, mtu: 1400 } } }
      const error = await refusalOf(send(ns, newLink({ name: 'near', linkInfo })))
      expect(error).toMatchObject({
        code: 'ERANGE',
        attribute: 'linkinfo.data.peer.ifname',
        policy: { maxLength: 15 },
      })
      expect(await ns.links.find('near')).toBeUndefined()
    })
  })

  describe('an attribute of a wrong length', () => {
    it('is named', async () => {
      const short = encodeMessage(rawLink, 'RTM_NEWLINK', 16, {
        flags: NLM_F.CREATE,
        attributes: { name: 'dev', unknown: [{ type: 4, data: Buffer.of(1) }] },
      })
      const error = await refusalOf(send(ns, short))
      expect(error).toMatchObject({ code: 'ERANGE', attribute: 'mtu', policy: { type: 'u32' } })
    })

    it('that our table does not have is known by its number', async () => {
      const message = newLink({ name: 'dev', unknown: [{ type: 13, data: Buffer.of(1) }] })
      expect((await refusalOf(send(ns, message))).attribute).toBe('#13')
    })
  })

  describe('a refusal without an attribute', () => {
    it('has none, and no policy', async () => {
      await send(ns, newDevice('twice'))
      const error = await refusalOf(send(ns, newDevice('twice')))
      expect(error).toMatchObject({ code: 'EEXIST', errno: -17, attribute: undefined, policy: undefined })
      expect(error.message).toBe(`EEXIST: exists already, test.raw (RTM_NEWLINK) in netns ${ns.name}`)
    })

    it('has the words of the kernel if there are some', async () => {
      const error = await refusalOf(send(ns, newLink({ name: 'dev', linkInfo: { kind: 'no-such-kind' } })))
      expect(error).toMatchObject({ code: 'EOPNOTSUPP', kernelMessage: 'Unknown device type' })
    })

    it('says what it was about', async () => {
      const about = { about: 'link twice' }
      const error = await refusalOf(perform(operation(ns, newDevice('twice'), about)))
      expect(error.message).toContain('test.raw link twice (RTM_NEWLINK)')
    })
  })

  it('a refusal behind the descriptor of a namespace in the same message has its attribute', async () => {
    await using other = await fresh()
    const options = {
      kind: 'vxlan',
      name: 'vx0',
      id: 7,
      remote: '192.0.2.1',
      srcPortRange: { low: 9, high: 8 },
    } as const
    for (const netns of [ns, other]) {
      expect(await refusalOf(ns.links.add({ ...options, netns }))).toMatchObject({
        code: 'EINVAL',
        kernelMessage: 'Invalid source port range',
        attribute: 'linkinfo.data.portRange',
      })
    }
  })

  describe('a dump that is refused', () => {
    const addresses = (header: object): Message => encodeMessage(rawAddress, ...GETADDR, { flags: NLM_F.DUMP, header })
    const links = (unknown: { type: number; data: Buffer }[]): Message =>
      linkMessage(GETLINK, { unknown }, { flags: NLM_F.DUMP })

    it('is so in its NLMSG_DONE', async () => {
      const request = reading(ns, addresses({ scope: 9 }), () => undefined)
      const { reports } = await transact(Plan.of([request]), Lane.read, { operation: 'test.raw' }, undefined)
      const types: number[] = []
      for (const block of reports[0]!.answers[0]!.blocks) forEachMessage(block, ({ type }) => types.push(type))
      expect(reports[0]).toMatchObject({ errno: 0, failedStep: 0 })
      expect(types).toEqual([NLMSG.DONE])
    })

    it('has the words of the kernel', async () => {
      const error = await refusalOf(perform(reading(ns, addresses({ scope: 9 }), () => undefined)))
      expect(error).toMatchObject({
        code: 'EINVAL',
        errno: -22,
        syscall: 'RTM_GETADDR',
        kernelMessage: expect.stringContaining('Invalid values in header for address dump request') as string,
      })
    })

    it('has the attribute and its policy', async () => {
      const request = links([{ type: 10, data: Buffer.of(1) }])
      const error = await refusalOf(perform(reading(ns, request, () => undefined)))
      expect(error).toMatchObject({ syscall: 'RTM_GETLINK', attribute: '#10', policy: { type: 'u32' } })
      expect(error.kernelMessage).toBeDefined()
    })

    it('says ENODEV for a device that is gone', async () => {
      const error = await refusalOf(perform(reading(ns, addresses({ index: 9999 }), () => undefined)))
      expect(error).toMatchObject({ code: 'ENODEV', errno: -19, syscall: 'RTM_GETADDR' })
    })
  })

  describe('a look that is refused', () => {
    it('is so instead of its answer', async () => {
      const request = linkMessage(GETLINK, { name: 'nobody' })
      const error = await refusalOf(perform(reading(ns, request, () => undefined, Ending.reply)))
      expect(error).toMatchObject({ code: 'ENODEV', errno: -19, syscall: 'RTM_GETLINK' })
    })
  })
})

describe('an acknowledgement', () => {
  const sent = newLink({ name: 'eth0', linkInfo: { kind: 'veth', data: { peer: { name: tooLong } } } })
  const read = (bytes: Buffer, flags: number, type: number = NLMSG.ERROR): ReturnType<typeof readAcknowledgement> =>
    seeing(bytes, (reader) => readAcknowledgement({ reader, type, flags, sequence: 1, at: 0, end: bytes.length }, sent))

  it('of success is errno 0 and says nothing', () => {
    const bytes = Buffer.alloc(20)
    expect(read(bytes, NLM_F.CAPPED)).toEqual({ errno: 0, refusal: {} })
  })

  it('that quotes all of the message is read behind it', () => {
    const quoted = Buffer.from(sent.bytes)
    const text = Buffer.from('no\0\0')
    const code = Buffer.alloc(4)
    code.writeInt32LE(-22)
    const tlv = Buffer.concat([Buffer.from([7, 0, 1, 0]), text])
    const whole = Buffer.concat([code, quoted, tlv])
    expect(read(whole, NLM_F.ACK_TLVS)).toMatchObject({ errno: 22, refusal: { kernelMessage: 'no' } })
    const capped = Buffer.concat([code, quoted.subarray(0, 16), tlv])
    expect(read(capped, NLM_F.ACK_TLVS | NLM_F.CAPPED)).toMatchObject({ errno: 22, refusal: { kernelMessage: 'no' } })
  })

  it('is read whatever bytes it is made of', () => {
    const flags = fc.constantFrom(0, NLM_F.ACK_TLVS, NLM_F.ACK_TLVS | NLM_F.CAPPED)
    const type = fc.constantFrom<number>(NLMSG.ERROR, NLMSG.DONE)
    // A quoted length is four bytes that may say anything: small ones, large ones, and what looks negative.
    const length = fc.constantFrom(0, 16, 40, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff)
    const tlv = fc.tuple(fc.integer({ min: 1, max: 7 }), fc.uint8Array({ maxLength: 24 })).map(([number, payload]) => {
      const attribute = Buffer.alloc((4 + payload.length + 3) & ~3)
      attribute.writeUInt16LE(4 + payload.length, 0)
      attribute.writeUInt16LE(number, 2)
      attribute.set(payload, 4)
      return attribute
    })
    const likely = fc.tuple(length, fc.array(tlv, { maxLength: 5 })).map(([length, tlvs]) => {
      const head = Buffer.alloc(20)
      head.writeUInt32LE(length, 4)
      return Buffer.concat([head, ...tlvs])
    })
    const noise = fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(fc.oneof(noise, likely), flags, type, (bytes, flags, type) => {
        const { errno } = read(bytes, flags, type)
        expect(Number.isInteger(errno)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('reads a signed policy with its sign, and a bit mask as one', () => {
    const attribute = (number: number, payload: Buffer): Buffer =>
      Buffer.concat([Buffer.from([4 + payload.length, 0, number, 0]), payload])
    const u32 = (value: number): Buffer => {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32LE(value)
      return bytes
    }
    const i64 = (value: bigint): Buffer => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64LE(value)
      return bytes
    }
    const acknowledge = (...policy: Buffer[]): unknown => {
      const tlvs = attribute(4, Buffer.concat(policy))
      return read(Buffer.concat([Buffer.alloc(20), tlvs]), NLM_F.ACK_TLVS | NLM_F.CAPPED).refusal.policy
    }
    expect(acknowledge(attribute(1, u32(8)), attribute(2, i64(-5n)), attribute(3, i64(5n)))).toEqual({
      type: 's32',
      minValue: -5n,
      maxValue: 5n,
    })
    expect(acknowledge(attribute(1, u32(15)), attribute(10, u32(0x8000_0003)))).toEqual({
      type: 'bitfield32',
      mask: 0x8000_0003n,
    })
    expect(acknowledge(attribute(1, u32(99)))).toEqual({ type: '99' })
  })
})
