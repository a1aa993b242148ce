// dnsmasq's log, read as it grows: its lines are the acknowledgements of signals.
import { closeSync, constants, fstatSync, openSync, readSync, truncateSync } from 'node:fs'
import { isNotFound } from 'netloom/errors'

const largest = 4 << 20
/** The most that is read at once: if a client makes dnsmasq log more between two readings, only the end is read. */
const mostAtOnce = 1 << 20
const longestLine = 64 << 10
const newline = 0x0a

/** One log. */
export class LogTail {
  readonly #path: string
  #offset = 0
  /** The beginning of an incomplete line. */
  #rest = Buffer.alloc(0)

  constructor(path: string) {
    this.#path = path
  }

  /** Skips the present content; truncates a large log (dnsmasq appends, so it continues at the beginning). */
  skip(): void {
    this.lines()
    if (this.#offset < largest) return
    truncateSync(this.#path, 0)
    this.#offset = 0
  }

  /** The lines that came since, each without its end. */
  lines(): string[] {
    let fd: number
    try {
      // O_NONBLOCK, as another program may have put a fifo in its place.
      fd = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
    try {
      return this.#read(fd)
    } finally {
      closeSync(fd)
    }
  }

  #read(fd: number): string[] {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return []
    if (stat.size < this.#offset) this.#restartAt(0)
    if (stat.size - this.#offset > mostAtOnce) this.#restartAt(stat.size - mostAtOnce)
    const grown = Buffer.allocUnsafe(stat.size - this.#offset)
    const length = readSync(fd, grown, 0, grown.length, this.#offset)
    this.#offset += length
    const all = Buffer.concat([this.#rest, grown.subarray(0, length)])
    const end = all.lastIndexOf(newline) + 1
    // dnsmasq writes no longer lines.
    this.#rest = all.length - end > longestLine ? Buffer.alloc(0) : Buffer.from(all.subarray(end))
    return end === 0 ? [] : all.toString('utf8', 0, end - 1).split('\n')
  }

  /** What was read of a line belongs to no other. */
  #restartAt(offset: number): void {
    this.#offset = offset
    this.#rest = Buffer.alloc(0)
  }
}
