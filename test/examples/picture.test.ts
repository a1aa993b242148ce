// Pictures of what there is: several namespaces on both sides, VLANs, ports without a cable, a kernel's bridge beside.
import { layOut } from '../../examples/picture/layout'
import { look, type Place } from '../../examples/picture/look'
import { toSvg } from '../../examples/picture/svg'
import { toText } from '../../examples/picture/text'
import { fresh } from '../support/namespaces'

const device = (
  name: string,
  addresses: string[],
  netns?: string,
  far?: string,
  up = true,
): Place['devices'][number] => ({
  name,
  addresses,
  up,
  end: netns === undefined || far === undefined ? undefined : { netns, device: far },
})

const port = (
  name: string,
  netns?: string,
  far?: string,
  vlans?: string,
): Place['bridges'][number]['ports'][number] => ({
  name,
  vlans,
  end: netns === undefined || far === undefined ? undefined : { netns, device: far },
})

const places: Place[] = [
  {
    name: 'switch',
    devices: [],
    bridges: [
      {
        name: 'br0',
        ports: [port('va', 'a', 'eth0', 'VLAN 1'), port('vb', 'b', 'eth0'), port('vr1', 'router', 'r1', 'VLAN 1')],
      },
      { name: 'br-ext', ports: [port('vr2', 'router', 'r2'), port('tap0', undefined, undefined, 'trunk 1, 2')] },
    ],
  },
  { name: 'a', devices: [device('eth0', ['10.0.0.1/24'], 'switch', 'va')], bridges: [] },
  { name: 'b', devices: [device('eth0', ['10.0.0.2/24', '2001:db8::2/64'], 'switch', 'vb', false)], bridges: [] },
  {
    name: 'router',
    devices: [
      device('r1', ['10.0.0.254/24'], 'switch', 'vr1'),
      device('r2', [], 'switch', 'vr2'),
      device('up0', [], 'internet', 'eth0'),
    ],
    bridges: [],
  },
  { name: 'internet', devices: [device('eth0', ['192.0.2.1/24'], 'router', 'up0')], bridges: [] },
]

test('a picture has every namespace, device, address, port and VLAN in its place', () => {
  const text = toText(layOut(places))
  expect(text).toMatch(
    /│ 10\.0\.0\.1\/24 eth0 +├───┤ va \(VLAN 1\) ─+ br0 ─+ \(VLAN 1\) vr1 ├───┤ r1 10\.0\.0\.254\/24 +│/,
  )
  expect(text).toMatch(/\(down\) 2001:db8::2\/64 10\.0\.0\.2\/24 eth0 ├───┤ vb ─+ br0/)
  expect(text).toMatch(/br-ext ─+ vr2 ├───┤ r2 +│/)
  expect(text).toMatch(/│ tap0 \(trunk 1, 2\) ─ br-ext +│/)
  expect(text).toMatch(/│ up0 → internet: eth0 │/)
  expect(text).toMatch(/┌─ internet ─+┐\n.*│ eth0 192\.0\.2\.1\/24 → router: up0 │/)
  const svg = toSvg(layOut(places), 'a & b')
  expect(svg).toContain('<title>a &amp; b</title>')
  expect([...svg.matchAll(/<line/g)].length).toBeGreaterThan(6)
})

test('two bridges in one line are both there', () => {
  const hub: Place = {
    name: 'switch',
    devices: [],
    bridges: [
      { name: 'br0', ports: [port('va', 'a', 'eth0')] },
      { name: 'br1', ports: [port('vb', 'b', 'eth0')] },
    ],
  }
  const sides = ['a', 'b'].map((name) => ({ name, devices: [device('eth0', [], 'switch', `v${name}`)], bridges: [] }))
  expect(toText(layOut([hub, ...sides])).split('\n')[1]).toBe('  │ eth0 ├───┤ va ─ br0 br1 ─ vb ├───┤ eth0 │')
})

test('what the kernel says is seen: a bridge of its own, cables and addresses', async () => {
  await using sw = await fresh('switch')
  await using red = await fresh('red')
  await sw.links.add({ kind: 'bridge', name: 'br0', up: true })
  await sw.addresses.add({ dev: 'br0', address: '10.0.0.254/24' })
  await sw.links.add({
    kind: 'veth',
    name: 'veth-r',
    master: 'br0',
    up: true,
    peer: { netns: red, name: 'eth-r', up: true },
  })
  await red.addresses.add({ dev: 'eth-r', address: '10.0.0.1/24' })
  const [place, other] = await look([sw, red])
  expect(place?.bridges).toEqual([
    { name: 'br0', ports: [{ name: 'veth-r', vlans: undefined, end: { netns: red.name, device: 'eth-r' } }] },
  ])
  expect(place?.devices).toEqual([{ name: 'br0', up: true, addresses: ['10.0.0.254/24'], end: undefined }])
  expect(other?.devices).toEqual([
    { name: 'eth-r', up: true, addresses: ['10.0.0.1/24'], end: { netns: sw.name, device: 'veth-r' } },
  ])
})
