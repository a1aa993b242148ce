// Answers to requests of the peer, such as echoes.
import type { Duplex } from 'node:stream'

/** The most bytes of answers that may wait until the peer reads them. */
const mostWaiting = 64 * 1024

/** The answers on one connection. While the peer does not read them, no more of its messages are read. */
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
