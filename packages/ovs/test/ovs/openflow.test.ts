// The codec of OpenFlow by itself: streams that are cut anywhere, and bytes that mean nothing.
import fc from 'fast-check'
import { decodeActions, encodeActions } from '../../lib/openflow/actions'
import { decodeFields, encodeFields } from '../../lib/openflow/fields'
import { readFlows } from '../../lib/openflow/flow'
import { commonVersion, encodeMessage, helloBody, OpenflowSplitter } from '../../lib/openflow/messages'
import type { PortNames } from '../../lib/openflow/ports'

const ports: PortNames = { bridge: 'br0', numberOf: () => undefined, nameOf: () => undefined }

const message = fc.record({
  version: fc.constantFrom(4, 5),
  type: fc.nat(255),
  xid: fc.nat(0xffffffff),
  body: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
})

test('messages come out of a stream as they went in, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.array(message), fc.integer({ min: 1, max: 50 }), (messages, size) => {
      const stream = Buffer.concat(messages.map(encodeMessage))
      const splitter = new OpenflowSplitter()
      const found = []
      for (let at = 0; at < stream.length; at += size) found.push(...splitter.push(stream.subarray(at, at + size)))
      expect(found).toEqual(messages)
    }),
  )
})

test('a length that cannot be is an error', () => {
  expect(() => new OpenflowSplitter().push(Buffer.from('0500000700000001', 'hex'))).toThrow('a message of 7 bytes')
})

test('random bytes end, and harm nobody', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const buffer = Buffer.from(bytes)
      for (const read of [
        () => readFlows(buffer, ports),
        () => decodeFields(buffer, ports),
        () => decodeActions(buffer, ports),
        () => commonVersion({ version: 4, type: 0, xid: 0, body: buffer }),
      ]) {
        try {
          read()
        } catch (error) {
          expect(error).toMatchObject({ name: 'OpenflowProtocolError', code: 'ERR_NETLOOM_OPENFLOW_PROTOCOL' })
        }
      }
    }),
    { numRuns: 2000 },
  )
})

// Parts that are nearly right: the type and length of an action or instruction, and some bytes.
const nearly = fc
  .record({
    type: fc.constantFrom(0, 1, 2, 3, 4, 5, 17, 18, 21, 22, 24, 25, 0xffff),
    length: fc.constantFrom(0, 4, 7, 8, 12, 16, 24, 0xfff8),
    rest: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ type, length, rest }) => {
    const head = Buffer.alloc(4)
    head.writeUInt16BE(type, 0)
    head.writeUInt16BE(length, 2)
    return Buffer.concat([head, rest])
  })

test('actions and instructions of wrong lengths are no OpenFlow, and no mistake of the caller', () => {
  let read = 0
  fc.assert(
    fc.property(fc.array(nearly, { maxLength: 3 }), fc.boolean(), (parts, within) => {
      const inner = Buffer.concat(parts)
      const head = Buffer.from([0, 4, 0, 0, 0, 0, 0, 0])
      head.writeUInt16BE(8 + inner.length, 2)
      try {
        decodeActions(within ? Buffer.concat([head, inner]) : inner, ports)
        read++
      } catch (error) {
        expect(error).toMatchObject({ name: 'OpenflowProtocolError' })
      }
    }),
    { numRuns: 3000 },
  )
  expect(read).toBeGreaterThan(10)
})

test.each([
  ['an output of 8 bytes', '0004001000000000' + '0000000800000001'],
  ['an output of 24 bytes', '0004002000000000' + '0000001800000001' + '00'.repeat(16)],
  ['a queue of 16 bytes', '0004001800000000' + '0015001000000001' + '00'.repeat(8)],
  ['a field that goes on', '0004001000000000' + '0019000880001604'],
  ['a goto of 16 bytes', '0001001001000000' + '00'.repeat(8)],
  ['metadata of 16 bytes', '0002001000000000' + '00'.repeat(8)],
  ['an instruction cut off', '00040018000000000000'],
  ['a length that is no multiple of eight', '0004000c00000000' + '00000000'],
  ['a length of nothing', '0004000000000000'],
])('%s is no OpenFlow', (_, bytes) => {
  expect(() => decodeActions(Buffer.from(bytes, 'hex'), ports)).toThrow(
    expect.objectContaining({ name: 'OpenflowProtocolError' }) as Error,
  )
})

test('an interface that is called as a reserved port is shown by its number', () => {
  const named: PortNames = { ...ports, nameOf: (number) => (number === 5 ? 'NORMAL' : 'p1') }
  expect(decodeActions(encodeActions([{ output: 5 }, { output: 6 }, { output: 'NORMAL' }], 'a', ports), named)).toEqual(
    [{ output: 5 }, { output: 'p1' }, { output: 'NORMAL' }],
  )
})

test('addresses and masks come back as they are compared', () => {
  const address = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 31 })).map(([ip, length]) => `${ip}/${length}`)
  fc.assert(
    fc.property(address, fc.nat(65535), (nwSrc, tcpDst) => {
      const { match } = decodeFields(encodeFields({ nwSrc, tcpDst }, 'match', ports), ports)
      expect(match).toMatchObject({ dlType: 'ip', nwProto: 'tcp', tcpDst })
      expect(encodeFields(match, 'match', ports)).toEqual(encodeFields({ nwSrc, tcpDst }, 'match', ports))
      expect(match.nwSrc?.endsWith(nwSrc.slice(nwSrc.indexOf('/')))).toBe(true)
    }),
  )
})

test('versions: a bitmap counts, else all up to the one in the header', () => {
  const hello = (version: number, body: Buffer) => commonVersion({ version, type: 0, xid: 0, body })
  expect(hello(6, helloBody())).toBe(5)
  expect(hello(6, Buffer.from('0001000800000012', 'hex'))).toBe(4)
  expect(hello(1, Buffer.from('0001000800000002', 'hex'))).toBeUndefined()
  expect(hello(4, Buffer.alloc(0))).toBe(4)
  expect(hello(1, Buffer.alloc(0))).toBeUndefined()
})

const bad: (readonly [unknown, string])[] = [
  ['flood', 'a'],
  [[{}], 'a[0]'],
  [[{ output: 'p1' }], 'a[0].output'],
  [[{ output: 0 }], 'a[0].output'],
  [[{ output: 'NORMAL', popVlan: true }], 'a[0]'],
  [[{ outptu: 1 }], 'a[0].outptu'],
  [[{ popVlan: true, maxLength: 5 }], 'a[0]'],
  [[{ setField: {} }], 'a[0].setField'],
  [[{ setField: { nwSrc: '10.0.0.0/8' } }], 'a[0].setField.nwSrc'],
  [[{ setField: { dlVlan: 'none' } }], 'a[0].setField.dlVlan'],
  [[{ setField: { dlVlan: 4096 } }], 'a[0].setField.dlVlan'],
  [[{ pushVlan: 5 }], 'a[0].pushVlan'],
  [[{ popVlan: 1 }], 'a[0].popVlan'],
  [[{ gotoTable: 1 }, { gotoTable: 2 }], 'a[1]'],
  [[{ gotoTable: 1 }, { output: 'NORMAL' }], 'a[1]'],
  [[{ gotoTable: 255 }], 'a[0].gotoTable'],
  [[{ resubmit: { tabel: 1 } }], 'a[0].resubmit.tabel'],
  [[{ writeMetadata: { value: 1 } }], 'a[0].writeMetadata.value'],
  [[{ writeActions: [{ gotoTable: 1 }] }], 'a[0].writeActions[0]'],
  [[{ unknown: '00' }], 'a[0].unknown'],
  [[{ unknown: '0000001000000000' }], 'a[0].unknown'],
]

test.each(bad)('actions %j are refused by field', (actions, field) => {
  expect(() => encodeActions(actions, 'a', ports)).toThrow(expect.objectContaining({ field }) as Error)
})

const badMatches: (readonly [object, string])[] = [
  [{ nwsrc: '10.0.0.1' }, 'm.nwsrc'],
  [{ nwSrc: '10.0.0.256' }, 'm.nwSrc'],
  [{ nwSrc: '10.0.0.1/33' }, 'm.nwSrc'],
  [{ nwSrc: '10.0.0.1/8/8' }, 'm.nwSrc'],
  [{ nwSrc: '::1' }, 'm.nwSrc'],
  [{ dlSrc: '02:00' }, 'm.dlSrc'],
  [{ dlSrc: '02:00:00:00:00:01\n' }, 'm.dlSrc'],
  [{ tcpDst: 65536 }, 'm.tcpDst'],
  [{ tcpDst: 1.5 }, 'm.tcpDst'],
  [{ tcpDst: '80' }, 'm.tcpDst'],
  [{ tcpDst: 80, udpDst: 80 }, 'm.udpDst'],
  [{ tcpDst: 80, nwProto: 'udp' }, 'm.tcpDst'],
  [{ nwSrc: '10.0.0.1', dlType: 'arp' }, 'm.nwSrc'],
  [{ nwSrc: '10.0.0.1', ipv6Src: '::1' }, 'm.ipv6Src'],
  [{ dlType: 'ipx' }, 'm.dlType'],
  [{ dlVlan: 4096 }, 'm.dlVlan'],
  [{ dlVlan: 'some' }, 'm.dlVlan'],
  [{ inPort: 'p1' }, 'm.inPort'],
  [{ reg0: { value: 1, mask: -1 } }, 'm.reg0.mask'],
  [{ metadata: 2n ** 64n }, 'm.metadata'],
  [{ ipDscp: 64 }, 'm.ipDscp'],
]

test.each(badMatches)('a match %j is refused by field', (match, field) => {
  expect(() => encodeFields(match, 'm', ports)).toThrow(expect.objectContaining({ field }) as Error)
})
