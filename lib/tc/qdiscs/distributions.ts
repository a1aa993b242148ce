// Tables of distributions for netem: 4096 deviations in units of 1/8192 standard deviation, as iproute2 computes them (netem/*.c).
import { checkInteger } from '../../wire/integers'
import { checkArray, outOfRange, wrongValue } from '../../wire/invalid'

/** NETEM_DIST_SCALE */
const NETEM_DIST_SCALE = 8192
/** NETEM_DIST_MAX */
const NETEM_DIST_MAX = 16384

/** A distribution of delays: one that iproute2 has, too, or 16-bit numbers in units of 1/8192 standard deviation. */
export type Distribution = 'normal' | 'pareto' | 'paretonormal' | readonly number[]

const size = 4096
const short = (value: number): number => Math.max(-32768, Math.min(32767, Math.round(value)))

/** Area below the normal curve, by the complementary error function: to 1.2e-7 (Numerical Recipes), refined by its caller. */
function normalBelow(x: number): number {
  const z = Math.abs(x) / Math.SQRT2
  const t = 1 / (1 + z / 2)
  const poly = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ]
  const tail = (t * Math.exp(-z * z + poly.reduceRight((sum, c) => sum * t + c, 0))) / 2
  return x > 0 ? 1 - tail : tail
}

/** Where the area below the normal curve is so large. */
function normalAt(area: number): number {
  let [low, high] = [-10, 10]
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (normalBelow(middle) < area) low = middle
    else high = middle
  }
  return low
}

const pareto = (i: number): number => ((1 / ((size - i) / size) ** (1 / 3) - 1.5) * 4 * NETEM_DIST_SCALE) / 3

const makers: Readonly<Record<string, (i: number) => number>> = {
  normal: (i) => normalAt((4 * i + 0.5) / (4 * size)) * NETEM_DIST_SCALE,
  pareto,
  paretonormal: (i) => (normalAt((4 * i + 0.5) / (4 * size)) * NETEM_DIST_SCALE + 3 * Math.min(pareto(i), 32767)) / 4,
}
const made = new Map<string, Uint8Array>()

/** TCA_NETEM_DELAY_DIST of a distribution. */
export function distributionTable(value: unknown, field: string): Uint8Array {
  if (typeof value !== 'string') {
    const given = checkArray(value, field, '"normal", "pareto", "paretonormal", or an array of numbers', NETEM_DIST_MAX)
    if (given.length === 0) throw outOfRange(field, 'an array of at least one number', value)
    const numbers = given.map((one, i) => checkInteger(one, -32768, 32767, `${field}[${i}]`))
    return new Uint8Array(Int16Array.from(numbers).buffer)
  }
  const make = Object.hasOwn(makers, value) ? makers[value] : undefined
  if (make === undefined) throw wrongValue(field, '"normal", "pareto", "paretonormal", or an array of numbers', value)
  let table = made.get(value)
  if (table === undefined) {
    table = new Uint8Array(Int16Array.from({ length: size }, (_, i) => short(make(i))).buffer)
    made.set(value, table)
  }
  return table
}
