// What stands behind a prepared batch: its template, runs that fill it in, and what becomes of those that need more.
import { BatchError, type Subject } from '../errors'
import { Lane, Outcome, type NetnsDescription } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import { NetnsHandle, type NetnsReference } from '../native/netns_handle'
import { conclude, watched, type BatchResult, type CreationItem } from '../netlink/batch'
import type { NumberedFamily } from '../netlink/message'
import { findNumbers } from '../netlink/perform'
import { Plan, type OnFailure } from '../netlink/plan'
import type { Hole } from '../netlink/template/hole'
import { layoutOf, Sections, type Layout } from '../netlink/template/layout'
import { examplesOf, Template, type HoleValues } from '../netlink/template/template'
import { detached, transact, type Report, type Sendable, type Transacted } from '../netlink/transaction'
import type { Description } from './description'

/** Describes operations with some values. */
export type DescribeWith = (values: HoleValues) => Description

/** What became of a run: of each operation, or undefined where it was done and has no result. */
export interface RunResults {
  readonly description: Description
  readonly results: readonly (BatchResult | undefined)[]
}

/** Operations, laid out once. */
interface Prepared {
  readonly template: Template
  readonly description: Description
  readonly families: readonly NumberedFamily[]
}

/** One run among those that are carried out together. */
interface Run {
  readonly values: HoleValues
  readonly description: Description
  /** Whether `description` is of these values, not of examples. */
  readonly own: boolean
  /** Where its operations begin. */
  readonly begin: number
}

/** Where a run ends. */
const endOf = ({ begin, description }: Run): number => begin + description.items.length

export class Preparation {
  readonly #netns: NetnsReference
  readonly #holes: Readonly<Record<string, Hole>>
  readonly #describe: DescribeWith
  readonly #onFailure: OnFailure
  #prepared: Prepared | undefined
  /** Values do more than to stand somewhere: each run is laid out. */
  #unfit = false

  constructor(
    netns: NetnsReference,
    holes: Readonly<Record<string, Hole>>,
    describe: DescribeWith,
    onFailure: OnFailure,
  ) {
    this.#netns = netns
    this.#holes = holes
    this.#describe = describe
    this.#onFailure = onFailure
  }

  /** Lays the operations out, at first and when a family has another number. */
  async prepare(options: CallOptions | undefined): Promise<Prepared | undefined> {
    if (this.#prepared?.template.isCurrent === true || this.#unfit) return this.#prepared
    const { families } = Plan.of(this.#describe(examplesOf(this.#holes)).items, this.#onFailure)
    if (families.length > 0) await findNumbers(families, this.#netns, options)
    const template = Template.make(this.#holes, this.#layOut)
    this.#unfit = template === undefined
    if (template === undefined) return (this.#prepared = undefined)
    return (this.#prepared = { template, description: this.#describe(template.example), families })
  }

  /** Carries out one run. */
  async run(values: HoleValues, subject: Subject, options: CallOptions | undefined): Promise<RunResults> {
    const prepared = this.#prepared?.template.isCurrent === true ? this.#prepared : await this.prepare(options)
    if (prepared?.template.takes(values, this.#layOut) !== true) {
      return only(await this.runAll([values], subject, options ?? {}))
    }
    const { template, description, families } = prepared
    const plan: Sendable = { length: description.items.length, hand: (send) => send(template.fill(values)) }
    const running = transact(plan, Lane.mutation, subject, options)
    const later = running instanceof Promise
    const transacted = later ? await running : running
    const runs = [{ values, description, own: false, begin: 0 }]
    const plain = plainResults(runs, transacted, template)
    return only(plain ?? (await this.#conclude(runs, transacted, later, families, subject, options)))
  }

  /** Carries out runs as one job. An error that is about one of them has its number. */
  async runAll(
    rows: readonly HoleValues[],
    subject: Subject,
    options: CallOptions,
    onProgress?: (done: number) => void,
  ): Promise<RunResults[]> {
    const prepared = await this.prepare(options)
    const sections = new Sections()
    const families = new Set(prepared?.families)
    const runs: Run[] = []
    let begin = 0
    for (const [row, values] of rows.entries()) {
      const run = ofRow(rows.length > 1 ? row : undefined, () => this.#runOf(prepared, values, begin))
      if (run.own) await this.#add(run.description, sections, families, options)
      else if (prepared !== undefined) sections.add(prepared.template.fill(values))
      runs.push(run)
      begin = endOf(run)
    }
    const plan: Sendable = { length: begin, hand: (send) => send(sections.all) }
    return watched(begin, onProgress && rowProgress(runs, onProgress), async (watch) => {
      const running = transact(plan, Lane.mutation, subject, options, watch)
      const later = running instanceof Promise
      const transacted = later ? await running : running
      return (
        plainResults(runs, transacted, prepared?.template) ??
        (await this.#conclude(runs, transacted, later, [...families], subject, options))
      )
    })
  }

  readonly #layOut = (values: HoleValues): Layout => layoutOf(Plan.of(this.#describe(values).items, this.#onFailure))

  #runOf(prepared: Prepared | undefined, values: HoleValues, begin: number): Run {
    const taken = prepared?.template.takes(values, this.#layOut) === true
    return { values, description: taken ? prepared.description : this.#describe(values), own: !taken, begin }
  }

  async #add(
    { items }: Description,
    sections: Sections,
    families: Set<NumberedFamily>,
    options: CallOptions,
  ): Promise<void> {
    const plan = Plan.of(items, this.#onFailure)
    if (plan.families.length > 0) await findNumbers(plan.families, this.#netns, options)
    for (const family of plan.families) families.add(family)
    plan.hand((section) => {
      sections.add(section)
    })
  }

  /** @throws what an option throws that refuses values together, each of which it takes: then the kernel has refused them. */
  #describeAgain(runs: readonly Run[], { reports }: Transacted): Description[] {
    try {
      return runs.map(({ values, description, own }, row) =>
        own ? description : ofRow(runs.length > 1 ? row : undefined, () => this.#describe(values)),
      )
    } catch (error) {
      for (const { created } of reports) if (created !== undefined) new NetnsHandle(created).close()
      throw error
    }
  }

  /** Results of runs of which there is more to tell: they are described again, with their own values. */
  async #conclude(
    runs: readonly Run[],
    transacted: Transacted,
    later: boolean,
    families: readonly NumberedFamily[],
    subject: Subject,
    options: CallOptions | undefined,
  ): Promise<RunResults[]> {
    // The description is the user's own: what it calls may overwrite scratch memory.
    const kept = later ? transacted : detached(transacted)
    const descriptions = this.#describeAgain(runs, transacted)
    const ends = runs.map(endOf)
    const noted = { items: descriptions.flatMap(({ items }) => items), onFailure: this.#onFailure, families }
    try {
      const results = await conclude(noted, kept, later, subject, options ?? {})
      return descriptions.map((description, i) => ({ description, results: results.slice(runs[i]?.begin, ends[i]) }))
    } catch (error) {
      if (runs.length > 1 && error instanceof BatchError) {
        const { index } = error
        error.row = ends.findIndex((end) => index < end)
      }
      throw error
    }
  }
}

/** Where operations of runs only created namespaces, or have no result: their results. Else undefined. */
function plainResults(
  runs: readonly Run[],
  { reports, interrupted, rolledBack }: Transacted,
  template: Template | undefined,
): RunResults[] | undefined {
  const creations = reports.filter(isCreation)
  if (interrupted || rolledBack || creations.length < reports.length) return undefined
  if (runs.some(({ description }) => description.hasResults)) return undefined
  let next = 0
  return runs.map((run) => {
    const { description, begin } = run
    const results = new Array<BatchResult | undefined>(description.items.length)
    for (let it = creations[next]; it !== undefined && it.operation < endOf(run); it = creations[++next]) {
      const place = it.operation - begin
      results[place] = { status: 'fulfilled', value: createdBy(run, place, it, template) }
    }
    return { description, results }
  })
}

type CreationReport = Report & { readonly created: NetnsDescription }

function isCreation(report: Report): report is CreationReport {
  return report.created !== undefined && report.outcome === Outcome.done && report.answers.length === 0
}

function only(all: readonly RunResults[]): RunResults {
  const [first] = all
  if (first === undefined) throw new Error('a run came to nothing')
  return first
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

/** Tells how many runs are done, of those whose operations are. */
function rowProgress(runs: readonly Run[], onProgress: (done: number) => void): (done: number) => void {
  let rows = 0
  return (done) => {
    for (let run = runs[rows]; run !== undefined && endOf(run) <= done; run = runs[++rows]);
    onProgress(rows)
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
