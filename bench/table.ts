// Figures as a table in plain text.
import { kept, type Bound, type Figure } from './benchmark'

const head = ['', 'netloom', 'against', 'ratio', 'required', '']

function show(bound: Bound): string {
  return 'atMost' in bound ? `≤ ${bound.atMost}×` : `≥ ${bound.atLeast}×`
}

/** The lines of a table; the first column is text, the others end at their right. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.netloom,
    figure.against,
    `${figure.ratio.toFixed(2)}×`,
    show(figure.bound),
    kept(figure) ? '✓' : '✗ missed',
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, column) => {
      const left = column === 0 || column === row.length - 1
      return left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    })
    return cells.join('  ').trimEnd()
  }
  return [line(head), '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)), ...rows.map(line)].join('\n')
}
