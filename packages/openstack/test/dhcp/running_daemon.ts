// The daemon as a process, for tests: spoken to by HTTP on its socket.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { until, type Scene } from './scene'

/** What it answers. */
export interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** A daemon that runs, and what it has logged. */
export class Running implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #socket: string
  #said = ''

  private constructor(scene: Scene, config: string, socket: string, env: NodeJS.ProcessEnv) {
    const program = join(__dirname, '../../dist/dhcp/daemon/command.js')
    const path = join(scene.directory, 'config.yaml')
    writeFileSync(path, config)
    this.#socket = socket
    const child = spawn(process.execPath, [program, '--config', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (this.#said += String(data)))
    this.#child = child
  }

  static async start(scene: Scene, more: string, env: NodeJS.ProcessEnv = {}): Promise<Running> {
    const socket = join(scene.directory, 'api.sock')
    const config = `stateDir: ${scene.stateDir}\nplug: bridge\nnamespace: ${scene.host.name}\ncheckMs: 100\n${more}`
    const running = new Running(scene, config.replace('SOCKET', socket), socket, env)
    await until(() => running.#said.includes('"ready"') || running.ended, 'it is ready')
    return running
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Where it serves HTTP. */
  get socket(): string {
    return this.#socket
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  get said(): string {
    return this.#said
  }

  ask(method: string, path: string, body?: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ socketPath: this.#socket, method, path, headers, agent: false }, (response) => {
        let text = ''
        response.on('data', (data) => (text += String(data)))
        response.on('end', () => {
          const json = response.headers['content-type'] === 'application/json'
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: json ? (JSON.parse(text) as unknown) : text,
          })
        })
      })
      asked.on('error', reject)
      asked.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
    })
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.ended) return
    const ended = once(this.#child, 'close')
    this.#child.kill(signal)
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
