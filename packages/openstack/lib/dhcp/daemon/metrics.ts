// The metrics for Prometheus.
import { Counter, Gauge, Registry } from 'prom-client'
import type { DhcpAgent } from '../agent'

/** The metrics of an agent, in a registry of their own. */
export function metricsOf(agent: DhcpAgent): Registry {
  const registry = new Registry()
  const registers = [registry]
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `netloom_dhcp_${name}`, help, labelNames, registers })
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name: `netloom_dhcp_${name}`,
      help,
      registers,
      collect() {
        this.set(value())
      },
    })
  }
  const sum = (of: (network: ReturnType<typeof agent.networks.list>[number]) => number): number =>
    agent.networks.list().reduce((all, network) => all + of(network), 0)
  gauge('networks', 'Networks that the agent keeps', () => agent.networks.list().length)
  gauge('ports', 'Ports of all networks', () => sum(({ ports }) => ports.size))
  gauge('leases', 'Leases that clients have', () => sum((network) => network.leases().length))
  gauge('dnsmasq_running', 'Processes of dnsmasq that run', () => sum(({ pid }) => (pid === undefined ? 0 : 1)))
  gauge('reloads', 'SIGHUPs to processes of dnsmasq since the start', () => sum(({ reloads }) => reloads))
  const leases = counter('leases_total', 'Leases given or prolonged', ['renewed'])
  const releases = counter('releases_total', 'Leases that ended')
  const restarts = counter('restarts_total', 'Processes of dnsmasq that were started again', ['reason'])
  const repairs = counter('repairs_total', 'Times that something was mended')
  const errors = counter('errors_total', 'Failures that the agent goes on after')
  agent.on('lease', ({ renewed }) => {
    leases.inc({ renewed: String(renewed) })
  })
  agent.on('release', () => {
    releases.inc()
  })
  agent.on('restart', ({ reason }) => {
    restarts.inc({ reason })
  })
  agent.on('repair', () => {
    repairs.inc()
  })
  agent.on('error', () => {
    errors.inc()
  })
  return registry
}
