// Notifies systemd of the daemon's state (sd_notify(3)), and of its watchdog, if systemd has started it.
import { sendUnixDatagram } from 'netloom'

/** Sends notifications to the service manager. */
export class Notifier {
  readonly #path: string | undefined
  readonly #failed: (error: Error) => void
  #timer: NodeJS.Timeout | undefined

  /** @param failed - Called if a notification could not be sent; the daemon goes on. */
  constructor(env: NodeJS.ProcessEnv, failed: (error: Error) => void) {
    this.#path = env.NOTIFY_SOCKET
    this.#failed = failed
    const microseconds = Number(env.WATCHDOG_USEC)
    const isMeant = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === process.pid
    if (this.#path === undefined || !isMeant || !(microseconds > 0)) return
    // Twice as often as required. If the event loop hangs, systemd restarts the daemon.
    this.#timer = setInterval(() => {
      this.#send('WATCHDOG=1')
    }, microseconds / 2000)
    this.#timer.unref()
  }

  /** It is ready. */
  ready(status: string): void {
    this.#send('READY=1', `STATUS=${status}`)
  }

  /** It reads its description again; `ready` ends that. */
  reloading(): void {
    this.#send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`)
  }

  /** It ends. */
  stopping(): void {
    clearInterval(this.#timer)
    this.#send('STOPPING=1')
  }

  #send(...state: readonly string[]): void {
    if (this.#path === undefined) return
    try {
      sendUnixDatagram(this.#path, state.join('\n'), 'notify')
    } catch (error) {
      this.#failed(error as Error)
    }
  }
}
