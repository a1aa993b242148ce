// Other programs, started by a small shell: a fork of Node with all its tests takes longer than most of them run.
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/** What a program printed that ended well. */
export interface Printed {
  stdout: string
  stderr: string
}

/** How a program ended that did not end well. */
export class ProgramFailed extends Error {
  constructor(
    command: string,
    readonly code: number,
    readonly stdout: string,
    readonly stderr: string,
  ) {
    super(`${command} ended with ${code}: ${stderr}`)
  }
}

// After each line that it has carried out: a NUL and the exit code and a NUL on one stream, a NUL on the other.
const loop = `while IFS= read -r line; do eval "$line" </dev/null; printf '\\0%s\\0' $?; printf '\\0' >&2; done`

/** The text on a stream, in the parts that NULs end. */
class Parts {
  #text = ''
  readonly #waiting: ((part: string) => void)[] = []

  constructor(stream: NodeJS.ReadableStream) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text
      for (let end; (end = this.#text.indexOf('\0')) >= 0; this.#text = this.#text.slice(end + 1)) {
        this.#waiting.shift()?.(this.#text.slice(0, end))
      }
    })
  }

  next(): Promise<string> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

const shell = spawn('sh', ['-c', loop])
const [out, err] = [new Parts(shell.stdout), new Parts(shell.stderr)]
// Where all tests of a file are skipped, nothing ends it: it ends with this process, which does not wait for it.
shell.unref()
for (const stream of [shell.stdin, shell.stdout, shell.stderr]) (stream as Socket).unref()

/** Runs a program and waits for its end; one at a time. Its words may hold anything but line feeds; `input` as well as those. */
export async function runProgram(program: string, args: readonly string[], input?: string): Promise<Printed> {
  const command = [program, ...args].map(quoted).join(' ')
  const lines = input === undefined ? '' : `printf '%s\\n' ${input.split('\n').map(quoted).join(' ')} | `
  const ended = Promise.all([out.next(), out.next(), err.next()])
  shell.stdin.write(`${lines}${command}\n`)
  const [stdout, code, stderr] = await ended
  if (code !== '0') throw new ProgramFailed([program, ...args].join(' '), Number(code), stdout, stderr)
  return { stdout, stderr }
}

/** Ends the shell. */
export async function endPrograms(): Promise<void> {
  if (shell.exitCode !== null) return
  const ended = new Promise((resolve) => shell.once('close', resolve))
  shell.stdin.end()
  await ended
}
