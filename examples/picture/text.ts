// A picture for the terminal.
import type { Drawing } from './layout'

/** Draws with characters; each line begins with an indentation. */
export function toText({ width, height, boxes, words, wires }: Drawing, indentation = '  '): string {
  const lines = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '))
  const put = (x: number, y: number, text: string): void => {
    Array.from(text).forEach((character, i) => {
      const line = lines[y]
      if (line !== undefined) line[x + i] = character
    })
  }
  for (const box of boxes) {
    const [right, bottom] = [box.x + box.width - 1, box.y + box.height - 1]
    put(box.x, box.y, `┌─ ${box.title} ${'─'.repeat(box.width - box.title.length - 5)}┐`)
    for (let y = box.y + 1; y < bottom; y++) {
      put(box.x, y, '│')
      put(right, y, '│')
    }
    put(box.x, bottom, `└${'─'.repeat(box.width - 2)}┘`)
  }
  for (const { x, y, text } of words) put(x, y, text)
  for (const { y, from, to, cable } of wires) {
    const inner = to - from - 1
    put(from, y, cable ? `├${'─'.repeat(inner)}┤` : '─'.repeat(inner + 2))
  }
  return lines.map((line) => `${indentation}${line.join('')}`.trimEnd()).join('\n')
}
