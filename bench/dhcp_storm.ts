// A load generator for DHCP: many clients behind one device, each with a MAC of its own, that ask in the order of RFC 2131.
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from 'netloom'

const cookie = [0x63, 0x82, 0x53, 0x63]
const [discover, offer, request, ack] = [1, 2, 3, 5]

/** The MAC address of a client by its number. */
export function clientMac(number: number): string {
  return `52:54:00:00:${[number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
}

/** The result of a client. */
export interface Served {
  readonly address: string
  /** Milliseconds from its first question to its lease. */
  readonly took: number
}

/** The value of an option of a message. */
function optionOf(message: Buffer, wanted: number): Buffer | undefined {
  for (let at = 240; at + 1 < message.length && message[at] !== 255; at += 2 + message[at + 1]!) {
    if (message[at] === wanted) return message.subarray(at + 2, at + 2 + message[at + 1]!)
  }
  return undefined
}

/** A message with the broadcast flag, as of a client without an address. */
function question(number: number, type: number, more: readonly number[] = []): Buffer {
  const message = Buffer.alloc(300)
  message.set([1, 1, 6, 0])
  message.writeUInt32BE(number, 4)
  message[10] = 0x80
  message.set(Buffer.from(clientMac(number).replaceAll(':', ''), 'hex'), 28)
  message.set([...cookie, 53, 1, type, ...more, 255], 236)
  return message
}

async function openClient(ns: NetNs, device: string): Promise<Socket> {
  const socket = await ns.createSocket({ type: 'udp4', dev: device })
  const bound = once(socket, 'listening')
  socket.bind(68, '0.0.0.0')
  await bound
  socket.setBroadcast(true)
  return socket
}

/** Lets clients ask, evenly over `withinMs`, and again after a second if there is no answer, five times at most. */
export async function storm(
  namespaces: readonly NetNs[],
  device: string,
  clients: readonly number[],
  withinMs: number,
): Promise<ReadonlyMap<number, Served>> {
  const sockets = await Promise.all(namespaces.map((ns) => openClient(ns, device)))
  const begun = new Map<number, number>()
  const served = new Map<number, Served>()
  const socketOf = (number: number): Socket => sockets[number % sockets.length]!
  const ask = (number: number, type: number, more?: readonly number[]): void => {
    socketOf(number).send(question(number, type, more), 67, '255.255.255.255')
  }
  for (const [i, socket] of sockets.entries()) {
    socket.on('message', (message) => {
      const number = message.readUInt32BE(4)
      // Broadcasts reach all; each answer is for one.
      if (message[0] !== 2 || number % sockets.length !== i) return
      const type = optionOf(message, 53)?.[0]
      const address = [...message.subarray(16, 20)]
      if (type === offer) ask(number, request, [50, 4, ...address, 54, 4, ...(optionOf(message, 54) ?? [])])
      else if (type === ack && !served.has(number)) {
        served.set(number, { address: address.join('.'), took: performance.now() - begun.get(number)! })
      }
    })
  }
  const start = performance.now()
  for (const [i, number] of clients.entries()) {
    const due = start + (withinMs * i) / clients.length
    if (due > performance.now() + 1) await sleep(due - performance.now())
    begun.set(number, performance.now())
    ask(number, discover)
  }
  for (let attempt = 0; attempt < 5 && served.size < clients.length; attempt++) {
    const deadline = performance.now() + 1000
    while (served.size < clients.length && performance.now() < deadline) await sleep(5)
    for (const number of clients) if (!served.has(number)) ask(number, discover)
  }
  for (const socket of sockets) socket.close()
  return served
}
