// Bytes that nobody promised anything about: noise, messages of the kernel's that were cut or changed, and what looks like
// messages. Whatever decodes them ends, does not fail, and shows nothing from outside the block.
import fc from 'fast-check'
import { decodeInet } from '../../lib/diag/inet'
import { decodeNetlink } from '../../lib/diag/netlink'
import { decodePacket } from '../../lib/diag/packet'
import { decodeUnix } from '../../lib/diag/unix'
import { decodeMessage, forEachMessage, type Received } from '../../lib/netlink/message'
import { addressLayout } from '../../lib/route/address_attributes'
import { decodeAddress } from '../../lib/route/address_messages'
import { linkKinds, portData } from '../../lib/route/kinds'
import { decodeLink } from '../../lib/route/link'
import { briefLinkLayout, linkLayout } from '../../lib/route/link_attributes'
import { neighborLayout } from '../../lib/route/neighbor_attributes'
import { decodeNeighbor } from '../../lib/route/neighbor_messages'
import { nsidLayout } from '../../lib/route/nsids'
import { decodeRoute } from '../../lib/route/route_decode'
import { routeLayout } from '../../lib/route/route_attributes'
import { ruleLayout } from '../../lib/route/rule_attributes'
import { decodeRule } from '../../lib/route/rule_messages'
import type { AttributeSet, AttributeTable } from '../../lib/wire/attributes'
import type { Reader } from '../../lib/wire/reader'
import { fresh, ip } from '../support/namespaces'
import { dumpBytes } from '../netlink/raw'
import { seeing } from './codec'

const layouts = { linkLayout, briefLinkLayout, addressLayout, routeLayout, neighborLayout, ruleLayout, nsidLayout }

const decoders: Record<string, (received: Received) => unknown> = {
  links: (received) => decodeLink(received, true),
  'links without counters': (received) => decodeLink(received, false),
  addresses: decodeAddress,
  routes: decodeRoute,
  neighbors: decodeNeighbor,
  rules: decodeRule,
  'TCP sockets': (received) => decodeInet(received, 'tcp'),
  'Unix sockets': decodeUnix,
  'packet sockets': decodePacket,
  'netlink sockets': decodeNetlink,
  ...Object.fromEntries(
    Object.entries(layouts).map(([name, layout]) => [
      name,
      (received: Received) => decodeMessage<never, AttributeTable>(layout as never, received),
    ]),
  ),
}

const sets: Record<string, Pick<AttributeSet<AttributeTable>, 'decode' | 'path' | 'table'>> = {
  ...Object.fromEntries(Object.entries(layouts).map(([name, { attributes }]) => [name, attributes])),
  ...Object.fromEntries(Object.values(linkKinds).map(({ kind, data }) => [`the data of a ${kind}`, data])),
  ...Object.fromEntries(Object.entries(portData).map(([kind, data]) => [`a port of a ${kind}`, data])),
}

/** Everything that a decoder makes of all messages in a block. */
function decodeAll(reader: Reader, decode: (received: Received) => unknown): unknown[] {
  const found: unknown[] = []
  forEachMessage(reader.bytes as Uint8Array, (received) => found.push(decode(received)))
  return found
}

const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const tag = fc.constantFrom(...Object.keys(linkKinds), 'cow').map((kind) => Buffer.from(`${kind}\0`))

/** What looks like attributes: numbers from a table or near it, lengths that are right, nearly right or absurd. */
function tlvs(numbers: readonly number[], depth = 3): fc.Arbitrary<Buffer> {
  const payload = depth === 0 ? noise : fc.oneof(noise, tag, tlvs([...numbers, 1, 2, 3, 5, 10], depth - 1))
  const number = fc.oneof(fc.constantFrom(...numbers), fc.nat(0xffff))
  const length = fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.integer({ min: -8, max: 8 }), fc.nat(0xffff))
  const one = fc.tuple(number, payload, length).map(([number, payload, error]) => {
    const attribute = Buffer.alloc((4 + payload.length + 3) & ~3)
    attribute.writeUInt16LE(Math.max(0, Math.min(0xffff, 4 + payload.length + error)), 0)
    attribute.writeUInt16LE(number, 2)
    payload.copy(attribute, 4)
    return attribute
  })
  return fc.array(one, { maxLength: 6 }).map((parts) => Buffer.concat(parts))
}

function message(type: number, payload: Uint8Array, lengthError = 0): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(Math.max(0, 16 + payload.length + lengthError), 0)
  header.writeUInt16LE(type, 4)
  return Buffer.concat([header, payload, Buffer.alloc(-payload.length & 3)])
}

describe.each(Object.keys(sets))('attributes of %s', (name) => {
  const set = sets[name]!
  const numbers = Object.values(set.table).map(([, number]) => number)
  // A kind may have no attributes at all.
  const bytes = fc.oneof(noise, tlvs(numbers.length === 0 ? [1] : numbers))

  it('decode from whatever bytes there are', () => {
    fc.assert(
      fc.property(bytes, (bytes) => {
        seeing(bytes, (reader) => set.decode(reader, 0, bytes.length))
      }),
      { numRuns: 500 },
    )
  })

  it('have a path at whatever byte is asked for', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: -20, max: 400 }), (bytes, target) => {
        const path = seeing(bytes, (reader) => set.path(reader, 0, bytes.length, target))
        expect(path.every((part) => part !== '')).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

describe.each(Object.keys(decoders))('messages taken for %s', (name) => {
  const decode = decoders[name]!
  const numbers = Array.from({ length: 70 }, (_, i) => i + 1)

  it('decode from whatever bytes there are', () => {
    const header = fc
      .constantFrom(0, 4, 8, 12, 12, 16, 16)
      .chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
    const one = fc
      .tuple(fc.nat(0xffff), header, tlvs(numbers), fc.constantFrom(0, 0, 0, -1, 5, 4096))
      .map(([type, header, attributes, error]) => message(type, Buffer.concat([header, attributes]), error))
    const blocks = fc.oneof(
      noise,
      fc.array(one, { maxLength: 4 }).map((parts) => Buffer.concat(parts)),
    )
    fc.assert(
      fc.property(blocks, (bytes) => {
        seeing(bytes, (reader) => decodeAll(reader, decode))
      }),
      { numRuns: 500 },
    )
  })
})

describe("the kernel's own messages", () => {
  let dumps: Record<string, Buffer>

  beforeAll(async () => {
    await using ns = await fresh()
    for (const command of [
      'link add br0 type bridge',
      'link add veth0 type veth peer name veth1',
      'link add vx0 type vxlan id 7 dstport 4789 remote 192.0.2.1',
      'link add mac0 link veth0 type macvlan mode bridge',
      'link add ifb7 type ifb',
      'link set veth1 master br0',
      'link property add dev veth0 altname a-long-further-name',
      'link set lo up',
      'link set veth0 up',
      'link set veth1 up',
      'address add 10.0.0.1/24 brd + dev veth0 label veth0:1',
      'address add fd00::1/64 dev veth0 nodad',
      'route add default via 10.0.0.254 metric 7 mtu 1400',
      'route add 10.9.0.0/16 nexthop via 10.0.0.2 weight 3 nexthop via 10.0.0.3',
      'route add 10.8.0.0/16 via inet6 fd00::9 dev veth0',
      'neighbor add 10.0.0.2 lladdr 02:00:00:00:00:02 dev veth0',
      'rule add from 10.0.0.0/8 to 10.1.0.0/16 table 7 priority 5 ipproto tcp dport 80-90',
    ]) {
      await ip(ns, ...command.split(' '))
    }
    dumps = {
      links: await dumpBytes(ns, 18, 16),
      addresses: await dumpBytes(ns, 22, 8),
      routes: await dumpBytes(ns, 26, 12),
      neighbors: await dumpBytes(ns, 30, 12),
      rules: await dumpBytes(ns, 34, 12),
    }
    dumps['links without counters'] = dumps.links!
  })

  const kinds = ['links', 'links without counters', 'addresses', 'routes', 'neighbors', 'rules'] as const

  it.each(kinds)('decode as %s', (name) => {
    const found = seeing(dumps[name]!, (reader) => decodeAll(reader, decoders[name]!))
    // Among the rules are some of multicast routing, which are none of ours.
    const ours = found.filter((one) => one !== undefined)
    expect(ours.length).toBeGreaterThan(0)
    if (name !== 'rules') expect(ours).toEqual(found)
  })

  it.each(kinds)('taken for %s may be cut anywhere', (name) => {
    const whole = dumps[name]!
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        seeing(whole.subarray(0, length), (reader) => decodeAll(reader, decoders[name]!))
      }),
      { numRuns: 300 },
    )
  })

  it.each(kinds)('taken for %s may be changed anywhere', (name) => {
    const whole = dumps[name]!
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(changes, (changes) => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        seeing(bytes, (reader) => decodeAll(reader, decoders[name]!))
      }),
      { numRuns: 500 },
    )
  })

  it.each(kinds)('taken for %s may be of another kind', (name) => {
    for (const bytes of Object.values(dumps)) seeing(bytes, (reader) => decodeAll(reader, decoders[name]!))
  })
})
