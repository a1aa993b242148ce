// netkit: modes, policies and scrubbing, by what the devices do, and by what others see of them.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { LinkChanges, LinkOptions, NetNs } from '../../../lib/index'
import { useNetNs } from '../../../lib/testing'
import { ip, ownPrefix } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { eventually, ofKind, shown } from './support'

const net = useNetNs({ names: ['ns', 'far'], prefix: ownPrefix })
const itNetkit = itWithKind('netkit')

const near = (more: object, peer: object): LinkOptions => ({
  kind: 'netkit',
  name: 'nk',
  up: true,
  ...more,
  peer: { name: 'eth0', up: true, ...peer },
})
const pair = (more: object = {}, peer: object = {}): LinkOptions => near(more, { netns: net.far, ...peer })

async function addressed(ns: NetNs, far: NetNs): Promise<void> {
  await ns.addresses.add({ dev: 'nk', address: '10.7.0.1/24' })
  await far.addresses.add({ dev: 'eth0', address: '10.7.0.2/24' })
}

const reaches = async (from: NetNs, address: string): Promise<boolean> =>
  promisify(execFile)('ip', ['netns', 'exec', from.name!, 'ping', '-c', '1', '-W', '1', address]).then(
    () => true,
    () => false,
  )

describe('a netkit', () => {
  itNetkit('tells all that it was made with, at both ends', async () => {
    const { ns, far } = net
    const own = { mode: 'l2', policy: 'drop', peerPolicy: 'pass', scrub: 'none', peerScrub: 'default' } as const
    expect(await ns.links.add(pair(own))).toMatchObject({ ...own, primary: true })
    const other = ofKind(await far.links.get('eth0'), 'netkit')
    expect(other).toMatchObject({ mode: 'l2', primary: false, policy: 'pass', peerPolicy: 'drop' })
    expect(other).toMatchObject({ scrub: 'default', peerScrub: 'none' })
  })

  itNetkit('has the defaults of the kernel where nothing is said', async () => {
    expect(await net.ns.links.add(pair())).toMatchObject({
      mode: 'l3',
      policy: 'pass',
      peerPolicy: 'pass',
      scrub: 'default',
      peerScrub: 'default',
    })
  })

  itNetkit('that ip made is told so', async () => {
    const { ns } = net
    await ip(ns, 'link', 'add', 'name', 'x', 'type', 'netkit')
    expect(await ns.links.get('x')).toMatchObject({ kind: 'netkit', mode: 'l3', primary: true, policy: 'pass' })
  })

  itNetkit('is Ethernet with addresses in mode l2, and without ARP in mode l3', async () => {
    const { ns, far } = net
    await ns.links.add(pair({ mode: 'l2', mac: '02:00:00:00:00:07' }, { mac: '02:00:00:00:00:08' }))
    expect(await shown(ns, 'nk')).toMatchObject({ address: '02:00:00:00:00:07' })
    expect((await shown(ns, 'nk')).flags).not.toContain('NOARP')
    expect(await shown(far, 'eth0')).toMatchObject({ address: '02:00:00:00:00:08' })
    await ns.links.delete('nk')
    await ns.links.add(pair())
    expect((await shown(ns, 'nk')).flags).toContain('NOARP')
  })

  itNetkit('passes packets, or drops them, by the policy of the end that sends', async () => {
    const { ns, far } = net
    await ns.links.add(pair())
    await addressed(ns, far)
    await eventually(async () => reaches(ns, '10.7.0.2'))
    await ns.links.set('nk', { kind: 'netkit', policy: 'drop' })
    expect(await reaches(ns, '10.7.0.2')).toBe(false)
    await ns.links.set('nk', { kind: 'netkit', policy: 'pass', peerPolicy: 'drop' })
    expect(ofKind(await far.links.get('eth0'), 'netkit')).toMatchObject({ policy: 'drop', peerPolicy: 'pass' })
    expect(await reaches(ns, '10.7.0.2')).toBe(false)
    await ns.links.set('nk', { kind: 'netkit', peerPolicy: 'pass' })
    expect(await reaches(ns, '10.7.0.2')).toBe(true)
  })

  itNetkit('gets its old policy back at a rollback', async () => {
    const { ns } = net
    await ns.links.add(pair({ policy: 'drop' }))
    const batch = ns.batch({ rollback: true })
    batch.links.set('nk', { kind: 'netkit', policy: 'pass', peerPolicy: 'drop' })
    batch.links.delete('nothing')
    await expect(batch.commit()).rejects.toThrow()
    expect(await ns.links.get('nk')).toMatchObject({ policy: 'drop', peerPolicy: 'pass' })
  })

  itNetkit('is changed at its near end alone, and the error says so', async () => {
    const { ns, far } = net
    await ns.links.add(pair())
    await expect(far.links.set('eth0', { kind: 'netkit', policy: 'drop' })).rejects.toMatchObject({
      code: 'EACCES',
      message: /primary/,
    })
  })

  itNetkit('is compared by ensure in all that was said', async () => {
    const { ns } = net
    await ns.links.add(pair({ policy: 'drop' }))
    expect(await ns.links.ensure(pair({ policy: 'drop', mode: 'l3' }))).toMatchObject({ made: false })
    await expect(ns.links.ensure(pair({ policy: 'pass' }))).rejects.toMatchObject({ message: /policy/ })
    await expect(ns.links.ensure(pair({ mode: 'l2' }))).rejects.toMatchObject({ message: /mode/ })
  })

  it.each([
    ['mac', near({ mac: '02:00:00:00:00:01' }, {})],
    ['peer.mac', near({ mode: 'l3' }, { mac: '02:00:00:00:00:01' })],
    ['mode', near({ mode: 'l4' }, {})],
    ['policy', near({ policy: 'redirect' }, {})],
    ['primary', near({ primary: true }, {})],
    ['scrub', near({ scrub: true }, {})],
  ])('refuses a wrong %s', async (field, options) => {
    await expect(net.ns.links.add(options)).rejects.toMatchObject({ field })
  })

  it.each(['mode', 'scrub', 'peerScrub'])('refuses another %s later', async (field) => {
    const changes = { kind: 'netkit', [field]: 'l2' } as unknown as LinkChanges
    await expect(net.ns.links.set('nk', changes)).rejects.toMatchObject({ field })
  })
})
