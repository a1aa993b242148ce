// The daemon as a process, spoken to by HTTP on its socket, or by a file.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bridgeNameOf } from '../../lib/agents/names'
import { Running } from './running_daemon'
import { Scene, until } from './scene'

const mac = '52:54:00:00:00:01'
const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', leaseSeconds: 'Infinity' }]

test('networks, ports and leases by HTTP', async () => {
  await using scene = await Scene.make()
  const id = scene.id()
  await using daemon = await Running.start(scene, 'listen: SOCKET\n')
  const at = `/networks/${id}`
  expect(await daemon.ask('GET', at)).toMatchObject({
    status: 404,
    body: { error: { code: 'ERR_NETLOOM_NO_NETWORK' } },
  })
  const made = await daemon.ask('PUT', at, { tap: 'tap1', subnets })
  expect(made).toMatchObject({ status: 201, body: { id, namespace: `qdhcp-${id}`, serverAddresses: ['10.0.0.1'] } })
  expect(await daemon.ask('PUT', at, { tap: 'tap1', subnets })).toMatchObject({ status: 200 })
  const port = { mac, fixedIps: ['10.0.0.10'], hostname: 'vm1' }
  expect(await daemon.ask('PUT', `${at}/ports/vm1`, port)).toMatchObject({ status: 201, body: { id: 'vm1', mac } })
  expect(await daemon.ask('PUT', `${at}/ports/vm1`, { mac })).toMatchObject({
    status: 200,
    body: { fixedIps: [{ address: '10.0.0.10' }] },
  })
  const client = await scene.client(bridgeNameOf(id), mac)
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  const leases = [{ network: id, address: '10.0.0.10', mac }]
  expect(await daemon.ask('GET', '/leases')).toMatchObject({ status: 200, body: leases })
  expect(await daemon.ask('GET', `${at}/leases`)).toMatchObject({ status: 200, body: leases })
  await until(() => daemon.said.includes('"msg":"lease"'), 'the lease is logged')
  const { body: metrics } = await daemon.ask('GET', '/metrics')
  expect(metrics).toMatch(/^netloom_dhcp_leases 1$/m)
  expect(metrics).toMatch(/^netloom_dhcp_leases_total\{renewed="false"\} 1$/m)

  // What is wrong is told by field; nothing has changed.
  for (const [method, path, body, status, field] of [
    ['PUT', `${at}/ports/vm2`, { mac: `${mac}\n` }, 400, 'mac'],
    ['PUT', `${at}/ports/vm2`, { mac }, 400, 'mac'],
    ['PUT', `${at}/ports/..%2Fx`, { mac: '52:54:00:00:00:02' }, 400, 'id'],
    ['PUT', `${at}/ports/vm2`, { id: 'vm3', mac }, 400, 'id'],
    ['PUT', `${at}/ports/vm2`, '{', 400, 'body'],
    ['PUT', '/networks/a%2Fb', { subnets }, 400, 'id'],
    ['PUT', '/sync', {}, 400, 'networks'],
    ['DELETE', `${at}/ports/vm2`, undefined, 404, undefined],
    ['DELETE', '/networks/none', undefined, 404, undefined],
    ['POST', at, {}, 405, undefined],
    ['GET', '/none', undefined, 404, undefined],
  ] as const) {
    const answer = await daemon.ask(method, path, body)
    expect([path, answer.status, (answer.body as { error: { field?: string } }).error.field]).toEqual([
      path,
      status,
      field,
    ])
  }
  const { body: api } = await daemon.ask('GET', '/openapi.json')
  expect(Object.keys((api as { paths: object }).paths)).toContain('/networks/{network}/ports/{port}')

  expect(await daemon.ask('DELETE', `${at}/ports/vm1`)).toMatchObject({ status: 204, body: '' })
  expect(await daemon.ask('GET', '/leases')).toMatchObject({ body: [] })

  // Another one takes over.
  const { body } = await daemon.ask('GET', at)
  await daemon.stop('SIGKILL')
  await using next = await Running.start(scene, 'listen: SOCKET\n')
  expect(await next.ask('GET', at)).toMatchObject({ status: 200, body })
  expect(await next.ask('DELETE', at)).toMatchObject({ status: 204 })
})

test('a file that describes all, followed', async () => {
  await using scene = await Scene.make()
  const [red, green] = [scene.id('red'), scene.id('green')]
  const file = join(scene.directory, 'networks.yaml')
  const describe = (...ids: string[]): void => {
    const networks = ids.map(
      (id, i) =>
        `- {id: ${id}, tap: tap${id.slice(-6)}, subnets: [{id: v4, cidr: 10.0.0.0/24, leaseSeconds: .inf}], ports: [{id: vm, mac: "${mac.slice(0, -1)}${i}"}]}`,
    )
    writeFileSync(`${file}.new`, `networks:\n${networks.join('\n')}\n`)
    renameSync(`${file}.new`, file)
  }
  describe(red)
  await using daemon = await Running.start(scene, 'networks: networks.yaml\nlisten: SOCKET\n')
  const there = async (): Promise<string[]> =>
    ((await daemon.ask('GET', '/networks')).body as { id: string }[]).map(({ id }) => id)
  expect(await there()).toEqual([red])
  expect(await daemon.ask('DELETE', `/networks/${red}`)).toMatchObject({ status: 409 })
  describe(green)
  await until(async () => (await there()).join() === green, 'it is followed')
  writeFileSync(file, 'networks: 5\n')
  await until(() => daemon.said.includes('is refused'), 'what is wrong is told')
  expect(await there()).toEqual([green])
})

test.each([
  ['plug: sky\nstateDir: /x\nlisten: /x/s', 'plug'],
  ['plug: bridge\nstateDir: /x', 'listen'],
  ['plug: bridge\nstateDir: x\nlisten: /x/s', 'stateDir'],
  ['plug: bridge\nstateDir: /x\nlisten: /x/s\nlogLevel: loud', 'logLevel'],
  ['plug: bridge\nlissten: /x/s', 'lissten'],
  ['plug: bridge\nstateDir: [', undefined],
])('a configuration that is wrong: %j', async (config, field) => {
  await using scene = await Scene.make()
  const path = join(scene.directory, 'wrong.yaml')
  writeFileSync(path, config)
  const program = join(__dirname, '../../dist/dhcp/daemon/command.js')
  const child = spawn(process.execPath, [program, '--config', path], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (data) => (said += String(data)))
  const [code] = (await once(child, 'close')) as [number]
  const what = field === undefined ? 'wrong.yaml is neither YAML nor JSON: ' : `"${field}"`
  expect([code, said]).toEqual([1, expect.stringMatching(new RegExp(`^netloom-dhcp-agent: .*${what}.*\\n$`))])
})
