// The types of benchmarks: each measures in namespaces of its own, and returns figures with their bounds.
import type { Progress } from '../lib/index'

/** The context of a run. */
export interface Context {
  /** Small sizes and few rounds, to see that it works: its figures prove nothing. */
  readonly smoke: boolean
  /** Ends programs that were started. */
  readonly signal: AbortSignal
  /** The core that programs are pinned to. Default: they run where the kernel puts them. */
  readonly core?: number
  /** Called with the progress of the benchmark. */
  readonly onProgress: (progress: Progress) => void
}

/** The bound of a ratio. */
export type Bound = { readonly atMost: number } | { readonly atLeast: number }

/** One line of the table. */
export interface Figure {
  readonly what: string
  /** What netloom measured, with its unit. */
  readonly netloom: string
  /** The value for comparison: another program's result, or a limit. */
  readonly against: string
  /** Netloom's value divided by the other; with `atLeast`, how many times as fast it is. */
  readonly ratio: number
  /** Without it, the figure is only reported. */
  readonly bound?: Bound
}

/** The program of a value; each has its colour in a chart. */
export type Side = 'netloom' | 'floor' | 'other'

/** Values beside each other: a table of its own, and a chart. */
export interface Comparison {
  /** The name of the chart's file, without its ending. */
  readonly name: string
  readonly title: string
  /** The unit of the values. */
  readonly unit: string
  /** What a row's position means and its unit; without it, rows are named. */
  readonly along?: string
  /** The names of the rows, or their positions. */
  readonly rows: readonly string[]
  /** A value a row; undefined where there is none. */
  readonly series: readonly {
    readonly name: string
    readonly side: Side
    readonly values: readonly (number | undefined)[]
  }[]
  /** Whether the axis of values is logarithmic. */
  readonly logarithmic?: boolean
}

/** The results of a benchmark. */
export interface Findings {
  readonly figures?: readonly Figure[]
  readonly comparisons?: readonly Comparison[]
  /** Notes, a line each. */
  readonly notes?: readonly string[]
}

/** A benchmark: one file each, one line in index.ts. */
export type Benchmark = (context: Context) => Promise<Findings>

/** Whether a figure keeps its bound. */
export function kept({ ratio, bound }: Figure): boolean {
  if (bound === undefined) return true
  return 'atMost' in bound ? ratio <= bound.atMost : ratio >= bound.atLeast
}
