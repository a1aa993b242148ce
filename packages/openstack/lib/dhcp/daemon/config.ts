// The daemon's configuration: a file of JSON or YAML.
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parse } from 'yaml'
import { isInvalid, wrongType, wrongValue } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import type { DhcpAgentOptions } from '../agent'
import type { DesiredNetwork } from '../options'

/** The configuration of the daemon. */
export interface DaemonConfig extends Omit<DhcpAgentOptions, 'netns' | 'plug'> {
  readonly plug: 'bridge' | 'ovs'
  /** The name of the namespace with the switch. Default: the daemon's own. */
  readonly namespace?: string | undefined
  /** The path of the socket on which it serves HTTP, absolute. Default: none. */
  readonly listen?: string | undefined
  /** The file that describes the networks, and is followed; relative to the configuration. Default: none, the API does. */
  readonly networks?: string | undefined
  /** `fatal`, `error`, `warn`, `info`, `debug` or `trace`. Default: `info`. */
  readonly logLevel?: string | undefined
}

const agentKeys = 'stateDir plug bridge ovsdb adopt domain upstreamDns dnsmasq user checkMs probeMs answerMs'.split(' ')
const ownKeys = ['namespace', 'listen', 'networks', 'logLevel']
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Reads JSON or YAML, of which JSON is a part, and what it means. Every error names the file. */
function readFile<T>(path: string, read: (content: unknown) => T): T {
  const text = readFileSync(path, 'utf8')
  let content: unknown
  try {
    content = parse(text, { prettyErrors: true })
  } catch (error) {
    // Without the lines behind the first, which quote the text.
    const [what = ''] = (error as Error).message.split('\n')
    throw new Error(`${path} is neither YAML nor JSON: ${what.replace(/:$/, '')}`, { cause: error })
  }
  // A file that is empty, or has comments only.
  if (content === null || content === undefined) throw new Error(`${path} is empty`)
  if (typeof content !== 'object' || Array.isArray(content)) throw new Error(`${path} has no keys with values`)
  try {
    return read(content)
  } catch (error) {
    if (isInvalid(error)) error.message = `${path}: ${error.message}`
    throw error
  }
}

/** Reads the configuration. The agent's options are checked when it starts. */
export function readConfig(path: string): DaemonConfig {
  return readFile(path, (config) => configOf(config, dirname(path)))
}

// A socket's address has 107 bytes.
const longestPath = 107

function checkListen(listen: unknown): void {
  if (listen === undefined) return
  const expected = `an absolute path of at most ${longestPath} bytes`
  if (typeof listen !== 'string') throw wrongType('listen', expected, listen)
  // Without a slash Node would take a number for a TCP port, on all addresses.
  const possible = isAbsolute(listen) && !listen.includes('\0') && Buffer.byteLength(listen) <= longestPath
  if (!possible) throw wrongValue('listen', expected, listen)
}

function configOf(config: unknown, directory: string): DaemonConfig {
  checkKeys(config, new Set([...agentKeys, ...ownKeys]), '')
  const { plug, namespace, listen, networks, logLevel, ...more } = config as DaemonConfig
  checkListen(listen)
  for (const [field, value] of Object.entries({ namespace, networks })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw wrongType(field, 'a string', value)
  }
  if (!['bridge', 'ovs'].includes(plug)) throw wrongValue('plug', '"bridge" or "ovs"', plug)
  if (logLevel !== undefined && !levels.includes(logLevel)) throw wrongValue('logLevel', levels.join(', '), logLevel)
  if (listen === undefined && networks === undefined)
    throw wrongValue('listen', 'given where "networks" is not', listen)
  const file = networks === undefined ? undefined : resolve(directory, networks)
  return { plug, namespace, listen, networks: file, logLevel, ...more }
}

/** Reads a description of networks; `.inf` of YAML, or "Infinity", is a lease for ever. */
export function readNetworks(path: string): { readonly networks: readonly DesiredNetwork[] } {
  // Reading a pipe, for instance, would block the event loop.
  if (!statSync(path).isFile()) throw new Error(`${path} is no file`)
  return readFile(path, (description) => {
    checkKeys(description, new Set(['networks']), '')
    return withLeases(description) as { networks: DesiredNetwork[] }
  })
}

/** Converts the text "Infinity", as JSON has no such number. */
export function withLeases(description: unknown): unknown {
  if (typeof description !== 'object' || description === null) return description
  if (Array.isArray(description)) return description.map(withLeases)
  return Object.fromEntries(
    Object.entries(description).map(([key, value]: [string, unknown]) => [
      key,
      key === 'leaseSeconds' && value === 'Infinity' ? Infinity : withLeases(value),
    ]),
  )
}
