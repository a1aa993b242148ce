// The description of the HTTP interface, in the form of OpenAPI 3.1.
const text = { type: 'string' } as const
const texts = { type: 'array', items: text } as const
const integer = { type: 'integer' } as const
const flag = { type: 'boolean' } as const

function object(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): object {
  return { type: 'object', additionalProperties: false, required, properties }
}

const option = object(
  { code: { type: ['integer', 'string'] }, value: { type: ['string', 'array'], items: text }, family: text, tag: text },
  ['code'],
)
const options = { type: 'array', items: option } as const
const range = object({ start: text, end: text }, ['start', 'end'])
const route = object({ destination: text, nexthop: text }, ['destination', 'nexthop'])

const subnet = object(
  {
    id: text,
    cidr: text,
    gateway: text,
    pool: { anyOf: [range, { type: 'array', items: range }] },
    serverAddress: text,
    dnsServers: texts,
    hostRoutes: { type: 'array', items: route },
    leaseSeconds: { anyOf: [{ type: 'integer', minimum: 120 }, { const: 'Infinity' }] },
    mtu: integer,
    domain: text,
    domainSearch: texts,
    ntpServers: texts,
    tftpServer: text,
    bootFile: text,
    options,
    ipv6Mode: { enum: ['stateful', 'stateless'] },
    advertise: flag,
    dhcp: flag,
  },
  ['id', 'cidr'],
)

const network = {
  id: text,
  subnets: { type: 'array', items: subnet },
  vlan: { type: 'integer', minimum: 1, maximum: 4094 },
  mtu: integer,
  domain: text,
  namespace: text,
  tap: text,
  device: text,
  mac: text,
  dns: flag,
  metadata: flag,
  hostLines: { enum: ['named', 'plain'] },
  adopt: { type: 'boolean' },
} as const

const fixedIps = { type: 'array', items: { anyOf: [text, object({ subnet: text, address: text })] } } as const
const port = { id: text, mac: text, fixedIps, hostname: text, clientId: text, options } as const

const address = object({ subnet: text, address: text }, ['subnet', 'address'])
const portState = object({ ...port, fixedIps: { type: 'array', items: address } }, ['id', 'mac', 'fixedIps'])
const networkState = object(
  {
    id: text,
    namespace: text,
    bridge: text,
    serverAddresses: texts,
    pid: integer,
    ports: { type: 'array', items: portState },
  },
  ['id', 'namespace', 'serverAddresses', 'ports'],
)
const changed = object(
  { id: text, network: { enum: ['created', 'changed', 'unchanged'] }, added: texts, updated: texts, deleted: texts },
  ['id', 'network', 'added', 'updated', 'deleted'],
)

const schemas = {
  Network: object(network, ['subnets']),
  Port: object(port, ['mac']),
  Description: object(
    {
      networks: {
        type: 'array',
        items: object({ ...network, ports: { type: 'array', items: object(port, ['id', 'mac']) } }, [
          'id',
          'subnets',
          'ports',
        ]),
      },
    },
    ['networks'],
  ),
  NetworkState: networkState,
  Networks: { type: 'array', items: networkState },
  PortState: portState,
  Differences: object({ networks: { type: 'array', items: changed }, deleted: texts }, ['networks', 'deleted']),
  Leases: {
    type: 'array',
    items: object(
      {
        network: text,
        family: { enum: ['ipv4', 'ipv6'] },
        address: text,
        mac: text,
        clientId: text,
        iaid: integer,
        hostname: text,
        expires: { type: 'string', description: 'ISO 8601; left out of a lease for ever' },
      },
      ['network', 'family', 'address'],
    ),
  },
  Error: object({ error: object({ code: text, message: text, field: text }, ['message']) }, ['error']),
}

function reference(name: keyof typeof schemas): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }
}

const parameter = (name: string): object => ({ name, in: 'path', required: true, schema: text })
const refusal = { description: 'Refused, or failed', content: reference('Error') }
/** What an operation answers, by status; all else is a refusal. */
const answers = (description: string, schema: keyof typeof schemas, ...statuses: readonly string[]): object => ({
  ...Object.fromEntries(statuses.map((status) => [status, { description, content: reference(schema) }])),
  default: refusal,
})
const gone = (description: string): object => ({ '204': { description }, default: refusal })
const takes = (name: keyof typeof schemas): object => ({ required: true, content: reference(name) })

/** What `GET /openapi.json` gives. */
export const openapi = {
  openapi: '3.1.0',
  info: { title: 'netloom-dhcp-agent', version: '1' },
  paths: {
    '/networks': {
      get: { summary: 'All networks, with their ports', responses: answers('Networks', 'Networks', '200') },
    },
    '/networks/{network}': {
      parameters: [parameter('network')],
      get: { summary: 'A network, with its ports', responses: answers('The network', 'NetworkState', '200') },
      put: {
        summary: 'Makes or changes a network',
        requestBody: takes('Network'),
        responses: answers('It is served', 'NetworkState', '200', '201'),
      },
      delete: { summary: 'Deletes a network', responses: gone('It is gone') },
    },
    '/networks/{network}/ports/{port}': {
      parameters: [parameter('network'), parameter('port')],
      put: {
        summary: 'Adds or replaces a port',
        requestBody: takes('Port'),
        responses: answers('dnsmasq knows it', 'PortState', '200', '201'),
      },
      delete: { summary: 'Deletes a port, and releases its leases', responses: gone('It is gone') },
    },
    '/networks/{network}/leases': {
      parameters: [parameter('network')],
      get: { summary: 'Leases of a network', responses: answers('Leases', 'Leases', '200') },
    },
    '/leases': { get: { summary: 'All leases', responses: answers('Leases', 'Leases', '200') } },
    '/sync': {
      put: {
        summary: 'Makes all networks equal to a description',
        requestBody: takes('Description'),
        responses: answers('What differed', 'Differences', '200'),
      },
    },
    '/metrics': {
      get: {
        summary: 'Metrics for Prometheus',
        responses: { '200': { description: 'Metrics', content: { 'text/plain': { schema: text } } }, default: refusal },
      },
    },
    '/openapi.json': {
      get: {
        summary: 'This description',
        responses: {
          '200': { description: 'OpenAPI', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  },
  components: { schemas },
} as const
