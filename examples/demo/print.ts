// What the demo prints: the code of each step as it is written in the source, what came of it, and how long it took.
import { interruption } from './endings'

/** Of a line, after its indentation. */
const width = 78
/** Of its code, so that the time fits behind it. */
const widest = 72
const colorful = process.stdout.isTTY && process.stdout.hasColors() // which knows NO_COLOR

type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'yellow'
const codes: Record<Style, number> = { bold: 1, dim: 2, green: 32, yellow: 33, cyan: 36 }

function paint(style: Style, text: string): string {
  return colorful ? `\x1b[${codes[style]}m${text}\x1b[0m` : text
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function title(text: string): void {
  print(paint('bold', text))
}

export function section(text: string): void {
  print(`\n${paint('cyan', text)}`)
}

/** What a step gave. */
export function result(text: string): void {
  print(`    ${paint('green', '→')} ${text}`)
}

/**
 * Does something and prints its code, and the time it took.
 * @param values - Put in the place of variables in what is printed.
 */
export async function step<T>(call: () => T | Promise<T>, values: Record<string, string> = {}): Promise<T> {
  interruption.throwIfAborted()
  const lines = layOut(codeOf(call, values))
  const last = lines.at(-1) ?? ''
  process.stdout.write(`  ${lines.join('\n  ')}`)
  const start = performance.now()
  try {
    return await call()
  } finally {
    const time = `${(performance.now() - start).toFixed(2)} ms`
    print(paint('dim', time.padStart(width - last.length)))
  }
}

/** As `step`, for what has to fail with an error of this code. */
export async function refused(code: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await step(call)
  } catch (error) {
    interruption.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code !== code) throw error
    print(`    ${paint('yellow', '✗')} ${(error as Error).message}`)
    return
  }
  throw new Error(`this should have failed with ${code}`)
}

/** A function's body on one line, without what the compiler adds. */
function codeOf(call: () => unknown, values: Record<string, string>): string {
  const code = call
    .toString()
    .replaceAll(/\(0, \w+_1\.(\w+)\)|\b\w+_1\.(\w+)/g, '$1$2')
    .replaceAll(/;?\s+/g, ' ')
    .replaceAll(/,? ([)}])/g, ' $1')
    .replaceAll(' )', ')')
    .replace(/^\(\) => (\{ (.*) \}$)?/, '$2')
  return code.replaceAll(/\b\w+\b/g, (word) => (Object.hasOwn(values, word) ? (values[word] ?? word) : word))
}

/** Breaks a call between its options, and lines up what follows with the first of them. */
function layOut(code: string): string[] {
  const options = code.indexOf('({ ') + 3
  if (options === 2) return [code]
  const lines: string[] = []
  let line = code.slice(0, options)
  for (const option of code.slice(options).split(/(?<=,) (?=\w+: (?![^{]*\} \}))/)) {
    if (`${line}${option}`.length > widest) {
      lines.push(line.trimEnd())
      line = ' '.repeat(options)
    }
    line += `${option} `
  }
  return [...lines, line.trimEnd()]
}
