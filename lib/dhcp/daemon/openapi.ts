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
} as const

const fixedIps = { type: 'array', items: { anyOf: [text, object({ subnet: text, address: text })] } } as const
const port = { id: text, mac: text, fixedIps, hostname: text, clientId: text, options } as const

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
  Lease: object({
    network: text,
    family: { enum: ['ipv4', 'ipv6'] },
    address: text,
    mac: text,
    clientId: text,
    iaid: integer,
    hostname: text,
    expires: { type: 'string', format: 'date-time' },
  }),
  Error: object({ error: object({ code: text, message: text, field: text }) }),
}

function reference(name: keyof typeof schemas): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } }
}

const parameter = (name: string): object => ({ name, in: 'path', required: true, schema: text })
const refusal = { description: 'Refused, or failed', content: reference('Error') }
const done = (description: string): object => ({ '2XX': { description }, default: refusal })
const takes = (name: keyof typeof schemas): object => ({ required: true, content: reference(name) })
const leases = {
  '200': {
    description: 'Leases',
    content: { 'application/json': { schema: { type: 'array', items: { $ref: '#/components/schemas/Lease' } } } },
  },
  default: refusal,
}

/** What `GET /openapi.json` gives. */
export const openapi = {
  openapi: '3.1.0',
  info: { title: 'netloom-dhcp-agent', version: '1' },
  paths: {
    '/networks': { get: { summary: 'All networks, with their ports', responses: done('Networks') } },
    '/networks/{network}': {
      parameters: [parameter('network')],
      get: { summary: 'A network, with its ports', responses: done('The network') },
      put: { summary: 'Makes or changes a network', requestBody: takes('Network'), responses: done('It is served') },
      delete: { summary: 'Deletes a network', responses: done('It is gone') },
    },
    '/networks/{network}/ports/{port}': {
      parameters: [parameter('network'), parameter('port')],
      put: { summary: 'Adds or replaces a port', requestBody: takes('Port'), responses: done('dnsmasq knows it') },
      delete: { summary: 'Deletes a port, and releases its leases', responses: done('It is gone') },
    },
    '/networks/{network}/leases': {
      parameters: [parameter('network')],
      get: { summary: 'Leases of a network', responses: leases },
    },
    '/leases': { get: { summary: 'All leases', responses: leases } },
    '/sync': {
      put: {
        summary: 'Makes all networks equal to a description',
        requestBody: takes('Description'),
        responses: done('What differed'),
      },
    },
    '/metrics': { get: { summary: 'Metrics for Prometheus', responses: done('Text') } },
  },
  components: { schemas },
} as const
