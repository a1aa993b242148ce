// child_process.execFile on top of spawn: collects a program's output and calls one callback. Node's own execFile cannot pass
// a descriptor to the program, so this implements what Node documents.
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import type { Readable } from 'node:stream'
import { getSystemErrorName } from 'node:util'
import type { Options } from './command'

/** Called at the end. */
export type Callback = (error: Error | null, stdout: string | Buffer, stderr: string | Buffer) => void

interface Limits {
  readonly encoding: BufferEncoding | undefined
  readonly maxBuffer: number
  readonly timeout: number
  readonly killSignal: NodeJS.Signals | number
}

const defaultMaxBuffer = 1024 * 1024

/** Those options of execFile that spawn does not have. */
export function limitsOf({ encoding = 'utf8', maxBuffer, timeout, killSignal }: Options): Limits {
  const isText = typeof encoding === 'string' && encoding !== 'buffer' && Buffer.isEncoding(encoding)
  return {
    encoding: isText ? encoding : undefined,
    maxBuffer: typeof maxBuffer === 'number' ? maxBuffer : defaultMaxBuffer,
    timeout: typeof timeout === 'number' ? timeout : 0,
    killSignal: (killSignal as SpawnOptions['killSignal'] | null) ?? 'SIGTERM',
  }
}

/** Collects a stream, up to a limit. */
class Output {
  readonly #pieces: (string | Buffer)[] = []
  #length = 0

  constructor(stream: Readable | null, { encoding, maxBuffer }: Limits, onOverflow: () => void) {
    if (encoding !== undefined) stream?.setEncoding(encoding)
    stream?.on('data', (piece: string | Buffer) => {
      const length =
        typeof piece === 'string' ? Buffer.byteLength(piece, stream.readableEncoding ?? 'utf8') : piece.length
      this.#length += length
      if (this.#length <= maxBuffer) {
        this.#pieces.push(piece)
        return
      }
      this.#pieces.push(piece.slice(0, maxBuffer - (this.#length - length)))
      onOverflow()
    })
  }

  all(isText: boolean): string | Buffer {
    return isText ? this.#pieces.join('') : Buffer.concat(this.#pieces as Buffer[])
  }
}

/**
 * Calls the callback with the result of a process and its output.
 * @param command - The command line, for errors.
 */
export function collect(child: ChildProcess, command: string, limits: Limits, callback: Callback | undefined): void {
  const { encoding, timeout, killSignal } = limits
  let failure: Error | undefined
  let killed = false
  let ended = false
  let timer: NodeJS.Timeout | undefined
  const end = (code: number | null, signal: NodeJS.Signals | null): void => {
    if (ended) return
    ended = true
    clearTimeout(timer)
    if (callback === undefined) return
    const isText = encoding !== undefined
    const [stdout, stderr] = [out.all(isText), err.all(isText)]
    if (failure === undefined && code === 0 && signal === null) {
      callback(null, stdout, stderr)
      return
    }
    failure ??= Object.assign(new Error(`Command failed: ${command}\n${String(stderr)}`), {
      code: code !== null && code < 0 ? getSystemErrorName(code) : code,
      killed: child.killed || killed,
      signal,
    })
    callback(Object.assign(failure, { cmd: command }), stdout, stderr)
  }
  const kill = (): void => {
    child.stdout?.destroy()
    child.stderr?.destroy()
    killed = true
    try {
      child.kill(killSignal)
    } catch (error) {
      failure ??= error as Error
      end(0, null)
    }
  }
  const overflow = (name: string) => (): void => {
    failure = Object.assign(new RangeError(`${name} maxBuffer length exceeded`), {
      code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
    })
    kill()
  }
  const out = new Output(child.stdout, limits, overflow('stdout'))
  const err = new Output(child.stderr, limits, overflow('stderr'))
  if (timeout > 0) timer = setTimeout(kill, timeout)
  child.on('close', end)
  child.on('error', (error) => {
    failure = error
    child.stdout?.destroy()
    child.stderr?.destroy()
    end(0, null)
  })
}
