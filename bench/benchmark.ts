// What a benchmark is: it measures in namespaces of its own, and gives figures with the bounds they have to keep.

/** How a benchmark is run. */
export interface Context {
  /** Small sizes and few rounds, to see that it works: its figures prove nothing. */
  readonly smoke: boolean
  /** Ends programs that were started. */
  readonly signal: AbortSignal
}

/** What a ratio must be. */
export type Bound = { readonly atMost: number } | { readonly atLeast: number }

/** One line of the table. */
export interface Figure {
  readonly what: string
  /** What netloom measured, with its unit. */
  readonly netloom: string
  /** What it is measured against: another program's result, or what is allowed. */
  readonly against: string
  /** Netloom's to the other's; how many times as fast where the bound is a least one. */
  readonly ratio: number
  readonly bound: Bound
}

/** What a benchmark found. */
export interface Findings {
  readonly figures: readonly Figure[]
  /** What else is worth knowing, a line each. */
  readonly notes?: readonly string[]
}

/** A benchmark: one file each, one line in index.ts. */
export type Benchmark = (context: Context) => Promise<Findings>

/** Whether a figure keeps its bound. */
export function kept({ ratio, bound }: Figure): boolean {
  return 'atMost' in bound ? ratio <= bound.atMost : ratio >= bound.atLeast
}
