// What `npm run bench` shows: a bar on a terminal, tables, charts; and how values are summed up.
import type { WriteStream } from 'node:tty'
import { kept, type Comparison, type Figure } from '../../bench/benchmark'
import { chart } from '../../bench/chart'
import { interleave, median, percentile } from '../../bench/measure'
import { ProgressBar } from '../../bench/progress'
import { comparisonTable, table } from '../../bench/table'

function terminal(isTTY: boolean, columns = 60): { stream: WriteStream; written: string[] } {
  const written: string[] = []
  const write = (text: string): boolean => written.push(text) > 0
  return { stream: { isTTY, columns, write } as unknown as WriteStream, written }
}

describe('the progress bar', () => {
  test('fills from step to step, on one line', () => {
    const { stream, written } = terminal(true)
    const bar = new ProgressBar(stream, 2)
    bar.begin('first')
    bar.show({ done: 1, total: 2 })
    bar.begin('second')
    bar.show({ done: 3, total: 3 })
    bar.clear()
    expect(written).toEqual([
      '\r\x1b[K░░░░░░░░░░░░░░░░░░░░░░░░ 1/2 first',
      '\r\x1b[K██████░░░░░░░░░░░░░░░░░░ 1/2 first  1 of 2',
      '\r\x1b[K████████████░░░░░░░░░░░░ 2/2 second',
      '\r\x1b[K████████████████████████ 2/2 second  3 of 3',
      '\r\x1b[K',
    ])
  })

  test('is never wider than the terminal, which would begin another line', () => {
    const { stream, written } = terminal(true, 30)
    new ProgressBar(stream, 1).begin('a name that does not fit')
    expect(written).toEqual(['\r\x1b[K░░░░░░░░░░░░░░░░░░░░░░░░ 1/1 '])
    const unknown = terminal(true, 0)
    new ProgressBar(unknown.stream, 1).begin('name')
    expect(unknown.written).toEqual(['\r\x1b[K░░░░░░░░░░░░░░░░░░░░░░░░ 1/1 name'])
  })

  test('writes nothing where there is no terminal', () => {
    const { stream, written } = terminal(false)
    const bar = new ProgressBar(stream, 1)
    bar.begin('step')
    bar.show({ done: 1, total: 2 })
    bar.clear()
    expect(written).toEqual([])
  })
})

describe('values', () => {
  const values = Array.from({ length: 1000 }, (_, i) => 999 - i)

  test('have a median and percentiles', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median(values)]).toEqual([2, 2.5, 499.5])
    expect([0.5, 0.9, 0.99, 0.999, 1].map((part) => percentile(values, part))).toEqual([500, 900, 990, 999, 999])
  })

  test('are measured in turn, and the first round is not counted', async () => {
    const order: string[] = []
    const progress: number[] = []
    const contender = (name: string) => () => Promise.resolve(order.push(name))
    const onProgress = ({ done, total }: { done: number; total: number }): void => void progress.push(done / total)
    const found = await interleave(3, { a: contender('a'), b: contender('b') }, onProgress)
    expect(order.join('')).toBe('abababab')
    expect(found).toEqual({ a: 5, b: 6 })
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((done) => done / 8))
  })
})

test('a figure keeps its bound, or misses it, or has none', () => {
  const figure = { what: 'pods', netloom: '9', against: 'C 10', ratio: 0.9 }
  const figures: Figure[] = [
    { ...figure, bound: { atLeast: 0.9 } },
    { ...figure, bound: { atLeast: 0.92 } },
    { ...figure, bound: { atMost: 0.89 } },
    figure,
  ]
  expect(figures.map(kept)).toEqual([true, false, false, true])
  expect(table(figures).split('\n')).toEqual([
    '      netloom  against  ratio  required',
    '─'.repeat(49),
    'pods        9     C 10  0.90×    ≥ 0.9×  ✓',
    'pods        9     C 10  0.90×   ≥ 0.92×  ✗ missed',
    'pods        9     C 10  0.90×   ≤ 0.89×  ✗ missed',
    'pods        9     C 10  0.90×',
  ])
})

const bars: Comparison = {
  name: 'bars',
  title: 'Pods & more',
  unit: 'pods/s',
  logarithmic: true,
  rows: ['netloom, <fast>', 'ip'],
  series: [
    { name: 'ours', side: 'netloom', values: [1234, undefined] },
    { name: 'theirs', side: 'other', values: [undefined, 21.5] },
  ],
}

test('a comparison is a table', () => {
  expect(comparisonTable(bars).split('\n')).toEqual([
    'Pods & more (pods/s)',
    '                 ours  theirs',
    '─'.repeat(29),
    'netloom, <fast>  1234',
    'ip                       21.5',
  ])
})

test('a comparison is a chart: with its names, its values, and nothing that runs', () => {
  const lines: Comparison = {
    name: 'lines',
    title: 'Cost',
    unit: 'ms',
    along: 'live pods',
    rows: ['0', '4000'],
    series: [{ name: 'ours', side: 'netloom', values: [0.7, 0.9] }],
  }
  for (const [comparison, texts] of [
    [bars, ['Pods &amp; more', 'netloom, &lt;fast&gt;', 'ip', 'pods/s', 'ours', 'theirs', '1234', '22']],
    [lines, ['Cost', 'live pods', '4,000', 'ms', 'ours']],
  ] as const) {
    const svg = chart(comparison)
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*>/)
    const shown = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    expect(shown).toEqual(expect.arrayContaining([...texts]))
    expect(svg).not.toMatch(/<script|href="http|onclick/)
  }
})
