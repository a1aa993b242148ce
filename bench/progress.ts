// A progress bar on a terminal. Writes nothing elsewhere, as overwritten lines do not belong into pipes and logs.
import type { WriteStream } from 'node:tty'
import type { Progress } from '../lib/index'

const width = 24

/** Steps of a run, and how far the present one has come, on the last line of a terminal. */
export class ProgressBar {
  readonly #stream: WriteStream
  readonly #steps: number
  #step = 0
  #name = ''

  constructor(stream: WriteStream, steps: number) {
    this.#stream = stream
    this.#steps = steps
  }

  /** Begins the next step. */
  begin(name: string): void {
    this.#step++
    this.#name = name
    this.show({ done: 0, total: 1 })
  }

  /** Shows how far the present step has come. */
  show({ done, total }: Progress): void {
    if (!this.#stream.isTTY) return
    const part = (this.#step - 1 + (total === 0 ? 1 : done / total)) / this.#steps
    const full = Math.round(part * width)
    const line = `${'█'.repeat(full)}${'░'.repeat(width - full)} ${this.#step}/${this.#steps} ${this.#name}`
    this.#write(total > 1 ? `${line}  ${done} of ${total}` : line)
  }

  /** Takes the line away, for what is to be printed. */
  clear(): void {
    if (this.#stream.isTTY) this.#write('')
  }

  #write(line: string): void {
    // A terminal of unknown width says 0.
    this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`)
  }
}
