// Comparisons as charts: bars where rows are named, lines where rows are positions. Drawn by ECharts on the server's side.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { init, type EChartsOption } from 'echarts'
import type { Comparison, Side } from './benchmark'

// Told apart by lightness too. The ground is white, so that a dark page shows the text as well.
const colours: Readonly<Record<Side, string>> = { netloom: '#1f6feb', floor: '#57606a', other: '#d4a72c' }
const width = 760

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2)
}

/** Whether each row has one value only: its bar has the whole height then. */
function stacked({ rows, series }: Comparison): boolean {
  return rows.every((_, at) => series.filter(({ values }) => values[at] !== undefined).length === 1)
}

function barsOf(comparison: Comparison): EChartsOption {
  const { rows, series, unit, logarithmic = false } = comparison
  return {
    xAxis: { type: logarithmic ? 'log' : 'value', name: unit, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'category', data: [...rows], inverse: true, axisTick: { show: false }, axisLabel: { width: 260 } },
    series: series.map(({ name, side, values }) => ({
      type: 'bar',
      name,
      data: values.map((value) => value ?? '-'),
      itemStyle: { color: colours[side] },
      label: {
        show: true,
        position: 'right',
        formatter: ({ value }) => (typeof value === 'number' ? short(value) : ''),
      },
      ...(stacked(comparison) ? { barGap: '-100%' } : {}),
    })),
  }
}

function linesOf({ rows, series, unit, along }: Comparison): EChartsOption {
  return {
    xAxis: { type: 'value', name: along ?? '', nameLocation: 'middle', nameGap: 28, max: 'dataMax' },
    yAxis: { type: 'value', name: unit, min: 0 },
    series: series.map(({ name, side, values }) => ({
      type: 'line',
      name,
      data: values.map((value, at) => [Number(rows[at]), value ?? '-']),
      itemStyle: { color: colours[side] },
    })),
  }
}

/** A comparison as the text of an SVG file. */
export function chart(comparison: Comparison): string {
  const { title, rows, series, along } = comparison
  const height = along === undefined ? 120 + rows.length * (stacked(comparison) ? 34 : 20 * series.length) : 360
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    drawing.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      title: { text: title, left: 10, top: 8, textStyle: { fontSize: 16 } },
      legend: { top: 38, left: 10, itemGap: 28 },
      grid: { top: along === undefined ? 76 : 100, left: 40, right: 70, bottom: 44, containLabel: true },
      ...(along === undefined ? barsOf(comparison) : linesOf(comparison)),
    })
    return drawing.renderToSVGString()
  } finally {
    drawing.dispose()
  }
}

/** Writes the charts of comparisons to a directory, each under its name. */
export function writeCharts(directory: string, comparisons: readonly Comparison[]): void {
  mkdirSync(directory, { recursive: true })
  for (const comparison of comparisons)
    writeFileSync(join(directory, `${comparison.name}.svg`), `${chart(comparison)}\n`)
}
