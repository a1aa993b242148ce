// dnsmasq's log, read as it grows: its lines are the acknowledgements of signals.
import { closeSync, fstatSync, openSync, readSync, truncateSync } from 'node:fs'
import { isNotFound } from '../errors'

const largest = 4 << 20
const chunk = Buffer.allocUnsafe(64 << 10)

/** One log. */
export class LogTail {
  readonly #path: string
  #offset = 0
  #rest = ''

  constructor(path: string) {
    this.#path = path
  }

  /** Skips what is there; a log that has become large is emptied (dnsmasq appends, so it goes on at its beginning). */
  skip(): void {
    this.lines()
    if (this.#offset < largest) return
    truncateSync(this.#path, 0)
    this.#offset = 0
  }

  /** The lines that came since, each without its end. */
  lines(): string[] {
    let text = this.#rest
    let fd: number
    try {
      fd = openSync(this.#path, 'r')
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
    try {
      if (fstatSync(fd).size < this.#offset) this.#offset = 0
      for (;;) {
        const length = readSync(fd, chunk, 0, chunk.length, this.#offset)
        if (length === 0) break
        this.#offset += length
        text += chunk.toString('utf8', 0, length)
      }
    } finally {
      closeSync(fd)
    }
    const lines = text.split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }
}
