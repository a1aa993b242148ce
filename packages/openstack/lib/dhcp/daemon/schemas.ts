// JSON schemas of requests and answers, with which fastify validates requests, encodes answers, and generates the OpenAPI description.
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

const named = {
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
  Networks: { type: 'array', items: { $ref: 'NetworkState#' } },
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

/** The schemas that routes refer to by name. */
export const schemas = Object.entries(named).map(([$id, schema]) => ({ $id, ...schema }))

/** The schema of a body. */
export const body = (name: keyof typeof named): object => ({ $ref: `${name}#` })

/** The schema of the parts of a path. */
export const params = (...names: readonly string[]): object =>
  object(Object.fromEntries(names.map((name) => [name, { type: 'string', minLength: 1 }])), names)

const refusal = { description: 'Refused, or failed', $ref: 'Error#' }

/** The schemas of answers, by status; all others are refusals. */
export const answers = (description: string, name: keyof typeof named, ...statuses: readonly number[]): object => ({
  ...Object.fromEntries(statuses.map((status) => [status, { description, $ref: `${name}#` }])),
  default: refusal,
})

/** The same without a body. */
export const gone = (description: string): object => ({ 204: { description, type: 'null' }, default: refusal })

/** The same of another type than JSON. */
export const textual = (description: string, type: string): object => ({
  200: { description, content: { [type]: { schema: text } } },
  default: refusal,
})

/** The schema of any object. */
export const anyObject = (description: string): object => ({
  200: { description, type: 'object', additionalProperties: true },
  default: refusal,
})
