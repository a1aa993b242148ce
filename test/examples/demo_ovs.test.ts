// The demo of Open vSwitch as users run it: what it shows, its picture, and what it leaves behind, which is nothing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileExamples } from '../support/examples'
import { ownPrefix } from '../support/namespaces'
import { patience } from '../support/patience'

const root = join(__dirname, '..', '..')
const demo = join(root, '.build', 'examples', 'demo_ovs.js')
const prefix = `${ownPrefix}demo-`
const command = [process.execPath, demo, '--prefix', prefix] as const

describe('the demo of Open vSwitch', () => {
  beforeAll(() => {
    compileExamples()
  })

  // Its own, since tests beside this one run switches too.
  let directory: string
  let env: NodeJS.ProcessEnv
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'netloom-demo-'))
    env = { ...process.env, TMPDIR: directory }
  })
  afterEach(() => {
    const named = existsSync('/run/netns') ? readdirSync('/run/netns') : []
    expect(named.filter((name) => name.startsWith(prefix))).toEqual([])
    const left = readdirSync(directory).filter((name) => name.startsWith('netloom-ovs-'))
    rmSync(directory, { recursive: true })
    expect(left).toEqual([])
  })

  test('shows VLANs that separate and join, a flow that drops, and what there is', () => {
    const [program, ...args] = command
    const { status, stdout, stderr } = spawnSync(program, args, {
      encoding: 'utf8',
      timeout: patience,
      env,
    })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const [apart = '', rest = ''] = stdout.split("ovs.ports.set('veth-g', { tag: 10 })")
    expect(apart).toContain('✗ NetNs.connect timed out')
    const [together = '', dropped = ''] = rest.split("ovs.flows.add({ ...key, actions: 'drop' })")
    expect(together).toContain('green says: hello 10.0.0.1, this is 10.0.0.2')
    expect(dropped).toContain('✗ NetNs.connect timed out')
    expect(dropped).toContain('priority 10: {"dlType":"ip","nwProto":"tcp","tcpDst":7000} → drop')
    expect(dropped).toMatch(
      /│ 10\.0\.0\.1\/24 eth-r +├─+┤ veth-r \(VLAN 10\) ─ br0 ─ \(VLAN 10\) veth-g +├─+┤ eth-g 10\.0\.0\.2\/24 +│/,
    )
    const [, file = ''] = /the same as a picture: (.*)/.exec(stdout) ?? []
    const svg = readFileSync(file, 'utf8')
    const shown = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    const wanted = [
      `${prefix}red`,
      `${prefix}green`,
      `${prefix}switch`,
      'br0',
      'veth-r',
      '(VLAN 10)',
      'eth-g',
      '10.0.0.2/24',
    ]
    expect(shown).toEqual(expect.arrayContaining(wanted))
    expect(svg).not.toMatch(/<script|href=|onclick/)
  })

  test('ends by Ctrl-C with nothing left', async () => {
    const [program, ...args] = command
    const child = spawn(program, [...args, '--hold'], { env })
    let written = ''
    for await (const data of child.stdout.iterator({ destroyOnReturn: false })) {
      written += String(data)
      if (written.includes('Ctrl-C')) break
    }
    child.stdout.resume()
    child.kill('SIGINT')
    const [code] = (await once(child, 'close')) as [number | null]
    expect(code).toBe(130)
  })

  test('says before it begins that Open vSwitch is missing, and how to install it', () => {
    const hide = 'for f in ovsdb-server ovs-vswitchd; do mount --bind /dev/null $(command -v $f); done; exec "$@"'
    const args = ['-m', 'bash', '-c', hide, 'hide', ...command]
    const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8', env })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^The demo starts programs that are not there: ovsdb-server, ovs-vswitchd\. /)
    expect(stderr).toMatch(/^ {2}apt-get install -y --no-install-recommends openvswitch-switch$/m)
  })
})
