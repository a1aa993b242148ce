// What the keepers of networks are given.
import type { Plug } from '../agents/plug'
import type { DnsmasqSettings } from './arguments'
import type { Patience } from './dnsmasq'
import type { Tell } from './events'
import type { State } from './host_files'
import type { OptionTester } from './option_tester'

/** What all networks of an agent share. */
export interface Shared {
  readonly plug: Plug
  readonly program: string
  readonly settings: DnsmasqSettings
  readonly patience: Patience
  /** Milliseconds between two questions whether dnsmasq still works. */
  readonly probeMs: number
  readonly tell: Tell
  readonly tester: OptionTester
  /** Whether to take over what is somebody else's, where a network does not say it. */
  readonly adopt: boolean
}

/** What a former agent has left of a network. */
export interface Left {
  readonly state: State
  /** It was being deleted. */
  readonly deleted: boolean
  /** Whose the marks of its devices are; undefined if they have none. */
  readonly owner: string | undefined
  /** Its dnsmasq, if it runs; more than one if there was an accident. */
  readonly pids: readonly number[]
}
