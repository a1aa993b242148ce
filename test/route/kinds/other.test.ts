// Kinds that have no name here: listed with what the kernel says, made of bytes.
import { NetlinkError } from '../../../lib/index'
import { decodeLink } from '../../../lib/route/link'
import { Reader } from '../../../lib/wire/reader'
import { fresh, ip } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { ofKind, shown, shownData } from './support'

/** One attribute with a 32-bit payload, or a 16-bit one, padded. */
const u32Attribute = (number: number, value: number): Uint8Array =>
  new Uint8Array(Uint32Array.of((number << 16) | 8, value).buffer)
const u16Attribute = (number: number, value: number): Uint8Array =>
  new Uint8Array(Uint32Array.of((number << 16) | 6, value).buffer)

describe('a link of a kind that has no name here', () => {
  // As the kernel would send it: few kernels have a kind that has no name here.
  it('is decoded as "other", with its name and its bytes', () => {
    const attribute = (number: number, payload: Uint8Array): Buffer => {
      const bytes = Buffer.alloc((4 + payload.length + 3) & ~3)
      bytes.writeUInt16LE(4 + payload.length, 0)
      bytes.writeUInt16LE(number, 2)
      bytes.set(payload, 4)
      return bytes
    }
    const data = u32Attribute(1, 7)
    const info = Buffer.concat([attribute(1, Buffer.from('strange\0')), attribute(2, data)])
    const message = Buffer.concat([Buffer.alloc(16), attribute(3, Buffer.from('x0\0')), attribute(18, info)])
    const whole = { reader: new Reader(message), type: 16, flags: 0, sequence: 0, at: 0, end: message.length }
    const link = ofKind(decodeLink(whole, false)!, 'other')
    expect([link.name, link.infoKind, Buffer.from(link.data!)]).toEqual(['x0', 'strange', Buffer.from(data)])
  })

  it('made by another program, takes settings of all kinds', async () => {
    await using ns = await fresh()
    await ip(ns, 'tuntap', 'add', 'tap0', 'mode', 'tap')
    await ns.links.set('tap0', { mtu: 1300, alias: 'a tap', up: true, addrGenMode: 'none' })
    const device = await shown(ns, 'tap0')
    expect(device).toMatchObject({ mtu: 1300, ifalias: 'a tap', inet6_addr_gen_mode: 'none' })
    expect(device.flags).toContain('UP')
    await ns.links.delete('tap0')
    expect(await ns.links.find('tap0')).toBeUndefined()
  })

  it('is asked of the kernel by its name, and refused in the words of the kernel', async () => {
    await using ns = await fresh()
    const unknown = ns.links.add({ kind: 'other', infoKind: 'no-such-kind', name: 'x', data: u32Attribute(1, 1) })
    await expect(unknown).rejects.toBeInstanceOf(NetlinkError)
    await expect(unknown).rejects.toMatchObject({ code: 'EOPNOTSUPP', kernelMessage: 'Unknown device type' })
    const tun = ns.links.add({ kind: 'other', infoKind: 'tun', name: 'x' })
    await expect(tun).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
      kernelMessage: expect.stringContaining('tun/tap') as string,
    })
    expect(await ns.links.find('x')).toBeUndefined()
  })

  itWithKind('gtp')('is made of the bytes that are given, and listed as "other" with those of the kernel', async () => {
    await using ns = await fresh()
    const role = u32Attribute(4, 1) // IFLA_GTP_ROLE: SGSN
    const createSockets = u16Attribute(5, 1) // IFLA_GTP_CREATE_SOCKETS
    const data = Buffer.concat([role, createSockets])
    const link = await ns.links.add({ kind: 'other', infoKind: 'gtp', name: 'x', data, up: true, alias: 'of bytes' })
    expect(link).toMatchObject({ kind: 'other', infoKind: 'gtp', up: true, alias: 'of bytes' })
    expect(Buffer.from(ofKind(link, 'other').data!).includes(Buffer.from(role))).toBe(true)
    expect(await ns.links.list()).toContainEqual(link)
    expect((await shown(ns, 'x')).linkinfo?.info_kind).toBe('gtp')
  })
})

describe('a kind that has a name here', () => {
  it('can be made of bytes too, and is listed by its name', async () => {
    await using ns = await fresh()
    const data = u32Attribute(5, 1) // IFLA_BR_STP_STATE
    const link = await ns.links.add({ kind: 'other', infoKind: 'bridge', name: 'br0', data, up: true })
    expect(link).toMatchObject({ kind: 'bridge', stpState: true, up: true })
    expect(await shownData(ns, 'br0')).toMatchObject({ stp_state: 1 })
  })

  it('can be made without any bytes', async () => {
    await using ns = await fresh()
    const link = await ns.links.add({ kind: 'other', infoKind: 'ifb', name: 'x', alias: 'plain' })
    expect(link).toMatchObject({ kind: 'ifb', alias: 'plain' })
    expect((await shown(ns, 'x')).linkinfo?.info_kind).toBe('ifb')
  })
})

describe('a link without a kind', () => {
  it('is listed as "none"', async () => {
    await using ns = await fresh()
    expect(await ns.links.list()).toMatchObject([{ kind: 'none', name: 'lo', type: 'loopback', index: 1 }])
    expect((await shown(ns, 'lo')).linkinfo).toBeUndefined()
  })
})
