// Answers to what a peer asks by itself, such as echoes.
import type { Duplex } from 'node:stream'

/** So many bytes of answers may wait until the peer reads them. */
const mostWaiting = 64 * 1024

/** The answers on one connection. While the peer does not read them, nothing more is read of what it says. */
export class Replies {
  readonly #socket: Duplex
  #waiting = 0

  constructor(socket: Duplex) {
    this.#socket = socket
  }

  /** Sends one. */
  send(answer: Buffer): void {
    this.#waiting += answer.length
    if (this.#waiting > mostWaiting) this.#socket.pause()
    this.#socket.write(answer, () => {
      this.#waiting -= answer.length
      if (this.#waiting <= mostWaiting && this.#socket.isPaused()) this.#socket.resume()
    })
  }
}
