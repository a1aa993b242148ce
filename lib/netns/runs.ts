// Runs of a prepared batch: where their operations stand among those of others, and results that need no look at them.
import { Outcome, type NetnsDescription } from '../native/addon'
import { handleOf, NetnsHandle, type NetnsTarget } from '../native/netns_handle'
import type { BatchResult, CreationItem } from '../netlink/batch'
import type { HoleValues, Template } from '../netlink/template/template'
import type { Report, Transacted } from '../netlink/transaction'
import type { Description } from './description'

/** What became of a run: of each operation, or undefined where it was done and has no result. */
export interface RunResults {
  readonly description: Description
  readonly results: readonly (BatchResult | undefined)[]
}

/** One run among those that are carried out together. */
export interface Run {
  readonly values: HoleValues
  readonly description: Description
  /** Whether `description` is of these values, not of examples. */
  readonly own: boolean
  /** Where its operations begin. */
  readonly begin: number
}

/** Where a run ends. */
export const endOf = ({ begin, description }: Run): number => begin + description.items.length

/**
 * Where operations of runs, the first of which begins there, only created namespaces, or have no result: their results.
 * Else undefined.
 */
export function plainResults(
  runs: readonly Run[],
  { reports, interrupted, rolledBack }: Transacted,
  template: Template | undefined,
): RunResults[] | undefined {
  const creations = reports.filter(isCreation)
  if (interrupted || rolledBack || creations.length < reports.length) return undefined
  if (runs.some(({ description }) => description.hasResults)) return undefined
  const first = runs[0]?.begin ?? 0
  let next = 0
  return runs.map((run) => {
    const { description, begin } = run
    const results = new Array<BatchResult | undefined>(description.items.length)
    const end = endOf(run) - first
    for (let it = creations[next]; it !== undefined && it.operation < end; it = creations[++next]) {
      const place = first + it.operation - begin
      results[place] = { status: 'fulfilled', value: createdBy(run, place, it, template) }
    }
    return { description, results }
  })
}

type CreationReport = Report & { readonly created: NetnsDescription }

function isCreation(report: Report): report is CreationReport {
  return report.created !== undefined && report.outcome === Outcome.done && report.answers.length === 0
}

/** The handle of a namespace that a run created. */
function createdBy(
  { description, own, values }: Run,
  place: number,
  { created }: CreationReport,
  template?: Template,
): unknown {
  const item = description.items[place] as CreationItem<unknown>
  const { path } = item.creation
  const filled = own || path === undefined ? path : template?.nameLike(path, values)
  return item.result(created, filled)
}

/** Closes the handles among results of which nobody will be told. */
export function closeMade(results: readonly (BatchResult | undefined)[]): void {
  for (const one of results) {
    const value = one?.status === 'fulfilled' ? (one.value as Partial<NetnsTarget> | undefined) : undefined
    const handle = value?.[handleOf]
    if (handle instanceof NetnsHandle) handle.close()
  }
}

/** Calls a function; an error that it throws gets the number of the row that it is about. */
export function ofRow<Result>(row: number | undefined, check: () => Result): Result {
  try {
    return check()
  } catch (error) {
    if (row !== undefined && error instanceof Error) {
      error.message = `row ${row}: ${error.message}`
      Object.assign(error, { row })
    }
    throw error
  }
}
