// A process that another program may have started, by a pidfd: its pid may be reused by the time of a signal.
import { systemError } from '../errors'
import { errnoNumber } from '../errno'
import { closeProcess, openProcess, signalProcess } from '../native/process_jobs'
import { checkInteger } from '../wire/integers'
import { wrongType } from '../wire/invalid'
import { signalNumber } from './inside'

/** The largest process id of 64-bit kernels is below this (PID_MAX_LIMIT of linux/threads.h). */
const mostPids = 0x40_0000

/**
 * A process, which need not be a child of this one, by a file descriptor (pidfd_open(2), Linux 5.3): signals reach this process or
 * none, and a callback reports its end. Does not keep the event loop alive.
 * @example
 * const daemon = Pidfd.open(Number(readFileSync('/run/dnsmasq.pid', 'utf8')), () => console.log('it has ended'))
 * daemon.signal('SIGHUP')
 */
export class Pidfd {
  /** The process id. */
  readonly pid: number
  readonly #number: number
  #open = true

  private constructor(pid: number, onExit: () => void) {
    this.pid = pid
    const number = openProcess(pid, () => {
      if (this.#open) onExit()
    })
    if (number < 0)
      throw systemError({ operation: 'Pidfd.open', errno: -number, syscall: 'pidfd_open', about: `of ${pid}` })
    this.#number = number
  }

  /**
   * Opens a process.
   * @param pid - Its process id, in the PID namespace of this process.
   * @param onExit - Called once, when the process has ended; never after `close`.
   * @throws TypeError, RangeError for a wrong argument; `ESRCH` if there is no such process (`isNotFound`), `EINVAL` if it is a
   * thread other than a process's first, `EMFILE` if no descriptor is left.
   */
  static open(pid: number, onExit: () => void = () => undefined): Pidfd {
    checkInteger(pid, 1, mostPids, 'pid')
    if (typeof onExit !== 'function') throw wrongType('onExit', 'a function', onExit)
    return new Pidfd(pid, onExit)
  }

  /**
   * Sends a signal to the process (pidfd_send_signal(2)).
   * @param signal - Its name or number; 0 only checks whether the process exists.
   * @returns Whether it was sent: false if the process has ended and was reaped, or if this was closed.
   * @throws TypeError, RangeError for a wrong signal; `EPERM` if this process may not signal that one.
   */
  signal(signal: NodeJS.Signals | number = 'SIGTERM'): boolean {
    const number = signalNumber(signal)
    if (!this.#open) return false
    const errno = -signalProcess(this.#number, number)
    if (errno === errnoNumber('ESRCH')) return false
    if (errno === 0) return true
    throw systemError({ operation: 'Pidfd.signal', errno, syscall: 'pidfd_send_signal', about: `to ${this.pid}` })
  }

  /** Closes the descriptor at once; may be called again. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    closeProcess(this.#number)
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close()
  }
}
