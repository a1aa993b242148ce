// The HTTP interface: what each path does, and what becomes of an error.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { isInvalid, wrongValue } from 'netloom/errors'
import type { DhcpAgent } from '../agent'
import { dhcpError } from '../errors'
import type { DhcpNetwork } from '../network'
import type { NetworkOptions, PortOptions } from '../options'
import { withLeases } from './config'
import { openapi } from './openapi'

/** What the interface is made of. */
export interface Api {
  readonly agent: DhcpAgent
  readonly metrics: Registry
  readonly log: Logger
  /** Networks are described by a file, so nobody else may change them. */
  readonly described: boolean
}

/** What a request gives: JSON, or text. */
interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly text?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** What is wrong with a request as such, not with what it asks for. */
class RequestError extends Error {
  readonly code: string
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
    this.code = `ERR_NETLOOM_HTTP_${status}`
  }
}

const largestBody = 16 << 20

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > largestBody) throw new RequestError(413, `a body has at most ${largestBody} bytes`)
    chunks.push(chunk)
  }
  let body: unknown
  try {
    body = withLeases(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch {
    throw wrongValue('body', 'JSON', Buffer.concat(chunks).toString('utf8', 0, 80))
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrongValue('body', 'an object', body)
  return body as Record<string, unknown>
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new RequestError(400, `${part} is not encoded as a part of a path is`)
  }
}

/** The id in the path, with which one in the body has to agree. */
function withId(body: Record<string, unknown>, id: string): Record<string, unknown> {
  if (body.id !== undefined && body.id !== id) throw wrongValue('id', `${id}, as in the path`, body.id)
  return { ...body, id }
}

function networkOf({ agent }: Api, id: string): DhcpNetwork {
  const network = agent.networks.get(id)
  if (network === undefined) throw dhcpError('ERR_NETLOOM_NO_NETWORK', 'GET', `there is no network ${id}`)
  return network
}

function shown(network: DhcpNetwork): object {
  const { id, namespace, bridge, serverAddresses, pid } = network
  return { id, namespace, bridge, serverAddresses, pid, ports: network.ports.list() }
}

async function putPort(network: DhcpNetwork, options: PortOptions): Promise<Answer> {
  if (network.ports.get(options.id) === undefined) return { status: 201, body: await network.ports.add(options) }
  const { id, ...changes } = options
  // All of it is replaced; an address that nobody names stays.
  const nothing = { hostname: undefined, clientId: undefined, options: undefined }
  return { status: 200, body: await network.ports.update(id, { ...nothing, ...changes }) }
}

function leasesOf(networks: readonly DhcpNetwork[]): Answer {
  const all = networks.flatMap((network) => network.leases().map((lease) => ({ network: network.id, ...lease })))
  return { status: 200, body: all }
}

type Route = readonly [
  method: string,
  path: RegExp,
  answer: (api: Api, request: IncomingMessage, ids: string[]) => unknown,
]

const routes: readonly Route[] = [
  ['GET', /^\/networks$/, ({ agent }) => ({ status: 200, body: agent.networks.list().map(shown) })],
  ['GET', /^\/networks\/([^/]+)$/, (api, _, [id = '']) => ({ status: 200, body: shown(networkOf(api, id)) })],
  [
    'PUT',
    /^\/networks\/([^/]+)$/,
    async ({ agent }, request, [id = '']) => {
      const there = agent.networks.get(id) !== undefined
      const options = withId(await bodyOf(request), id) as unknown as NetworkOptions
      return { status: there ? 200 : 201, body: shown(await agent.networks.ensure(options)) }
    },
  ],
  [
    'DELETE',
    /^\/networks\/([^/]+)$/,
    async ({ agent }, _, [id = '']) => {
      await agent.networks.delete(id)
      return { status: 204 }
    },
  ],
  [
    'PUT',
    /^\/networks\/([^/]+)\/ports\/([^/]+)$/,
    async (api, request, [id = '', port = '']) =>
      putPort(networkOf(api, id), withId(await bodyOf(request), port) as unknown as PortOptions),
  ],
  [
    'DELETE',
    /^\/networks\/([^/]+)\/ports\/([^/]+)$/,
    async (api, _, [id = '', port = '']) => {
      await networkOf(api, id).ports.delete(port)
      return { status: 204 }
    },
  ],
  ['GET', /^\/networks\/([^/]+)\/leases$/, (api, _, [id = '']) => leasesOf([networkOf(api, id)])],
  ['GET', /^\/leases$/, ({ agent }) => leasesOf(agent.networks.list())],
  [
    'PUT',
    /^\/sync$/,
    async ({ agent }, request) => ({ status: 200, body: await agent.sync((await bodyOf(request)) as never) }),
  ],
  [
    'GET',
    /^\/metrics$/,
    async ({ metrics }) => ({ status: 200, text: await metrics.metrics(), type: metrics.contentType }),
  ],
  ['GET', /^\/openapi\.json$/, () => ({ status: 200, body: openapi })],
]

const statuses: Readonly<Record<string, number>> = {
  ERR_NETLOOM_NO_NETWORK: 404,
  ERR_NETLOOM_NO_PORT: 404,
  // Somebody else was faster.
  ERR_NETLOOM_PORT_EXISTS: 409,
  ERR_NETLOOM_AGENT_CLOSED: 503,
  ERR_NETLOOM_NO_VLANS: 400,
}

/** The status and the words for what was thrown. */
function failed(error: unknown): Answer {
  const { message, code } = error as { message?: string; code?: string }
  const field = isInvalid(error) ? error.field : undefined
  const body = { error: { code, message, field } }
  // What is left of the request is not read.
  if (error instanceof RequestError) return { status: error.status, body, headers: { connection: 'close' } }
  return { status: field === undefined ? (statuses[code ?? ''] ?? 500) : 400, body }
}

async function answer(api: Api, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '').replace(/\?.*$/, '')
  const allowed: string[] = []
  for (const [method, pattern, work] of routes) {
    const found = pattern.exec(path)
    if (found === null) continue
    allowed.push(method)
    if (method !== request.method) continue
    if (method !== 'GET' && api.described) {
      const message = 'the networks are described by a file; change that'
      return { status: 409, body: { error: { code: 'ERR_NETLOOM_DESCRIBED', message } } }
    }
    try {
      return (await work(api, request, found.slice(1).map(decoded))) as Answer
    } catch (error) {
      return failed(error)
    }
  }
  const known = allowed.length > 0
  const { status, body } = failed(new RequestError(known ? 405 : 404, `${request.method ?? ''} ${path}`))
  return { status, body, headers: known ? { allow: allowed.join(', ') } : {} }
}

function send(response: ServerResponse, { status, body, text, type = 'application/json', headers }: Answer): void {
  if (body === undefined && text === undefined) {
    response.writeHead(status, headers).end()
    return
  }
  response.writeHead(status, { ...headers, 'content-type': type }).end(text ?? `${JSON.stringify(body)}\n`)
}

/** What a server of HTTP calls with each request. */
export function serve(api: Api): RequestListener {
  return (request, response) => {
    const begun = performance.now()
    const answered = answer(api, request).then((found) => {
      const ms = Math.round(performance.now() - begun)
      const { method, url } = request
      api.log[found.status >= 500 ? 'error' : 'debug'](
        { method, url, status: found.status, ms, body: found.status >= 400 ? found.body : undefined },
        'request',
      )
      send(response, found)
    })
    answered.catch((error: unknown) => {
      api.log.error({ err: error }, 'no answer')
      response.destroy()
    })
  }
}
