// Figures and comparisons as tables in plain text.
import { kept, type Bound, type Comparison, type Figure } from './benchmark'

function show(bound: Bound | undefined): string {
  if (bound === undefined) return ''
  return 'atMost' in bound ? `≤ ${bound.atMost}×` : `≥ ${bound.atLeast}×`
}

/** Lines of which the first column is text, as the last one may be; the others end at their right. */
function align(rows: readonly (readonly string[])[], lastIsText: boolean): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, column) => {
      const left = column === 0 || (lastIsText && column === row.length - 1)
      return left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    })
    return cells.join('  ').trimEnd()
  }
  const [head, ...rest] = rows.map(line)
  return [head!, '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2)), ...rest]
}

/** The lines of a table of figures. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.netloom,
    figure.against,
    `${figure.ratio.toFixed(2)}×`,
    show(figure.bound),
    figure.bound === undefined ? '' : kept(figure) ? '✓' : '✗ missed',
  ])
  return align([['', 'netloom', 'against', 'ratio', 'required', ''], ...rows], true).join('\n')
}

/** The lines of a comparison. */
export function comparisonTable({ title, unit, along, rows, series }: Comparison): string {
  const value = (of: number | undefined): string =>
    of === undefined ? '' : of >= 100 ? of.toFixed(0) : of.toPrecision(3)
  const cells = rows.map((row, at) => [row, ...series.map(({ values }) => value(values[at]))])
  return [`${title} (${unit})`, ...align([[along ?? '', ...series.map(({ name }) => name)], ...cells], false)].join(
    '\n',
  )
}
