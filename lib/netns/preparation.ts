// What stands behind a prepared batch: its template, runs that fill it in, and what becomes of those that need more.
import { BatchError, type Subject } from '../errors'
import { Lane } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { conclude, type BatchResult } from '../netlink/batch'
import type { NumberedFamily } from '../netlink/message'
import { findNumbers } from '../netlink/perform'
import { Plan, type OnFailure } from '../netlink/plan'
import type { Hole } from '../netlink/template/hole'
import { layoutOf, type Layout, type Sections } from '../netlink/template/layout'
import { examplesOf, Template, type HoleValues } from '../netlink/template/template'
import { detached, transact, type Sendable, type Transacted } from '../netlink/transaction'
import { withPaddedNames } from '../wire/text'
import type { Description } from './description'
import { carryOut, carryOutOne, closeCreated, Lot, type Conclude, type RunListener } from './lots'
import { closeMade, endOf, ofRow, plainResults, type Run, type RunResults } from './runs'

/** Describes operations with some values. */
export type DescribeWith = (values: HoleValues) => Description

/** Operations, laid out once. */
interface Prepared {
  readonly template: Template
  readonly description: Description
  readonly families: readonly NumberedFamily[]
}

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

  get #isLaidOut(): boolean {
    return this.#unfit || this.#prepared?.template.isCurrent === true
  }

  /** Lays the operations out, at first and when a family has another number. */
  async prepare(options: CallOptions | undefined): Promise<Prepared | undefined> {
    if (this.#isLaidOut) return this.#prepared
    const { families } = Plan.of(this.#describe(examplesOf(this.#holes)).items, this.#onFailure)
    if (families.length > 0) await findNumbers(families, this.#netns, options)
    const template = Template.make(this.#holes, this.#layOut)
    this.#unfit = template === undefined
    if (template === undefined) return (this.#prepared = undefined)
    return (this.#prepared = { template, description: this.#describe(template.example), families })
  }

  /** Carries out one run. */
  async run(values: HoleValues, subject: Subject, options: CallOptions | undefined): Promise<RunResults> {
    const prepared = this.#isLaidOut ? this.#prepared : await this.prepare(options)
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
    return only(plain ?? (await this.#conclude(runs, transacted, { later, families, subject, options })))
  }

  /** Carries out runs, as if by one job. An error that is about one of them has its number. */
  async runAll(
    rows: readonly HoleValues[],
    subject: Subject,
    options: CallOptions,
    listener: RunListener = {},
  ): Promise<RunResults[]> {
    const prepared = this.#isLaidOut ? this.#prepared : await this.prepare(options)
    const families = new Set(prepared?.families)
    const lots: Lot[] = []
    let lot: Lot | undefined
    let begin = 0
    for (const [row, values] of rows.entries()) {
      const run = ofRow(rows.length > 1 ? row : undefined, () => this.#runOf(prepared, values, begin))
      // What is rolled back together is one job.
      if (lot === undefined || (lot.isFull && !this.#onFailure.rollback)) lots.push((lot = new Lot()))
      if (run.own) await this.#add(run.description, lot.sections, families, options)
      else if (prepared !== undefined) lot.sections.add(prepared.template.fill(values))
      lot.add(run)
      begin = endOf(run)
    }
    const conclude: Conclude = (runs, transacted, later, known) =>
      (known === undefined ? plainResults(runs, transacted, prepared?.template) : undefined) ??
      this.#conclude(runs, transacted, { later, families: [...families], subject, options, known })
    const call = { subject, options, onFailure: this.#onFailure, listener }
    return lots.length === 1 && lot !== undefined ? carryOutOne(lot, call, conclude) : carryOut(lots, call, conclude)
  }

  readonly #layOut = (values: HoleValues): Layout =>
    withPaddedNames(() => layoutOf(Plan.of(this.#describe(values).items, this.#onFailure)))

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
  #describeAgain(runs: readonly Run[], transacted: Transacted): Description[] {
    try {
      return runs.map(({ values, description, own }, row) =>
        own ? description : ofRow(runs.length > 1 ? row : undefined, () => this.#describe(values)),
      )
    } catch (error) {
      closeCreated([transacted])
      throw error
    }
  }

  /** Results of runs of which there is more to tell: they are described again, with their own values. */
  async #conclude(
    runs: readonly Run[],
    transacted: Transacted,
    { later, families, subject, options, known }: Conclusion,
  ): Promise<RunResults[]> {
    // The description is the user's own: what it calls may overwrite scratch memory.
    const kept = later ? transacted : detached(transacted)
    const descriptions = this.#describeAgain(runs, transacted)
    const first = runs[0]?.begin ?? 0
    const ends = runs.map((run) => endOf(run) - first)
    const noted = { items: descriptions.flatMap(({ items }) => items), onFailure: this.#onFailure, families }
    let made: readonly BatchResult[] = []
    const onResults = (results: readonly BatchResult[]): void => {
      made = results
    }
    try {
      const results = await conclude(noted, kept, later, subject, options ?? {}, { known, onResults })
      return descriptions.map((description, i) => ({ description, results: results.slice(ends[i - 1] ?? 0, ends[i]) }))
    } catch (error) {
      if (!(error instanceof BatchError)) closeMade(made.slice(known?.length ?? 0))
      else if (runs.length > 1) {
        const { index } = error
        error.row = ends.findIndex((end) => index < end)
      }
      throw error
    }
  }
}

/** What the results of runs are made with. */
interface Conclusion {
  readonly later: boolean
  readonly families: readonly NumberedFamily[]
  readonly subject: Subject
  readonly options: CallOptions | undefined
  readonly known?: readonly (BatchResult | undefined)[] | undefined
}

function only(all: readonly RunResults[]): RunResults {
  const [first] = all
  if (first === undefined) throw new Error('a run came to nothing')
  return first
}
