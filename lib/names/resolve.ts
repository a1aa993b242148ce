// Resolves a name: by the hosts file, then by the name servers, in the domains of the search list.
import { hostname as hostName } from 'node:os'
import { isIPv6 } from 'node:net'
import { AbortError, type Subject } from '../errors'
import type { NetnsHandle } from '../native/netns_handle'
import { parseHosts, parseResolvConf, plainName, type Hosts, type Resolving } from './configuration'
import { EtcFile } from './etc'
import { ask, type Answer, type RecordType } from './question'

/** The addresses of a name, by family. */
export interface Addresses {
  readonly A: readonly string[]
  readonly AAAA: readonly string[]
}

/** Why there are none: the name does not exist or has none of the family, or no server has answered. */
export type Failure = 'ENOTFOUND' | 'EAI_AGAIN'

const loopback: Addresses = { A: ['127.0.0.1'], AAAA: ['::1'] }

/** Resolves names for one namespace. */
export class Resolver {
  readonly #netns: NetnsHandle
  readonly #name: string | undefined
  readonly #resolvConf = new EtcFile('resolv.conf', (text) => parseResolvConf(text, domainOf(hostName())))
  readonly #hosts = new EtcFile<Hosts>('hosts', parseHosts)
  #turn = 0

  /** @param name - The namespace's name below /etc/netns, if it has one. */
  constructor(netns: NetnsHandle, name: string | undefined) {
    this.#netns = netns
    this.#name = name
  }

  /** The namespace in which it resolves names. */
  get netns(): NetnsHandle {
    return this.#netns
  }

  /** The addresses of a name. */
  async resolve(
    name: string,
    types: readonly RecordType[],
    signal: AbortSignal | undefined,
  ): Promise<Addresses | Failure> {
    const subject: Subject = { operation: 'NetNs.lookup', netns: this.#netns.label }
    if (signal?.aborted === true) throw new AbortError(subject, 'none', signal.reason)
    this.#netns.use(subject.operation)
    const hosts = await this.#hosts.read(this.#name, subject)
    const listed = only([...(hosts.get(plainName(name)) ?? [])], types)
    if (count(listed) > 0) return listed
    // RFC 6761: no server is asked for localhost.
    if (/(^|\.)localhost$/.test(plainName(name))) return only([...loopback.AAAA, ...loopback.A], types)
    const how = await this.#resolvConf.read(this.#name, subject)
    const asked = how.noIPv6 ? types.filter((type) => type !== 'AAAA') : types
    let failure: Failure = 'ENOTFOUND'
    for (const candidate of candidates(name, how)) {
      const found = await Promise.all(asked.map((type) => this.#ask(candidate, type, how, signal)))
      const addresses = found.flatMap((answer) => (answer.kind === 'addresses' ? answer.addresses : []))
      if (addresses.length > 0) return only(addresses, types)
      // As glibc does: servers that do not answer would not answer for the next domain, either.
      if (found.some(({ kind }) => kind === 'nobody')) return 'EAI_AGAIN'
      if (found.some(({ kind }) => kind === 'no help')) failure = 'EAI_AGAIN'
    }
    return failure
  }

  /** Asks one server after another, until one gives an answer. */
  async #ask(name: string, type: RecordType, how: Resolving, signal: AbortSignal | undefined): Promise<Answer> {
    const { servers, attempts, tcpOnly } = how
    const first = how.rotate ? this.#turn++ % servers.length : 0
    const inTurn = [...servers.slice(first), ...servers.slice(0, first)]
    let said: Answer = { kind: 'nobody' }
    for (let attempt = 0; attempt < attempts; attempt++) {
      // As glibc does: twice as long in each attempt, divided by the number of servers from the second attempt on.
      const shared = attempt === 0 ? how.timeout : (how.timeout << attempt) / servers.length
      for (const server of inTurn) {
        try {
          const question = { name, type, server, timeout: Math.max(1000, shared), tcpOnly, signal }
          const answer = await ask(this.#netns, question)
          if (answer.kind !== 'no help') return answer
          said = answer
        } catch (error) {
          if (signal?.aborted === true || isOurs(error)) throw error
        }
      }
    }
    return said
  }
}

/** Whether asking another server would fail in the same way. */
function isOurs(error: unknown): boolean {
  const { code } = error as { readonly code?: string }
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ERR_NETLOOM_CLOSED'
}

function domainOf(host: string): string | undefined {
  const dot = host.indexOf('.')
  return dot < 0 ? undefined : host.slice(dot + 1)
}

/** The names that are tried, in order. */
function candidates(name: string, { search, ndots }: Resolving): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const dots = name.split('.').length - 1
  const inDomains = search.map((domain) => (domain === '' ? name : `${name}.${domain}`))
  const all = dots >= ndots ? [name, ...inDomains] : [...inDomains, name]
  return [...new Set(all)].filter(isName)
}

/** Whether a name can be asked for: domains of a search list are not checked. */
function isName(name: string): boolean {
  if (Buffer.byteLength(name) > 253 || name.includes('\0')) return false
  return name.split('.').every((label) => label !== '' && Buffer.byteLength(label) <= 63)
}

function only(addresses: readonly string[], types: readonly RecordType[]): Addresses {
  const of = (type: RecordType): string[] =>
    types.includes(type) ? addresses.filter((address) => isIPv6(address) === (type === 'AAAA')) : []
  return { A: of('A'), AAAA: of('AAAA') }
}

function count({ A, AAAA }: Addresses): number {
  return A.length + AAAA.length
}
