// Open vSwitch in a namespace, with a daemon that can be ended in every way and started again. It has one bridge, br-int.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { NetNs } from 'netloom'
import { ovsdb, Server, vswitchSchema } from '../ovsdb/server'

/** Who forwards packets: ovs-vswitchd itself, or the kernel's module. */
export type Datapath = 'netdev' | 'system'

/** The ways in which the daemon ends: told by a signal or by its socket, or killed. */
export const endings = ['SIGTERM', 'exit', 'SIGKILL'] as const

/** A switch in a namespace: its database, and the daemon that does what that says. */
export class Switch implements AsyncDisposable {
  readonly server: Server
  readonly #host: NetNs
  #daemon: ChildProcess

  private constructor(server: Server, host: NetNs) {
    this.server = server
    this.#host = host
    this.#daemon = this.#run()
  }

  static async make(host: NetNs, datapath: Datapath = 'netdev'): Promise<Switch> {
    const server = await Server.start({ schema: vswitchSchema })
    const dir = server.directory.path
    const vsctl = (...args: string[]): string =>
      ovsdb(dir, 'ovs-vsctl', `--db=${server.remote}`, '--timeout=60', ...args)
    vsctl('--no-wait', 'init')
    // Without it, checksums of what goes through a veth pair are wrong.
    if (datapath === 'netdev') {
      vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable=true')
    }
    const made = new Switch(server, host)
    vsctl('add-br', 'br-int', '--', 'set', 'bridge', 'br-int', `datapath_type=${datapath}`)
    return made
  }

  /** Ends the daemon in one of the ways in which it ends, and starts another one. */
  async restart(how: (typeof endings)[number]): Promise<void> {
    await this.stop(how)
    this.start()
  }

  /** Starts the daemon, which has ended. */
  start(): void {
    this.#daemon = this.#run()
    this.vsctl('list-br')
  }

  /** Ends the daemon. */
  async stop(how: (typeof endings)[number]): Promise<void> {
    const ended = once(this.#daemon, 'exit')
    const dir = this.server.directory.path
    if (how === 'exit') ovsdb(dir, 'ovs-appctl', '-t', `${dir}/vswitchd.ctl`, 'exit')
    else this.#daemon.kill(how)
    await ended
  }

  /** Waits until the daemon has done what the database says, and lets it decide anew about every packet. */
  forget(): void {
    const dir = this.server.directory.path
    this.vsctl('set', 'Open_vSwitch', '.', 'external_ids:asked=yes')
    ovsdb(dir, 'ovs-appctl', '-t', `${dir}/vswitchd.ctl`, 'dpctl/del-flows')
  }

  #run(): ChildProcess {
    const dir = this.server.directory.path
    const env = { ...process.env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir, OVS_SYSCONFDIR: dir }
    const args = [this.server.remote, `--unixctl=${dir}/vswitchd.ctl`, '--verbose=off']
    return this.#host.run(() => spawn('ovs-vswitchd', args, { env, stdio: 'ignore' }))
  }

  vsctl(...args: string[]): string {
    const { directory, remote } = this.server
    return ovsdb(directory.path, 'ovs-vsctl', `--db=${remote}`, '--timeout=60', ...args).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#daemon.exitCode === null && this.#daemon.signalCode === null) await this.stop('SIGKILL')
    await this.server[Symbol.asyncDispose]()
  }
}
