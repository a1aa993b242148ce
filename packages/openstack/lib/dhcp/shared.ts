// The arguments of keepers of networks.
import type { Plug } from '../agents/plug'
import type { DnsmasqSettings } from './arguments'
import type { Patience } from './dnsmasq'
import type { Tell } from './events'
import type { State } from './host_files'
import type { OptionTester } from './option_tester'

/** Shared by all networks of an agent. */
export interface Shared {
  readonly plug: Plug
  readonly program: string
  readonly settings: DnsmasqSettings
  readonly patience: Patience
  /** Milliseconds between two probes of dnsmasq. */
  readonly probeMs: number
  readonly tell: Tell
  readonly tester: OptionTester
  /** The default of a network's `adopt`. */
  readonly adopt: boolean
}

/** A network of a former agent. */
export interface Left {
  readonly state: State
  /** It was being deleted. */
  readonly deleted: boolean
  /** The owner in the marks of its devices; undefined if they have none. */
  readonly owner: string | undefined
  /** The pids of its running dnsmasq; more than one only after a failure. */
  readonly pids: readonly number[]
}
