// What threads cost on the machine that is measured on: figures that are won or lost by wake-ups mean little without it.
import type { Context } from './benchmark'
import { floor } from './floor'

/** A line about it. */
export async function describeMachine(context: Context): Promise<string> {
  const [same, across = 0, together = 0] = await floor(context, 'machine')
  const micro = (nanoseconds: number): string => `${(nanoseconds / 1000).toFixed(1)} µs`
  if (across === 0) return `threads: a round trip by eventfd on the only core takes ${micro(same)}`
  return (
    `threads: a round trip by eventfd takes ${micro(same)} on one core, ${micro(across)} between two; ` +
    `two that spin do ${(together / 1000).toFixed(2)} of what one does`
  )
}
