// The daemon: an agent with a log, metrics, a description that is followed, and an interface for programs in any language.
import { chmodSync, rmSync, watch, type FSWatcher } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { basename, dirname } from 'node:path'
import { once } from 'node:events'
import pino, { type Logger } from 'pino'
import { NetNs } from '../../netns/netns'
import { DhcpAgent } from '../agent'
import { serve } from './api'
import { readConfig, readNetworks, type DaemonConfig } from './config'
import { metricsOf } from './metrics'
import { notify } from './notify'

/** An editor writes a file in several steps. */
const settleMs = 100

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

/** Removes a socket that nobody listens on. */
async function freePath(path: string): Promise<void> {
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

/** A daemon that runs. */
export class Daemon {
  readonly #agent: DhcpAgent
  readonly #log: Logger
  readonly #config: DaemonConfig
  #server: Server | undefined
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined

  private constructor(agent: DhcpAgent, log: Logger, config: DaemonConfig) {
    this.#agent = agent
    this.#log = log
    this.#config = config
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
    await notify('--ready', `--status=${agent.networks.list().length} networks`)
    return daemon
  }

  /** Reads the description again, and makes the networks equal to it. */
  async reload(): Promise<void> {
    const { networks } = this.#config
    if (networks === undefined) return
    try {
      const { networks: changed, deleted } = await this.#agent.sync(readNetworks(networks))
      if (changed.length + deleted.length > 0) this.#log.info({ changed, deleted }, 'synchronized')
    } catch (error) {
      this.#log.error({ err: error, file: networks }, 'the description is not carried out, or not wholly')
    }
  }

  /** Ends it; clients are served on. */
  async stop(): Promise<void> {
    await notify('--status=stopping')
    clearTimeout(this.#timer)
    this.#watcher?.close()
    const server = this.#server
    if (server !== undefined) {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeIdleConnections()
      await closed
    }
    await this.#agent.close()
    this.#log.info('ended')
  }

  async #begin(): Promise<void> {
    const { listen, networks } = this.#config
    await this.reload()
    if (networks !== undefined) {
      // The directory: whoever replaces the file gives it another inode.
      this.#watcher = watch(dirname(networks), (_, name) => {
        if (name !== basename(networks)) return
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => void this.reload(), settleMs)
      })
    }
    const metrics = metricsOf(this.#agent)
    if (listen === undefined) return
    await freePath(listen)
    const api = { agent: this.#agent, metrics, log: this.#log, described: networks !== undefined }
    const server = createServer(serve(api))
    const listening = once(server, 'listening')
    server.listen(listen)
    await listening
    chmodSync(listen, 0o660)
    this.#server = server
  }
}
