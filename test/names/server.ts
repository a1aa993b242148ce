// A name server inside a namespace, whose zone is an object. It speaks by the library that ours uses for the bytes; what
// it says by UDP and TCP is up to each test. dnsmasq, which knows nothing of us, is the oracle in lookup.test.ts.
import { once } from 'node:events'
import { decode, encode, streamEncode, TRUNCATED_RESPONSE, type Answer, type Packet } from 'dns-packet'
import type { NetNs } from '../../lib/index'

/** The answer to a question, a code of failure, or nothing at all. */
export type Zone = (name: string, type: string, by: 'udp' | 'tcp') => Answer[] | number | 'cut' | 'silence'

export interface NameServer extends AsyncDisposable {
  /** What was asked, in order: `udp A name`. */
  readonly asked: string[]
}

function replyTo(data: Buffer, by: 'udp' | 'tcp', zone: Zone, asked: string[]): Packet | undefined {
  const { id, questions = [] } = decode(data)
  const [{ name, type } = { name: '', type: 'A' }] = questions
  asked.push(`${by} ${type} ${name}`)
  const told = zone(name, type, by)
  if (told === 'silence') return undefined
  const [flags, answers] = told === 'cut' ? [TRUNCATED_RESPONSE, []] : typeof told === 'number' ? [told, []] : [0, told]
  return { type: 'response', id: id ?? 0, flags, questions, answers }
}

/** Serves a zone at an address of the namespace. */
export async function serveNames(ns: NetNs, host: string, zone: Zone): Promise<NameServer> {
  const asked: string[] = []
  const udp = await ns.createSocket(host.includes(':') ? 'udp6' : 'udp4')
  udp.bind(53, host)
  await once(udp, 'listening')
  udp.on('message', (data, from) => {
    const reply = replyTo(data, 'udp', zone, asked)
    if (reply !== undefined) udp.send(encode(reply), from.port, from.address)
  })
  const tcp = await ns.listen({ host, port: 53 })
  tcp.on('connection', (peer) => {
    peer.on('error', () => undefined)
    peer.on('data', (data) => {
      const reply = replyTo(data.subarray(2), 'tcp', zone, asked)
      // In two pieces, as TCP may do it.
      if (reply === undefined) return
      const bytes = streamEncode(reply)
      peer.write(bytes.subarray(0, 1))
      setTimeout(() => peer.end(bytes.subarray(1)), 5)
    })
  })
  return {
    asked,
    async [Symbol.asyncDispose]() {
      const closed = [once(udp, 'close'), once(tcp, 'close')]
      udp.close()
      tcp.close()
      await Promise.all(closed)
    },
  }
}

/** Records of a type for a name. */
export function records(name: string, type: 'A' | 'AAAA' | 'CNAME', ...data: readonly string[]): Answer[] {
  return data.map((one) => ({ name, type, ttl: 60, class: 'IN', data: one }))
}

/** RCODE of RFC 1035. */
export const Code = { serverFailure: 2, noSuchName: 3, refused: 5 } as const
