// What docs/inside/taps.md shows.
import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { NetNs } from 'netloom'

// A host that is a program: it answers ARP and ICMP echo for one address.
const mac = Buffer.from('020000000099', 'hex')
const address = Buffer.from([10, 0, 0, 99])

/** The answer to a frame, made of the frame itself; undefined if it is not for us. */
function answer(frame: Buffer): Buffer | undefined {
  const to = Buffer.from(frame)
  frame.copy(to, 0, 6, 12) // back to who sent it
  mac.copy(to, 6)
  const type = frame.readUInt16BE(12)
  if (type === 0x0806 && frame.readUInt16BE(20) === 1 && frame.subarray(38, 42).equals(address)) {
    to.writeUInt16BE(2, 20) // an ARP reply: from us, to who asked
    frame.copy(to, 32, 22, 32)
    mac.copy(to, 22)
    address.copy(to, 28)
    return to
  }
  const echo = frame[23] === 1 && frame[34] === 8
  if (type === 0x0800 && echo && frame.subarray(30, 34).equals(address)) {
    frame.copy(to, 26, 30, 34) // IP addresses change places, which leaves the checksum as it is
    frame.copy(to, 30, 26, 30)
    to[34] = 0 // an echo reply
    const sum = frame.readUInt16BE(36) + 0x0800
    to.writeUInt16BE((sum & 0xffff) + (sum >> 16), 36)
    return to
  }
  return undefined
}

async function responder(ns: NetNs): Promise<void> {
  await using tap = await ns.taps.create({ name: 'tap0', up: true })
  await ns.addresses.add({ dev: tap.name, address: '10.0.0.1/24' })
  tap.on('data', (frame: Buffer) => {
    const reply = answer(frame)
    if (reply !== undefined) tap.write(reply)
  })
  const { received } = await ns.ping('10.0.0.99', { count: 3, intervalMilliseconds: 10 })
  console.log(received) // 3
  assert.equal(received, 3)
}

/** Two namespaces and a cable between them that is this process. */
async function cable(): Promise<void> {
  await using red = await NetNs.create()
  await using green = await NetNs.create()
  await using a = await red.taps.create({ name: 'eth0', up: true })
  await using b = await green.taps.create({ name: 'eth0', up: true })
  await red.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
  await green.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  const ends = Promise.allSettled([pipeline(a, b), pipeline(b, a)])
  assert.equal((await red.ping('10.0.0.2', { count: 1 })).received, 1)
  a.destroy()
  b.destroy()
  await ends
}

async function virtualMachine(ns: NetNs): Promise<void> {
  await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
  await using tap = await ns.taps.create({ name: 'vm%d', mac: '02:00:00:00:00:01', master: 'br0', up: true })
  const [program, args] = ['sh', ['-c', 'test -c /dev/fd/3']] // instead of a virtual machine
  const machine = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', tap.fd] })
  const [code] = (await once(machine, 'exit')) as [number]
  assert.equal(code, 0)
}

async function kept(ns: NetNs): Promise<void> {
  const tap = await ns.taps.create({ name: 'vm7', persist: true, owner: 1000, multiQueue: true })
  await tap.close()
  for (const { name, persist, owner } of await ns.taps.list()) console.log(name, persist, owner) // vm7 true 1000

  const first = await ns.taps.open('vm7')
  const second = await first.openQueue()
  await second.detach() // for now all goes by the first one
  for (const queue of [first, second]) await queue.close()
  await ns.taps.delete('vm7')
  assert.deepEqual(await ns.taps.list(), [])
}

async function main(): Promise<void> {
  await using ns = await NetNs.create()
  await responder(ns)
  await cable()
  await virtualMachine(ns)
  await kept(ns)
}

void main()
