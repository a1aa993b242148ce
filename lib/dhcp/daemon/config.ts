// The daemon's configuration: a file of JSON or YAML.
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { checkKeys, wrongType, wrongValue } from '../../wire/invalid'
import type { DhcpAgentOptions } from '../agent'
import type { DesiredNetwork } from '../options'

/** What the daemon is told. */
export interface DaemonConfig extends Omit<DhcpAgentOptions, 'netns' | 'plug'> {
  readonly plug: 'bridge' | 'ovs'
  /** The name of the namespace with the switch. Default: the daemon's own. */
  readonly namespace?: string | undefined
  /** The path of the socket on which it serves HTTP. Default: none. */
  readonly listen?: string | undefined
  /** The file that describes the networks, and is followed; relative to the configuration. Default: none, the API does. */
  readonly networks?: string | undefined
  /** `fatal`, `error`, `warn`, `info`, `debug` or `trace`. Default: `info`. */
  readonly logLevel?: string | undefined
}

const agentKeys = 'stateDir plug bridge ovsdb domain upstreamDns dnsmasq user checkMs probeMs answerMs'.split(' ')
const ownKeys = ['namespace', 'listen', 'networks', 'logLevel']
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Reads JSON or YAML, of which JSON is a part. */
function readFile(path: string): unknown {
  const text = readFileSync(path, 'utf8')
  try {
    return parse(text, { prettyErrors: true }) as unknown
  } catch (error) {
    // Behind the first line it shows the text.
    const [what = ''] = (error as Error).message.split('\n')
    throw new Error(`${path} is neither YAML nor JSON: ${what.replace(/:$/, '')}`, { cause: error })
  }
}

/** Reads the configuration. The agent's options are checked when it starts. */
export function readConfig(path: string): DaemonConfig {
  const config = readFile(path)
  checkKeys(config, new Set([...agentKeys, ...ownKeys]), '')
  const { plug, namespace, listen, networks, logLevel, ...more } = config as DaemonConfig
  for (const [field, value] of Object.entries({ namespace, listen, networks })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) throw wrongType(field, 'a string', value)
  }
  if (!['bridge', 'ovs'].includes(plug)) throw wrongValue('plug', '"bridge" or "ovs"', plug)
  if (logLevel !== undefined && !levels.includes(logLevel)) throw wrongValue('logLevel', levels.join(', '), logLevel)
  if (listen === undefined && networks === undefined)
    throw wrongValue('listen', 'given where "networks" is not', listen)
  const file = networks === undefined ? undefined : resolve(dirname(path), networks)
  return { plug, namespace, listen, networks: file, logLevel, ...more }
}

/** Reads a description of networks; `.inf` of YAML, or "Infinity", is a lease for ever. */
export function readNetworks(path: string): { readonly networks: readonly DesiredNetwork[] } {
  const description = readFile(path)
  checkKeys(description, new Set(['networks']), '')
  return withLeases(description) as { networks: DesiredNetwork[] }
}

/** JSON has no Infinity: the text stands for it. */
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
