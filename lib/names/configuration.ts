// Parses resolv.conf(5) and hosts(5) as glibc does.
import { isIP } from 'node:net'

/** The content of a resolv.conf: the name servers, and how they are asked. */
export interface Resolving {
  /** Addresses of name servers, which may have a zone, in the order in which they are asked. */
  readonly servers: readonly string[]
  /** Domains that are appended to a name. */
  readonly search: readonly string[]
  /** A name with at least this many dots is tried as it is before it is tried in a domain of `search`. */
  readonly ndots: number
  /** The time limit of the first attempt, in milliseconds. */
  readonly timeout: number
  /** How often each server is asked. */
  readonly attempts: number
  /** Whether each query begins with another server. */
  readonly rotate: boolean
  /** Whether servers are asked by TCP alone. */
  readonly tcpOnly: boolean
  /** Whether IPv6 addresses are not asked for. */
  readonly noIPv6: boolean
}

/**
 * MAXNS, RES_MAXNDOTS, RES_MAXRETRANS and RES_MAXRETRY of glibc's resolv.h: limits larger values. That of `search` is ours, as each
 * domain costs queries.
 */
const most = { servers: 3, search: 256, ndots: 15, timeout: 30, attempts: 5 }

/** Parses a resolv.conf. If it names no server, the one at 127.0.0.1 in the namespace is asked. */
export function parseResolvConf(text: string, hostDomain?: string): Resolving {
  const servers: string[] = []
  let search = hostDomain === undefined ? [] : [hostDomain]
  const options = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (/^\s*[;#]/.test(line)) continue
    const [keyword = '', ...words] = line.split(/\s+/).filter((word) => word !== '')
    const [first] = words
    if (keyword === 'nameserver' && first !== undefined && isIP(first) !== 0) servers.push(first)
    // The last of `search` and `domain` counts. A single dot is the root: names are tried as they are.
    if (keyword === 'search') search = words
    if (keyword === 'domain' && first !== undefined) search = [first]
    if (keyword === 'options') for (const word of words) options.set(...pair(word))
  }
  const number = (name: 'ndots' | 'timeout' | 'attempts', otherwise: number, least: number): number => {
    const value = /^\d+$/.test(options.get(name) ?? '') ? Number(options.get(name)) : otherwise
    return Math.min(Math.max(value, least), most[name])
  }
  return {
    servers: servers.length === 0 ? ['127.0.0.1'] : servers.slice(0, most.servers),
    search: search.slice(0, most.search).map((domain) => domain.replaceAll(/^\.+|\.+$/g, '')),
    ndots: number('ndots', 1, 0),
    timeout: 1000 * number('timeout', 5, 1),
    attempts: number('attempts', 2, 1),
    rotate: options.has('rotate'),
    tcpOnly: options.has('use-vc') || options.has('usevc'),
    noIPv6: options.has('no-aaaa'),
  }
}

function pair(option: string): [name: string, value: string] {
  const [name = '', value = ''] = option.split(':', 2)
  return [name, value]
}

/** The addresses of a hosts file by name, in the order of its lines. */
export type Hosts = ReadonlyMap<string, ReadonlySet<string>>

/** Parses a hosts file. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, Set<string>>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#', 1)[0] ?? '').split(/\s+/).filter((word) => word !== '')
    if (isIP(address) === 0) continue
    for (const name of names.map(plainName)) {
      const known = hosts.get(name)
      if (known === undefined) hosts.set(name, new Set([address]))
      else known.add(address)
    }
  }
  return hosts
}

/** A name in the form in which names are compared: in lower case, without the dot at its end. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}
