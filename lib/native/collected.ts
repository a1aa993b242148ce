// Warnings of what was garbage-collected while it was open. A program that forgets one forgets thousands: the first is
// told, then how many they are, at the tenth, the hundredth, the thousandth.

/** What was collected. */
export interface Collected {
  /** Such as `handles of network namespaces`. */
  readonly many: string
  /** This one: `handle of the network namespace red`. */
  readonly this: string
  /** What would have helped. */
  readonly help: string
  /** Where it was opened, if that was noted: then it is counted for each place. */
  readonly stack?: string | undefined
}

const counts = new Map<string, number>()

const isTold = (count: number): boolean => Number.isInteger(Math.log10(count))

/** Warns of it, or only counts it. */
export function warnOfCollected({ many, help, stack, ...collected }: Collected): void {
  const place = `${many} ${stack ?? ''}`
  const count = (counts.get(place) ?? 0) + 1
  counts.set(place, count)
  if (!isTold(count)) return
  const what =
    count === 1
      ? `The ${collected.this} was garbage-collected while it was open, and is closed now.`
      : `${count} ${many} were garbage-collected while they were open, the last one the ${collected.this}.`
  process.emitWarning(`${what} ${help}`, {
    type: 'NetloomWarning',
    code: 'NETLOOM_HANDLE_COLLECTED',
    ...(stack === undefined ? {} : { detail: stack }),
  })
}
