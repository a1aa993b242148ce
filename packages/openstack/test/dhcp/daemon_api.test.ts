// The HTTP interface: what it refuses, and whether its OpenAPI description says what it does.
import Ajv from 'ajv'
import { request } from 'node:http'
import { bridgeNameOf } from '../../lib/agents/names'
import { Running } from './running_daemon'
import { Scene } from './scene'

const mac = '52:54:00:00:00:01'

interface Operation {
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> }
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>
}

interface Api {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, { readonly properties?: Record<string, unknown> }> }
}

let scene: Scene
let daemon: Running
let id: string
let api: Api

describe('a daemon', () => {
  beforeAll(async () => {
    scene = await Scene.make()
    daemon = await Running.start(scene, 'listen: SOCKET\n')
    id = scene.id()
    api = (await daemon.ask('GET', '/openapi.json')).body as Api
    await daemon.ask('PUT', `/networks/${id}`, { tap: 'tap1', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
  })
  afterAll(async () => {
    await daemon.stop()
    await scene[Symbol.asyncDispose]()
  })

  test.each([
    ['GET', '/networks/none', undefined, 404, 'ERR_NETLOOM_NO_NETWORK', undefined],
    ['GET', '/networks/none/leases', undefined, 404, 'ERR_NETLOOM_NO_NETWORK', undefined],
    ['PUT', '/networks/none/ports/a', { mac }, 404, 'ERR_NETLOOM_NO_NETWORK', undefined],
    ['DELETE', '/networks/none', undefined, 404, 'ERR_NETLOOM_NO_NETWORK', undefined],
    ['DELETE', '/networks/ID/ports/none', undefined, 404, 'ERR_NETLOOM_NO_PORT', undefined],
    ['GET', '/', undefined, 404, 'ERR_NETLOOM_HTTP_404', undefined],
    ['GET', '/networks/ID/ports/a/b', undefined, 404, 'ERR_NETLOOM_HTTP_404', undefined],
    ['GET', '/networks/%zz', undefined, 400, 'ERR_NETLOOM_HTTP_400', undefined],
    ['GET', '/networks/%2541%2Fb', undefined, 404, 'ERR_NETLOOM_NO_NETWORK', undefined],
    ['GET', '/networks/', undefined, 404, 'ERR_NETLOOM_HTTP_404', undefined],
    ['GET', '/networks//leases', undefined, 404, 'ERR_NETLOOM_HTTP_404', undefined],
    ['PUT', '/none', '{', 404, 'ERR_NETLOOM_HTTP_404', undefined],
    ['PUT', '/leases', '{', 405, 'ERR_NETLOOM_HTTP_405', undefined],
    ['OPTIONS', '/networks', undefined, 405, 'ERR_NETLOOM_HTTP_405', undefined],
    ['PATCH', '/networks/ID', {}, 405, 'ERR_NETLOOM_HTTP_405', undefined],
    ['POST', '/sync', {}, 405, 'ERR_NETLOOM_HTTP_405', undefined],
    ['DELETE', '/leases', undefined, 405, 'ERR_NETLOOM_HTTP_405', undefined],
    ['PUT', '/networks/ID', '{"subnets": [', 400, 'ERR_INVALID_ARG_VALUE', 'body'],
    ['PUT', '/networks/ID', '[]', 400, 'ERR_INVALID_ARG_VALUE', 'body'],
    ['PUT', '/networks/ID', 'null', 400, 'ERR_INVALID_ARG_VALUE', 'body'],
    ['PUT', '/networks/ID', '', 400, 'ERR_INVALID_ARG_VALUE', 'body'],
    ['PUT', '/networks/ID', {}, 400, 'ERR_INVALID_ARG_TYPE', 'subnets'],
    ['PUT', '/networks/ID', { subnets: [], vlam: 5 }, 400, 'ERR_INVALID_ARG_VALUE', 'vlam'],
    ['PUT', '/networks/ID', '{"subnets": [], "__proto__": {"vlan": 5}}', 400, 'ERR_INVALID_ARG_VALUE', '__proto__'],
    ['PUT', '/networks/ID', { id: 'other', subnets: [] }, 400, 'ERR_INVALID_ARG_VALUE', 'id'],
    ['PUT', '/networks/ID', { subnets: [{ id: 'a', cidr: 'x' }] }, 400, 'ERR_INVALID_ARG_VALUE', 'subnets[0].cidr'],
    ['PUT', '/networks/ID', { tap: 'other', subnets: [] }, 400, 'ERR_INVALID_ARG_VALUE', 'tap'],
    ['PUT', '/networks/ID', { subnets: [], vlan: '5' }, 400, 'ERR_INVALID_ARG_TYPE', 'vlan'],
    ['PUT', '/networks/ID', { subnets: [], vlan: 4095 }, 400, 'ERR_OUT_OF_RANGE', 'vlan'],
    // What the library takes, and no JSON is: the schema refuses it.
    [
      'PUT',
      '/networks/ID',
      '{"tap": "tap1", "subnets": [{"id": "v4", "cidr": "10.0.0.0/24", "leaseSeconds": 1e999}]}',
      400,
      'ERR_INVALID_ARG_VALUE',
      'subnets[0].leaseSeconds',
    ],
    ['PUT', '/networks/ID/ports/a', { mac: 5 }, 400, 'ERR_INVALID_ARG_TYPE', 'mac'],
    ['PUT', '/networks/ID/ports/a', { mac, fixedIps: ['10.9.9.9'] }, 400, 'ERR_INVALID_ARG_VALUE', 'fixedIps[0]'],
    ['PUT', '/sync', { networks: [{ id: 'a' }] }, 400, 'ERR_INVALID_ARG_TYPE', 'networks[0].subnets'],
  ] as const)('%s %s %j: %i', async (method, path, body, status, code, field) => {
    const before = await daemon.ask('GET', '/networks')
    const answer = await daemon.ask(method, path.replace('ID', id), body)
    const { error } = answer.body as { error: { code?: string; field?: string; message: string } }
    expect([answer.status, error.code, error.field]).toEqual([status, code, field])
    expect(error.message).not.toBe('')
    if (status === 405) expect(answer.headers.allow).toMatch(/^(GET|PUT|DELETE)(, (GET|PUT|DELETE))*$/)
    expect((await daemon.ask('GET', '/networks')).body).toEqual(before.body)
  })

  test('a body that is too large is refused before it has come, and a method that nobody knows', async () => {
    const answer = (method: string, size: number): Promise<number | undefined> =>
      new Promise((resolve) => {
        const asked = request(
          { socketPath: daemon.socket, method, path: `/networks/${id}`, agent: false },
          (response) => {
            response.resume()
            response.on('end', () => {
              resolve(response.statusCode)
            })
          },
        )
        asked.on('error', () => undefined) // it is not read to its end
        for (let sent = 0; sent < size; sent += 1 << 20) asked.write(Buffer.alloc(1 << 20, ' '))
        asked.end()
      })
    expect(await answer('PUT', 17 << 20)).toBe(413)
    const announced = await daemon
      .ask('PUT', `/networks/${id}`, '', { 'content-length': 17 << 20 })
      .catch(() => undefined)
    expect(announced).toMatchObject({ status: 413, body: { error: { code: 'ERR_NETLOOM_HTTP_413' } } })
    expect(await answer('PROPFIND', 0)).toBe(405)
    expect(await daemon.ask('GET', `/networks/${id}`)).toMatchObject({ status: 200 })
  })

  test.each([
    { 'content-type': 'application/x-www-form-urlencoded' }, // as `curl -d` has it
    { 'content-type': 'application/json; charset=utf-8' },
    { 'content-type': 'nonsense' },
    { 'transfer-encoding': 'chunked' },
  ])('a body is JSON, whatever it is called: %j', async (headers) => {
    const port = { mac: '52:54:00:00:00:02' }
    const at = `/networks/${id}/ports/typed`
    expect(await daemon.ask('PUT', at, port, headers)).toMatchObject({ status: 201, body: port })
    expect(await daemon.ask('PUT', at, '{', headers)).toMatchObject({ status: 400, body: { error: { field: 'body' } } })
    const empty = { 'content-type': 'application/json', 'content-length': 0 }
    expect(await daemon.ask('DELETE', at, undefined, empty)).toMatchObject({ status: 204, body: '' })
  })

  test('several that add the same port at once: one does, the others replace it or are told', async () => {
    const all = await Promise.all(
      Array.from({ length: 5 }, () => daemon.ask('PUT', `/networks/${id}/ports/p`, { mac })),
    )
    expect(all.filter(({ status }) => status === 201)).toHaveLength(1)
    for (const { status } of all) expect([200, 201, 409]).toContain(status)
    expect(await daemon.ask('DELETE', `/networks/${id}/ports/p`)).toMatchObject({ status: 204 })
  })

  test('what it answers is as it says', async () => {
    const ajv = new Ajv({ unknownFormats: 'ignore' })
    ajv.addSchema(api, 'api')
    const checked = new Set<string>()
    const network = id
    const subnet = {
      id: 'v4',
      cidr: '10.0.0.0/24',
      gateway: '10.0.0.1',
      pool: { start: '10.0.0.10', end: '10.0.0.99' },
      serverAddress: '10.0.0.11',
      dnsServers: ['9.9.9.9'],
      hostRoutes: [{ destination: '10.8.0.0/16', nexthop: '10.0.0.2' }],
      leaseSeconds: 'Infinity',
      mtu: 1400,
      domain: 'example.org',
      domainSearch: ['example.org'],
      ntpServers: ['10.0.0.3'],
      tftpServer: 'boot',
      bootFile: 'file',
      options: [{ code: 43, value: '01:02', family: 'ipv4', tag: 'ipxe' }],
      dhcp: true,
    }
    const six = { id: 'v6', cidr: 'fd77::/64', ipv6Mode: 'stateful', advertise: false }
    const port = {
      mac,
      fixedIps: ['10.0.0.20', { subnet: 'v6' }],
      hostname: 'vm',
      clientId: '01:02',
      options: [{ code: 67, value: 'x' }],
    }
    const more = {
      mtu: 1400,
      domain: 'example.org',
      mac: 'fa:16:3e:00:00:01',
      dns: true,
      metadata: true,
      hostLines: 'named',
      adopt: false,
    }
    const names = { namespace: `qdhcp-${id}`, tap: 'tap1', device: `ns-${id.slice(0, 11)}` }
    await daemon.ask('DELETE', `/networks/${id}`)
    for (const [method, path, body, expected] of [
      ['PUT', '/networks/{network}', { ...names, ...more, subnets: [subnet, six] }, 201],
      ['PUT', '/networks/{network}', { ...names, ...more, subnets: [subnet, six] }, 200],
      ['PUT', '/networks/{network}/ports/{port}', port, 201],
      ['PUT', '/networks/{network}/ports/{port}', port, 200],
      ['GET', '/networks', undefined, 200],
      ['GET', '/networks/{network}', undefined, 200],
      ['LEASE', '', undefined, 0],
      ['GET', '/networks/{network}/leases', undefined, 200],
      ['GET', '/leases', undefined, 200],
      ['GET', '/metrics', undefined, 200],
      ['GET', '/openapi.json', undefined, 200],
      ['GET', '/networks/{other}', undefined, 404],
      ['DELETE', '/networks/{network}/ports/{port}', undefined, 204],
      ['DELETE', '/networks/{network}', undefined, 204],
      ['PUT', '/sync', { networks: [{ ...names, id, subnets: [subnet], ports: [{ id: 'a', mac }] }] }, 200],
    ] as const) {
      if (method === 'LEASE') {
        const client = await scene.client(bridgeNameOf(id), mac)
        expect(await scene.udhcpc(client, '-x', '61:0102')).toMatchObject({ ip: '10.0.0.20' })
        continue
      }
      const template = path.replace('{other}', '{network}')
      const operation = api.paths[template]![method.toLowerCase()]!
      const answer = await daemon.ask(
        method,
        path.replace('{network}', network).replace('{port}', 'vm').replace('{other}', 'x'),
        body,
      )
      expect([path, answer.status, answer.body]).toEqual([path, expected, expect.anything()])
      const inside = (schema: object): object =>
        JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object
      const requested = operation.requestBody?.content['application/json']?.schema
      expect(requested !== undefined).toBe(body !== undefined)
      if (requested !== undefined) {
        ajv.validate(inside(requested), body)
        expect([path, ajv.errors]).toEqual([path, null])
        // What the server would refuse as unknown, the description refuses, too.
        expect(ajv.validate(inside(requested), { ...body, unknown: 1 })).toBe(false)
      }
      const described = operation.responses[expected] ?? operation.responses.default!
      if (expected === 204) expect(described.content).toBeUndefined()
      const type = String(answer.headers['content-type']).split(';')[0]!
      if (expected !== 204) {
        ajv.validate(inside(described.content![type]!.schema), answer.body)
        expect([path, ajv.errors]).toEqual([path, null])
        if (path.endsWith('leases')) expect(answer.body).toHaveLength(1)
      }
      checked.add(`${method} ${template}`)
    }
    const all = Object.entries(api.paths).flatMap(([path, operations]) =>
      Object.keys(operations).flatMap((method) => (method === 'parameters' ? [] : `${method.toUpperCase()} ${path}`)),
    )
    expect([...checked].sort()).toEqual(all.sort())
    // All that the description has was sent, and taken.
    const { Network, Port } = api.components.schemas
    expect(Object.keys(Network!.properties!).sort()).toEqual(
      ['id', 'subnets', 'vlan', ...Object.keys({ ...names, ...more })].sort(),
    )
    expect(Object.keys(Port!.properties!).sort()).toEqual(['id', ...Object.keys(port)].sort())
    const described = (Network!.properties!.subnets as { items: { properties: object } }).items.properties
    expect(Object.keys(described).sort()).toEqual(Object.keys({ ...subnet, ...six }).sort())
  })

  test('metrics count what has happened', async () => {
    const { body } = await daemon.ask('GET', '/metrics')
    const value = (name: string): number =>
      Number(new RegExp(`^netloom_dhcp_${name} (\\d+)$`, 'm').exec(String(body))?.[1])
    expect(['networks', 'ports', 'dnsmasq_running', 'leases', 'errors_total'].map(value)).toEqual([1, 1, 1, 0, 0])
    expect(value('leases_total{renewed="false"}')).toBe(1)
    expect(value('releases_total')).toBe(1)
  })
})
