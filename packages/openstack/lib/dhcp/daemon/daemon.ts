// The daemon: an agent with a log, metrics, a description that is followed, and an interface for programs in any language.
import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import pino, { type Logger } from 'pino'
import { NetNs } from 'netloom'
import { isInvalid } from 'netloom/errors'
import { DhcpAgent } from '../agent'
import { createApi } from './api'
import { ApiServer } from './api_server'
import { readConfig, readNetworks, type DaemonConfig } from './config'
import { FollowedFile, type CarriedOut } from './followed_file'
import { metricsOf } from './metrics'
import { Notifier } from './notify'

function follow(agent: DhcpAgent, log: Logger): void {
  agent.on('lease', (event) => {
    log.info(event, event.renewed ? 'lease prolonged' : 'lease')
  })
  agent.on('release', (event) => {
    log.info(event, 'lease ended')
  })
  agent.on('restart', (event) => {
    log.warn(event, 'dnsmasq was started again')
  })
  agent.on('repair', (event) => {
    log.warn(event, 'mended')
  })
  agent.on('error', (error) => {
    log.error({ err: error }, 'failed')
  })
}

/** Removes a socket on which no process listens; never another file. */
async function freePath(path: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false })
  if (there === undefined) return
  // Connecting to a file fails, too.
  if (!there.isSocket()) throw new Error(`${path} is there, and no socket`)
  const probe = connect(path)
  try {
    await once(probe, 'connect')
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'ECONNREFUSED') rmSync(path, { force: true })
    return
  } finally {
    probe.destroy()
  }
  throw new Error(`somebody listens on ${path} already`)
}

/** A running daemon. */
export class Daemon {
  readonly #agent: DhcpAgent
  readonly #log: Logger
  readonly #config: DaemonConfig
  readonly #notifier: Notifier
  #server: ApiServer | undefined
  readonly #file: FollowedFile | undefined

  private constructor(agent: DhcpAgent, log: Logger, config: DaemonConfig) {
    this.#agent = agent
    this.#log = log
    this.#config = config
    const { networks } = config
    this.#file = networks === undefined ? undefined : new FollowedFile(networks, () => this.#carryOut(networks))
    this.#notifier = new Notifier(process.env, (error) => {
      log.warn({ err: error }, 'systemd is not told')
    })
  }

  static async start(path: string): Promise<Daemon> {
    const config = readConfig(path)
    const { namespace, listen: _listen, networks: _networks, logLevel = 'info', ...options } = config
    const log = pino({ level: logLevel, base: { pid: process.pid } }, pino.destination({ sync: true }))
    const netns = namespace === undefined ? undefined : await NetNs.open(namespace)
    let agent: DhcpAgent
    try {
      agent = await DhcpAgent.start({ ...options, netns })
    } finally {
      netns?.close()
    }
    follow(agent, log)
    const daemon = new Daemon(agent, log, config)
    try {
      await daemon.#begin()
    } catch (error) {
      await daemon.stop()
      throw error
    }
    log.info({ networks: agent.networks.list().length }, 'ready')
    daemon.#tellReady()
    return daemon
  }

  /** Reads the description again, for SIGHUP, and makes the networks equal to it. */
  async reload(): Promise<void> {
    this.#notifier.reloading()
    await this.#file?.now()
    this.#tellReady()
  }

  async #carryOut(file: string): Promise<CarriedOut> {
    let description
    try {
      description = readNetworks(file)
      const { networks: changed, deleted } = await this.#agent.sync(description)
      if (changed.length + deleted.length > 0) this.#log.info({ changed, deleted }, 'synchronized')
      return 'done'
    } catch (error) {
      const refused = description === undefined || isInvalid(error)
      const what = refused
        ? 'the description is refused; all stays as it was'
        : 'the description is not carried out wholly'
      this.#log.error({ err: error, file }, what)
      return refused ? 'refused' : 'again'
    }
  }

  /** Ends it; clients are still served. */
  async stop(): Promise<void> {
    this.#notifier.stopping()
    await this.#file?.stop()
    await this.#server?.close()
    await this.#agent.close()
    this.#log.info('ended')
  }

  #tellReady(): void {
    this.#notifier.ready(`${this.#agent.networks.list().length} networks`)
  }

  async #begin(): Promise<void> {
    const { listen, networks } = this.#config
    await this.#file?.start()
    const metrics = metricsOf(this.#agent)
    if (listen === undefined) return
    await freePath(listen)
    const described = networks !== undefined
    const listener = await createApi({ agent: this.#agent, metrics, described }, this.#log)
    this.#server = await ApiServer.listen(listen, listener)
  }
}
