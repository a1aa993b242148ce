#!/usr/bin/env node
// The program netloom-dhcp-agent.
import { parseArgs } from 'node:util'
import { Daemon } from './daemon'

const usage = `usage: netloom-dhcp-agent --config FILE
Gives the clients of networks their addresses, by dnsmasq in namespaces. Needs root.
FILE   JSON or YAML: docs/dhcp.md of netloom tells what is in it
SIGHUP reads the description of the networks again; SIGTERM ends the agent, not what it serves.
`

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help === true) {
    process.stdout.write(usage)
    return
  }
  if (values.config === undefined) throw new Error('it takes --config FILE')
  // Also before it has started: no reason to end.
  const starting = Daemon.start(values.config)
  process.on(
    'SIGHUP',
    () =>
      void starting.then(
        (daemon) => daemon.reload(),
        () => undefined,
      ),
  )
  const daemon = await starting
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void daemon.stop())
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`netloom-dhcp-agent: ${(error as Error).message}\n`)
    process.exitCode = 1
  })
}
