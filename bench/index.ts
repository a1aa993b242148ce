// npm run bench [-- --smoke] [--only NAME]… [--strict]
//
// Measures netloom against its floor and prints a table of ratios with what is required of them. Needs root, or
// CAP_NET_ADMIN and CAP_SYS_ADMIN, and a C compiler (`cc`). Works only in namespaces that it makes itself.
import { availableParallelism, loadavg, release } from 'node:os'
import { parseArgs } from 'node:util'
import { kept, type Benchmark, type Figure } from './benchmark'
import { eventLoopDelay } from './event_loop_delay'
import { jobRoundTrip } from './job_round_trip'
import { linkGet } from './link_get'
import { linkList } from './link_list'
import { pods } from './pods'
import { pool } from './pool'
import { routeDecode } from './route_decode'
import { routeList } from './route_list'
import { table } from './table'

const benchmarks: Readonly<Record<string, Benchmark>> = {
  'job-round-trip': jobRoundTrip,
  'link-get': linkGet,
  'route-list': routeList,
  'route-decode': routeDecode,
  'link-list': linkList,
  pods,
  pool,
  'event-loop-delay': eventLoopDelay,
}

const usage = `usage: npm run bench -- [--smoke] [--only NAME]… [--strict]
  --smoke    small sizes and few rounds: shows that the benchmarks run, proves nothing
  --only     ${Object.keys(benchmarks).join(', ')}
  --strict   exit with 1 if a bound is missed`

function options(): { smoke: boolean; strict: boolean; names: readonly string[] } {
  try {
    const { smoke, strict, only } = parseArgs({
      options: {
        smoke: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: Object.keys(benchmarks) },
      },
    }).values
    const wrong = only.find((name) => !Object.hasOwn(benchmarks, name))
    if (wrong === undefined) return { smoke, strict, names: only }
    console.error(`there is no benchmark "${wrong}"`)
  } catch (error) {
    console.error((error as Error).message)
  }
  console.error(usage)
  process.exit(2)
}

async function main(): Promise<void> {
  const { smoke, strict, names } = options()
  const interruption = new AbortController()
  for (const [signal, status] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.once(signal, () => {
      interruption.abort() // the programs that were started; ephemeral namespaces go with the environment
      process.exit(status)
    })
  }
  const [load = 0] = loadavg()
  console.log(
    `Linux ${release()}, ${availableParallelism()} CPUs, load ${load.toFixed(2)}, Node ${process.version}` +
      (smoke ? '; smoke run, its figures prove nothing' : ''),
  )
  const figures: Figure[] = []
  const notes: string[] = []
  for (const name of names) {
    if (process.stderr.isTTY) console.error(`${name} …`)
    const found = await benchmarks[name]!({ smoke, signal: interruption.signal })
    figures.push(...found.figures)
    notes.push(...(found.notes ?? []))
  }
  console.log(['', table(figures), ...notes].join('\n'))
  const missed = figures.filter((figure) => !kept(figure)).length
  if (missed > 0) console.log(`${missed} of ${figures.length} figures miss what is required`)
  if (strict && missed > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
