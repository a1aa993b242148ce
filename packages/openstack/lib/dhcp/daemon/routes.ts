// The paths of the HTTP interface, with their schemas and handlers.
import { METHODS } from 'node:http'
import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import type { Registry } from 'prom-client'
import type { DhcpAgent } from '../agent'
import { checkNetwork } from '../check_network'
import { dhcpError } from '../errors'
import type { DhcpNetwork } from '../network'
import type { DesiredNetwork, NetworkOptions, PortOptions } from '../options'
import { checkPort } from '../ports_table'
import { checkDesired } from '../sync'
import { judged } from './body'
import { RequestError } from './refusal'
import { anyObject, answers, body, gone, params, textual } from './schemas'

/** The agent and its data for the interface. */
export interface Served {
  readonly agent: DhcpAgent
  readonly metrics: Registry
  /** Whether a file describes the networks, so that clients may not change them. */
  readonly described: boolean
}

interface OfNetwork {
  Params: { network: string }
}

interface OfPort {
  Params: { network: string; port: string }
}

function shown(network: DhcpNetwork): object {
  const { id, namespace, bridge, serverAddresses, pid } = network
  return { id, namespace, bridge, serverAddresses, pid, ports: network.ports.list() }
}

function leasesOf(networks: readonly DhcpNetwork[]): object[] {
  return networks.flatMap((network) => network.leases().map((lease) => ({ network: network.id, ...lease })))
}

function networkOf(agent: DhcpAgent, id: string): DhcpNetwork {
  const network = agent.networks.get(id)
  if (network === undefined) throw dhcpError('ERR_NETLOOM_NO_NETWORK', 'GET', `there is no network ${id}`)
  return network
}

function declareNetworks(app: FastifyInstance, agent: DhcpAgent, changes: onRequestHookHandler): void {
  const one = params('network')
  app.get(
    '/networks',
    { schema: { summary: 'All networks, with their ports', response: answers('Networks', 'Networks', 200) } },
    () => agent.networks.list().map(shown),
  )
  app.get<OfNetwork>(
    '/networks/:network',
    {
      schema: {
        summary: 'A network, with its ports',
        params: one,
        response: answers('The network', 'NetworkState', 200),
      },
    },
    (request) => shown(networkOf(agent, request.params.network)),
  )
  app.put<OfNetwork & { Body: NetworkOptions }>(
    '/networks/:network',
    {
      schema: {
        summary: 'Makes or changes a network',
        params: one,
        body: body('Network'),
        response: answers('It is served', 'NetworkState', 200, 201),
      },
      attachValidation: true,
      onRequest: changes,
      preHandler: judged((options: NetworkOptions) => checkNetwork(options), 'network'),
    },
    async (request, reply) => {
      const there = agent.networks.get(request.params.network) !== undefined
      const network = await agent.networks.ensure(request.body)
      return reply.code(there ? 200 : 201).send(shown(network))
    },
  )
  app.delete<OfNetwork>(
    '/networks/:network',
    { schema: { summary: 'Deletes a network', params: one, response: gone('It is gone') }, onRequest: changes },
    async (request, reply) => {
      await agent.networks.delete(request.params.network)
      return reply.code(204).send()
    },
  )
}

function declarePorts(app: FastifyInstance, agent: DhcpAgent, changes: onRequestHookHandler): void {
  const both = params('network', 'port')
  app.put<OfPort & { Body: PortOptions }>(
    '/networks/:network/ports/:port',
    {
      schema: {
        summary: 'Adds or replaces a port',
        params: both,
        body: body('Port'),
        response: answers('dnsmasq knows it', 'PortState', 200, 201),
      },
      attachValidation: true,
      onRequest: [
        changes,
        // Before the body is checked.
        (request, _reply, done) => {
          networkOf(agent, request.params.network)
          done()
        },
      ],
      preHandler: judged((options: PortOptions) => checkPort(options), 'port'),
    },
    async (request, reply) => {
      const { ports } = networkOf(agent, request.params.network)
      const { id, ...changed } = request.body
      if (ports.get(id) === undefined) return reply.code(201).send(await ports.add(request.body))
      // Replaces all options; an automatically chosen address stays.
      const nothing = { hostname: undefined, clientId: undefined, options: undefined }
      return ports.update(id, { ...nothing, ...changed })
    },
  )
  app.delete<OfPort>(
    '/networks/:network/ports/:port',
    {
      schema: { summary: 'Deletes a port, and releases its leases', params: both, response: gone('It is gone') },
      onRequest: changes,
    },
    async (request, reply) => {
      await networkOf(agent, request.params.network).ports.delete(request.params.port)
      return reply.code(204).send()
    },
  )
}

function declareLeases(app: FastifyInstance, agent: DhcpAgent): void {
  app.get<OfNetwork>(
    '/networks/:network/leases',
    {
      schema: {
        summary: 'Leases of a network',
        params: params('network'),
        response: answers('Leases', 'Leases', 200),
      },
    },
    (request) => leasesOf([networkOf(agent, request.params.network)]),
  )
  app.get('/leases', { schema: { summary: 'All leases', response: answers('Leases', 'Leases', 200) } }, () =>
    leasesOf(agent.networks.list()),
  )
}

/** Declares all paths; existing ones answer 405 to methods that they do not have. */
export function declareRoutes(app: FastifyInstance, { agent, metrics, described }: Served): void {
  const methods = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()])
  })
  const changes: onRequestHookHandler = (_request, _reply, done) => {
    if (described) {
      throw new RequestError(409, 'the networks are described by a file; change that', 'ERR_NETLOOM_DESCRIBED')
    }
    done()
  }
  declareNetworks(app, agent, changes)
  declarePorts(app, agent, changes)
  declareLeases(app, agent)
  app.put<{ Body: { networks: DesiredNetwork[] } }>(
    '/sync',
    {
      schema: {
        summary: 'Makes all networks equal to a description',
        body: body('Description'),
        response: answers('What differed', 'Differences', 200),
      },
      attachValidation: true,
      onRequest: changes,
      preHandler: judged((description) => checkDesired(description, undefined, () => undefined)),
    },
    (request) => agent.sync(request.body),
  )
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics for Prometheus', response: textual('Metrics', 'text/plain') } },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  )
  app.get('/openapi.json', { schema: { summary: 'This description', response: anyObject('OpenAPI') } }, () =>
    app.swagger(),
  )
  for (const [url, allowed] of [...methods]) {
    app.route({
      method: METHODS.filter((method) => !allowed.includes(method) && app.supportedMethods.includes(method)),
      url,
      schema: { hide: true },
      onRequest: (request, reply) => {
        void reply.header('allow', allowed.join(', '))
        throw new RequestError(405, `${request.method} ${request.url}`)
      },
      handler: () => undefined,
    })
  }
}
