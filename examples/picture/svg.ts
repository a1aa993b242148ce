// A picture as an SVG file.
import type { Drawing, Words } from './layout'

/** Pixels of a character and of a line. */
const [columnWidth, lineHeight] = [8.4, 22]
const margin = 16

const colours: Readonly<Record<Words['what'], string>> = {
  device: '#1f2328',
  address: '#1f6feb',
  port: '#1f2328',
  vlan: '#9a6700',
  bridge: '#ffffff',
  note: '#57606a',
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character)
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10)
}

function column(x: number): number {
  return margin + x * columnWidth
}

/** The middle of a line. */
function middle(y: number): number {
  return margin + (y + 0.5) * lineHeight
}

/** Draws an SVG: boxes, cables and words, on white, so that it can be read on a dark page too. */
export function toSvg({ width, height, boxes, words, wires }: Drawing, title: string): string {
  const [w, h] = [2 * margin + width * columnWidth, 2 * margin + height * lineHeight]
  const parts: string[] = []
  for (const { title: name, x, y, width: columns, height: lines } of boxes) {
    const [left, top] = [column(x + 0.5), middle(y)]
    const size = `width="${round((columns - 1) * columnWidth)}" height="${round((lines - 1) * lineHeight)}"`
    parts.push(
      `<rect x="${round(left)}" y="${round(top)}" ${size} rx="8" fill="#f6f8fa" stroke="#57606a"/>`,
      `<rect x="${round(left + 10)}" y="${round(top - 9)}" width="${round((name.length + 1.5) * columnWidth)}" height="18" fill="#ffffff"/>`,
      `<text x="${round(left + 16)}" y="${round(top + 5)}" font-weight="bold" fill="#1f2328">${escape(name)}</text>`,
    )
  }
  for (const { y, from, to, cable } of wires) {
    const [x1, x2] = cable ? [column(from + 0.5), column(to + 0.5)] : [column(from), column(to + 1)]
    const style = cable ? 'stroke="#1f6feb" stroke-width="3"' : 'stroke="#8c959f" stroke-width="1.5"'
    parts.push(`<line x1="${round(x1)}" y1="${round(middle(y))}" x2="${round(x2)}" y2="${round(middle(y))}" ${style}/>`)
  }
  for (const { text, what, x, y } of words) {
    if (what === 'bridge') {
      const size = `width="${round((text.length + 1) * columnWidth)}" height="18"`
      parts.push(`<rect x="${round(column(x - 0.5))}" y="${round(middle(y) - 9)}" ${size} rx="4" fill="#1f6feb"/>`)
    }
    const length = `textLength="${round(text.length * columnWidth)}" lengthAdjust="spacingAndGlyphs"`
    parts.push(
      `<text x="${round(column(x))}" y="${round(middle(y) + 5)}" ${length} fill="${colours[what]}">${escape(text)}</text>`,
    )
  }
  const font = 'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14"'
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(w)}" height="${round(h)}" viewBox="0 0 ${round(w)} ${round(h)}" ${font}>`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}
