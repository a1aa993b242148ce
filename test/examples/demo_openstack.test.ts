// The demo of two tenants as users run it: what it shows, how it ends, and what it leaves behind, which is nothing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { NetNs } from '../../lib/index'
import { compileExamples } from '../support/examples'
import { ownPrefix } from '../support/namespaces'

const root = join(__dirname, '..', '..')
const demo = join(root, '.build', 'examples', 'demo_openstack.js')
const prefix = `${ownPrefix}demo-`

beforeAll(() => {
  compileExamples()
})

afterEach(() => {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  expect(names.filter((name) => name.includes(prefix))).toEqual([])
})

test('tenants with the same addresses get them, go out by their own, and are drawn', () => {
  const args = [demo, '--prefix', prefix]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  for (const [i, tenant] of ['red', 'blue'].entries()) {
    expect(stdout).toContain(`${tenant}-1 has 10.0.0.11, router 10.0.0.1, MTU 1450`)
    expect(stdout).toContain(`${tenant}-2 has 10.0.0.12, router 10.0.0.1, MTU 1450`)
    expect(stdout).toContain(`the outside says to ${tenant}-1: you are 203.0.113.${10 * (i + 1)}\n`)
    expect(stdout).toContain(`the outside says to ${tenant}-2: you are 203.0.113.${2 + i}\n`)
    expect(stdout).toMatch(new RegExp(`│ 10\\.0\\.0\\.1/24 qr-${tenant} +├─+┤ qr-${tenant} ─+ brq${tenant} `))
    expect(stdout).toMatch(new RegExp(`brq${tenant} ─+ ${tenant}-1 ├─+┤ eth0 10\\.0\\.0\\.11/24`))
  }
})

test('Ctrl-C ends it, with nothing left', async () => {
  const child = spawn(process.execPath, [demo, '--prefix', prefix, '--hold'])
  let said = ''
  child.stderr.on('data', (data) => (said += String(data)))
  for await (const data of child.stdout.iterator({ destroyOnReturn: false })) {
    if (String(data).includes('red-1.lease')) break
  }
  child.stdout.resume()
  child.kill('SIGINT')
  const [code] = (await once(child, 'close')) as [number | null]
  expect({ code, said: said.trim() }).toEqual({
    code: 130,
    said: 'SIGINT: the namespaces are removed, and all that was in them.',
  })
})

test('a name that is taken is left alone', async () => {
  await using taken = await NetNs.create(`qdhcp-${prefix}red`, { ephemeral: true })
  const args = [demo, '--prefix', prefix]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 })
  expect(status).toBe(1)
  expect(stderr).toContain(`there is a namespace qdhcp-${prefix}red already: choose another --prefix`)
  expect(await NetNs.exists(taken.name ?? '')).toBe(true)
  await taken.delete()
})
