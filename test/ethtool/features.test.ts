// Features of devices, against a look at what packets have.
import { isNotFound } from '../../lib/errors'
import { useNetNs } from '../../lib/testing'
import { ownPrefix } from '../support/namespaces'

describe('features', () => {
  const net = useNetNs({ prefix: ownPrefix })
  const checksums = 'tx-checksum-ip-generic'

  beforeEach(async () => {
    await net.ns.links.add({ kind: 'veth', name: 'v0', peer: { name: 'v1' } })
  })

  test('are listed by the names of the kernel', async () => {
    const features = await net.ns.ethtool.features.get('v0')
    expect(features[checksums]).toEqual({ active: true, wanted: true, fixed: false })
    expect(features['tx-tcp-segmentation']).toEqual({ active: true, wanted: true, fixed: false })
    expect(features['netns-local'] ?? { active: false, fixed: true }).toMatchObject({ active: false, fixed: true })
  })

  test('are switched off, with what needs them, and on again; by name and by index', async () => {
    const { index } = await net.ns.links.get('v0')
    await net.ns.ethtool.features.set('v0', { [checksums]: false })
    const off = await net.ns.ethtool.features.get(index)
    expect(off[checksums]).toEqual({ active: false, wanted: false, fixed: false })
    expect(off['tx-tcp-segmentation']).toMatchObject({ active: false, wanted: true })
    expect((await net.ns.ethtool.features.get('v1'))[checksums]?.active).toBe(true)
    await net.ns.ethtool.features.set(index, { [checksums]: true })
    expect((await net.ns.ethtool.features.get('v0'))[checksums]?.active).toBe(true)
  })

  test('that a device does not have cannot be changed', async () => {
    const call = net.ns.ethtool.features.set('v0', { 'esp-hw-offload': true })
    await expect(call).rejects.toMatchObject({ code: 'EOPNOTSUPP', operation: 'ethtool.features.set' })
    const unknown = net.ns.ethtool.features.set('v0', { 'no-such-feature': true })
    await expect(unknown).rejects.toMatchObject({ syscall: 'ETHTOOL_MSG_FEATURES_SET' })
  })

  test('of no device are not found', async () => {
    for (const call of [net.ns.ethtool.features.get('v9'), net.ns.ethtool.features.set('v9', { [checksums]: true })]) {
      expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
    }
  })

  test('are refused by field', async () => {
    const { features } = net.ns.ethtool
    await expect(features.get('a/b')).rejects.toMatchObject({ field: 'dev' })
    await expect(features.set('v0', { [checksums]: 1 as never })).rejects.toMatchObject({
      field: `changes.${checksums}`,
    })
    await expect(features.set('v0', { 'a\nb': true })).rejects.toMatchObject({ field: 'changes.a\nb' })
    await expect(features.set('v0', {})).rejects.toMatchObject({ field: 'changes' })
    await expect(features.get('v0', { timeout: -1 })).rejects.toMatchObject({ field: 'timeout' })
  })
})
