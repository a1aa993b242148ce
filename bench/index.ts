// npm run bench [-- --smoke] [--only NAME]… [--figures DIRECTORY] [--strict]
//
// Measures netloom against its floor and against others, prints a table of ratios with what is required of them, and
// draws charts. Needs root, or CAP_NET_ADMIN and CAP_SYS_ADMIN, a C compiler (`cc`), util-linux and iproute2. Works only in
// namespaces that it makes itself.
import { availableParallelism, loadavg, release } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { enterBox } from './box'
import { kept, type Benchmark, type Comparison, type Figure } from './benchmark'
import { writeCharts } from './chart'
import { eventLoopDelay } from './event_loop_delay'
import { footprint } from './footprint'
import { insideSockets } from './inside_sockets'
import { insideProcesses } from './inside_processes'
import { insideTaps } from './inside_taps'
import { jobRoundTrip } from './job_round_trip'
import { linkGet } from './link_get'
import { linkList } from './link_list'
import { livePods } from './live_pods'
import { cleanUpAtEnd } from './namespaces'
import { openstackDhcp } from './openstack_dhcp'
import { openstackOvs } from './openstack_ovs'
import { openstackRouter } from './openstack_router'
import { podChurn } from './pod_churn'
import { podDeletion } from './pod_deletion'
import { podLatency } from './pod_latency'
import { pods } from './pods'
import { pool } from './pool'
import { ProgressBar } from './progress'
import { routeBatch } from './route_batch'
import { routeDecode } from './route_decode'
import { routeList } from './route_list'
import { comparisonTable, table } from './table'

const benchmarks: Readonly<Record<string, Benchmark>> = {
  'job-round-trip': jobRoundTrip,
  'link-get': linkGet,
  'route-list': routeList,
  'route-decode': routeDecode,
  'route-batch': routeBatch,
  'link-list': linkList,
  pods,
  pool,
  'pod-latency': podLatency,
  'pod-deletion': podDeletion,
  'pod-churn': podChurn,
  'live-pods': livePods,
  'openstack-ovs': openstackOvs,
  'openstack-router': openstackRouter,
  footprint,
  'event-loop-delay': eventLoopDelay,
  'inside-sockets': insideSockets,
  'inside-taps': insideTaps,
  'openstack-dhcp': openstackDhcp,
  'inside-processes': insideProcesses,
}

const usage = `usage: npm run bench -- [--smoke] [--only NAME]… [--figures DIRECTORY] [--strict]
  --smoke    small sizes and few rounds: shows that the benchmarks run, proves nothing
  --only     ${Object.keys(benchmarks).join(', ')}
  --figures  where the charts go; by default .build/figures, those of the guides are in docs/figures
  --strict   exit with 1 if a bound is missed`

interface Options {
  readonly smoke: boolean
  readonly strict: boolean
  readonly figures: string
  readonly names: readonly string[]
}

function options(): Options {
  try {
    const { smoke, strict, only, figures } = parseArgs({
      options: {
        smoke: { type: 'boolean', default: false },
        strict: { type: 'boolean', default: false },
        figures: { type: 'string', default: join(__dirname, '..', 'figures') },
        only: { type: 'string', multiple: true, default: Object.keys(benchmarks) },
      },
    }).values
    const wrong = only.find((name) => !Object.hasOwn(benchmarks, name))
    if (wrong === undefined) return { smoke, strict, figures, names: only }
    console.error(`there is no benchmark "${wrong}"`)
  } catch (error) {
    console.error((error as Error).message)
  }
  console.error(usage)
  process.exit(2)
}

const interruption = new AbortController()

async function main(): Promise<void> {
  const { smoke, strict, figures: directory, names } = options()
  enterBox()
  cleanUpAtEnd(() => {
    interruption.abort()
  })
  const [load = 0] = loadavg()
  console.log(
    `Linux ${release()}, ${availableParallelism()} CPUs, load ${load.toFixed(2)}, Node ${process.version}` +
      (smoke ? '; smoke run, its figures prove nothing' : ''),
  )
  const figures: Figure[] = []
  const comparisons: Comparison[] = []
  const notes: string[] = []
  const bar = new ProgressBar(process.stderr, names.length)
  try {
    for (const name of names) {
      bar.begin(name)
      const onProgress = bar.show.bind(bar)
      const found = await benchmarks[name]!({ smoke, signal: interruption.signal, onProgress })
      figures.push(...(found.figures ?? []))
      comparisons.push(...(found.comparisons ?? []))
      notes.push(...(found.notes ?? []))
    }
  } finally {
    bar.clear()
  }
  writeCharts(directory, comparisons)
  const missed = figures.filter((figure) => !kept(figure)).length
  const bounded = figures.filter(({ bound }) => bound !== undefined).length
  if (figures.length > 0) console.log(`\n${table(figures)}`)
  for (const comparison of comparisons) console.log(`\n${comparisonTable(comparison)}`)
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`)
  if (comparisons.length > 0) console.log(`charts: ${directory}`)
  if (missed > 0) console.log(`${missed} of ${bounded} figures miss what is required`)
  if (strict && missed > 0) process.exitCode = 1
}

main().catch((error: unknown) => {
  if (interruption.signal.aborted) return // the process ends in a moment
  console.error(error)
  process.exit(1)
})
