// The daemon as a unit of systemd, and the file that it follows.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bridgeNameOf } from '../../lib/agents/names'
import { Running } from './running_daemon'
import { Scene, until } from './scene'

/** Who starts units: a Unix socket for datagrams, in a language that has them. Each datagram becomes a line, `|` between its own. */
class ServiceManager implements AsyncDisposable {
  readonly #child
  #said = ''

  private constructor(path: string) {
    const program = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(('\\0' + sys.argv[1][1:]) if sys.argv[1][0] == '@' else sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(65536).decode().replace('\\n', '|'), flush=True)`
    this.#child = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child.stdout.on('data', (data) => (this.#said += String(data)))
  }

  static async listen(path: string): Promise<ServiceManager> {
    const manager = new ServiceManager(path)
    await until(() => manager.#said.startsWith('bound\n'), 'it listens')
    return manager
  }

  get told(): string[] {
    return this.#said.split('\n').slice(1, -1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill()
    await ended
  }
}

const described = (...ids: string[]): string =>
  JSON.stringify({
    networks: ids.map((id, i) => ({
      id,
      tap: `tap${i}-${id.slice(-6)}`,
      subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }],
      ports: [],
    })),
  })

test.each(['socket', '@abstract'])('systemd is told: ready, reloading, alive, stopping (%s)', async (kind) => {
  await using scene = await Scene.make()
  const path = kind === 'socket' ? join(scene.directory, 'notify') : `@netloom-test-${process.pid}`
  await using systemd = await ServiceManager.listen(path)
  const id = scene.id()
  writeFileSync(join(scene.directory, 'networks.json'), described(id))
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '100000' }
  await using daemon = await Running.start(scene, 'networks: networks.json\nlisten: SOCKET\n', env)
  await until(() => systemd.told.length > 0, 'it is told')
  const alive = 'WATCHDOG=1'
  const states = (): string[] => systemd.told.filter((one) => one !== alive)
  await until(() => states().length === 1, 'it is ready')
  expect(states()).toEqual(['READY=1|STATUS=1 networks'])
  const before = systemd.told.length
  await until(() => systemd.told.slice(before).filter((one) => one === alive).length >= 3, 'it is alive')
  daemon.signal('SIGHUP')
  await until(() => states().length === 3, 'it has read the description again')
  expect(states().slice(1)).toEqual([
    expect.stringMatching(/^RELOADING=1\|MONOTONIC_USEC=\d{6,}$/),
    'READY=1|STATUS=1 networks',
  ])
  await daemon.stop()
  expect(states().at(-1)).toBe('STOPPING=1')
  expect(systemd.told.at(-1)).toBe('STOPPING=1')
})

test('a manager that is not there is no reason not to serve, nor is the watchdog of another process ours', async () => {
  await using scene = await Scene.make()
  const path = join(scene.directory, 'nobody')
  {
    await using daemon = await Running.start(scene, 'listen: SOCKET\n', { NOTIFY_SOCKET: path })
    expect(daemon.said).toContain('"ready"')
    await until(() => daemon.said.includes('systemd is not told'), 'it says so')
  }
  await using systemd = await ServiceManager.listen(path)
  const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' }
  await using daemon = await Running.start(scene, 'listen: SOCKET\n', env)
  await until(() => systemd.told.length > 0, 'it is ready')
  await daemon.ask('GET', '/networks')
  expect(systemd.told).toEqual(['READY=1|STATUS=0 networks'])
})

test('the file may be replaced, rewritten, reached by a link that is put elsewhere; what is wrong changes nothing', async () => {
  await using scene = await Scene.make()
  const [one, two, three] = [scene.id('a'), scene.id('b'), scene.id('c')]
  const at = (...name: string[]): string => join(scene.directory, ...name)
  // As Kubernetes mounts what it has: a link to a file in a directory that is itself a link.
  mkdirSync(at('first'))
  writeFileSync(at('first', 'networks.yaml'), described(one))
  symlinkSync('first', at('data'))
  symlinkSync('data/networks.yaml', at('networks.yaml'))
  await using daemon = await Running.start(scene, 'networks: networks.yaml\nlisten: SOCKET\n')
  const there = async (): Promise<string> =>
    ((await daemon.ask('GET', '/networks')).body as { id: string }[])
      .map(({ id }) => id)
      .sort()
      .join()
  expect(await there()).toBe(one)
  mkdirSync(at('second'))
  writeFileSync(at('second', 'networks.yaml'), described(one, two))
  symlinkSync('second', at('data.new'))
  renameSync(at('data.new'), at('data'))
  await until(async () => (await there()) === [one, two].sort().join(), 'the link is followed')
  rmSync(at('networks.yaml'))
  writeFileSync(at('networks.yaml'), described(three))
  await until(async () => (await there()) === three, 'a rewritten file is carried out')

  const refusals = (): string[] => daemon.said.split('\n').filter((line) => line.includes('is refused'))
  const wrong: [text: string, said: string][] = [
    ['networks: [', 'err'],
    ['networks:\n- {id: a}\n', 'networks[0].subnets'],
    ['nets: []\n', 'nets'],
    [described(one, one), 'networks[1].id'],
  ]
  for (const [i, [text, said]] of wrong.entries()) {
    writeFileSync(at('networks.new'), text)
    renameSync(at('networks.new'), at('networks.yaml'))
    await until(() => refusals().length === i + 1, `${text} is refused`)
    expect(refusals()[i]).toContain(said)
  }
  rmSync(at('networks.yaml'))
  await until(() => refusals().length === wrong.length + 1, 'a file that is gone is told')
  expect(await there()).toBe(three)
  const { body } = await daemon.ask('GET', `/networks/${three}`)
  writeFileSync(at('networks.yaml'), described(three))
  await daemon.ask('GET', '/networks')
  expect(await daemon.ask('GET', `/networks/${three}`)).toMatchObject({ body })
})

test('what cannot be done at first is tried again, without a change of the file', async () => {
  await using scene = await Scene.make()
  const id = scene.id()
  // Something is in the way that has the bridge's name.
  await scene.host.links.add({ kind: 'ifb', name: bridgeNameOf(id) })
  const networks = [{ id, tap: 'tap1', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }], ports: [] }]
  writeFileSync(join(scene.directory, 'networks.json'), JSON.stringify({ networks }))
  await using daemon = await Running.start(scene, 'networks: networks.json\nlisten: SOCKET\n')
  expect(daemon.said).toContain('not carried out wholly')
  expect(await daemon.ask('GET', `/networks/${id}`)).toMatchObject({ status: 404 })
  await scene.host.links.delete(bridgeNameOf(id))
  await until(async () => (await daemon.ask('GET', `/networks/${id}`)).status === 200, 'it is made')
})
