// The daemon against what its files, its socket's path and its clients may be: it harms nothing, and it ends when it is told to.
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { ApiServer } from '../../lib/dhcp/daemon/api_server'
import { readConfig, readNetworks } from '../../lib/dhcp/daemon/config'
import { FollowedFile } from '../../lib/dhcp/daemon/followed_file'
import { Running } from './running_daemon'
import { Scene, until } from './scene'

test('a file at the place of the socket stays, and the daemon says so', async () => {
  await using scene = await Scene.make()
  const path = join(scene.directory, 'api.sock')
  writeFileSync(path, 'precious')
  await using daemon = await Running.start(scene, 'listen: SOCKET\n')
  await until(() => daemon.ended, 'it ends')
  expect(daemon.said).toContain(`${path} is there, and no socket`)
  expect(readFileSync(path, 'utf8')).toBe('precious')
  rmSync(path)
  // Nor is what a link leads to.
  writeFileSync(join(scene.directory, 'other'), 'precious')
  symlinkSync(join(scene.directory, 'other'), path)
  await using second = await Running.start(scene, 'listen: SOCKET\n')
  await until(() => second.ended, 'it ends')
  expect(readFileSync(join(scene.directory, 'other'), 'utf8')).toBe('precious')
})

test('clients that say half of what they want do not hold up its end', async () => {
  await using scene = await Scene.make()
  await using daemon = await Running.start(scene, 'listen: SOCKET\n')
  expect(statSync(daemon.socket).mode & 0o777).toBe(0o660)
  const halves = [
    'PUT /networks/x HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n',
    'PUT /networks/x HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"subnets"',
    'GET /netw',
    '',
  ]
  const clients = halves.map((half) => {
    const client = connect(daemon.socket).on('error', () => undefined)
    client.write(half)
    return client
  })
  await Promise.all(clients.map((client) => once(client, 'connect')))
  expect(await daemon.ask('GET', '/networks')).toMatchObject({ status: 200 })
  // Which says so if it does not end.
  await daemon.stop()
  expect(daemon.said).toContain('"ended"')
  for (const client of clients) client.destroy()
  // And the next one may have the directory at once.
  await using next = await Running.start(scene, 'listen: SOCKET\n')
  expect(await next.ask('GET', '/networks')).toMatchObject({ status: 200 })
})

test('hostile requests are answered, and nothing else', async () => {
  await using scene = await Scene.make()
  await using daemon = await Running.start(scene, 'listen: SOCKET\n')
  const depth = 50_000
  for (const [path, body, status] of [
    ['/sync', `{"networks":${'['.repeat(depth)}${']'.repeat(depth)}}`, 400],
    ['/networks/x', '{"__proto__":{"subnets":[]},"constructor":1}', 400],
    ['/networks/__proto__', '{"subnets":[]}', 400],
    ['/networks/x', `{"subnets":${'9'.repeat(1e6)}}`, 400],
    ['/networks/x', '{"subnets":[{"id":"a","cidr":"10.0.0.0/24","leaseSeconds":1e999}],"x":1}', 400],
    ['/networks/constructor/ports/toString', '{}', 404],
    ['/networks/%00', '{"subnets":[]}', 400],
    [`/networks/${'x'.repeat(8000)}`, '{"subnets":[]}', 400],
    ['/networks/x', 'null', 400],
    ['/networks/x', '', 400],
  ] as const) {
    const answer = await daemon.ask('PUT', path, body)
    expect([path.slice(0, 40), answer.status]).toEqual([path.slice(0, 40), status])
  }
  expect(await daemon.ask('GET', '/networks')).toMatchObject({ status: 200, body: [] })
})

describe('configuration', () => {
  test.each<[string, string, string]>([
    ['an empty file', '', ' is empty'],
    ['comments alone', '# nothing yet\n', ' is empty'],
    ['a word', 'plug', ' has no keys with values'],
    ['a list', '- plug: ovs\n', ' has no keys with values'],
    ['a port', 'plug: bridge\nlisten: "8099"\n', ': The "listen" option must be an absolute path'],
    ['a number', 'plug: bridge\nlisten: 8099\n', ': The "listen" option must be an absolute path'],
    ['a relative path', 'plug: bridge\nlisten: run/api.sock\n', ': The "listen" option must be an absolute path'],
    ['a path too long', `plug: bridge\nlisten: /${'x'.repeat(107)}\n`, ' of at most 107 bytes'],
    ['an unknown key', 'plug: bridge\n__proto__: 1\nlisten: /x\n', ': Unknown option "__proto__"'],
    ['a tab', 'plug:\tbridge\n\t- x', ' is neither YAML nor JSON'],
  ])('%s is refused, with the name of the file', async (_, text, words) => {
    await using scene = await Scene.make()
    const path = join(scene.directory, 'config.yaml')
    writeFileSync(path, text)
    expect(() => readConfig(path)).toThrow(path)
    expect(() => readConfig(path)).toThrow(words)
  })

  test('a description that is a directory, or empty, is refused by name', async () => {
    await using scene = await Scene.make()
    const path = join(scene.directory, 'networks')
    mkdirSync(path)
    expect(() => readNetworks(path)).toThrow(`${path} is no file`)
    writeFileSync(join(scene.directory, 'empty'), '')
    expect(() => readNetworks(join(scene.directory, 'empty'))).toThrow('empty is empty')
  })
})

test('links that lead to each other in the place of a followed file are no error, and the next change is seen', async () => {
  await using scene = await Scene.make()
  const path = join(scene.directory, 'networks.json')
  writeFileSync(path, 'one')
  const seen: string[] = []
  const file = new FollowedFile(path, () => {
    try {
      seen.push(readFileSync(path, 'utf8'))
      return Promise.resolve('done')
    } catch (error) {
      seen.push((error as NodeJS.ErrnoException).code ?? '')
      return Promise.resolve('refused')
    }
  })
  await file.start()
  rmSync(path)
  symlinkSync('loop', path)
  symlinkSync('networks.json', join(scene.directory, 'loop'))
  await until(() => seen.includes('ELOOP'), 'it has looked')
  rmSync(path)
  writeFileSync(path, 'two')
  await until(() => seen.at(-1) === 'two', 'it is read again')
  await file.stop()
})

test('who does not read an answer is cut off in the end, and who has asked is answered', async () => {
  await using scene = await Scene.make()
  const path = join(scene.directory, 's')
  let asked = 0
  const server = await ApiServer.listen(path, (request, response) => {
    asked++
    if (request.url === '/large') response.end(Buffer.alloc(30e6))
    else setTimeout(() => response.end('late but here'), 2500)
  })
  expect(statSync(path).mode & 0o777).toBe(0o660)
  const ask = (url: string): Socket => {
    const client = connect(path).on('error', () => undefined)
    client.write(`GET ${url} HTTP/1.1\r\nhost: x\r\n\r\n`)
    return client
  }
  const deaf = ask('/large')
  deaf.pause()
  let said = ''
  const patient = ask('/late').on('data', (data) => (said += String(data)))
  await until(() => asked === 2, 'both have asked')
  await server.close()
  // It is sent; this side may still have to read it.
  await until(() => said.includes('late but here'), 'the patient one is answered')
  expect(existsSync(path)).toBe(false)
  for (const client of [deaf, patient]) client.destroy()
})
