// Which layer may know which: dependencies point downward only.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const lib = join(__dirname, '..', '..', 'lib')

/** What a file of lib imports, of lib: as `route/links`. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(lib, file), 'utf8')
  const specifiers = [...source.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*'(\.[^']*)'/g)].map(([, path]) => path!)
  return specifiers.map((path) => relative(lib, join(lib, dirname(file), path)))
}

function filesOf(layer: string): string[] {
  return readdirSync(join(lib, layer), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(layer, name))
}

const allowed: Record<string, RegExp> = {
  wire: /^wire\//,
  netlink: /^(wire|netlink|native)\/|^(errors|errno)$/,
  diag: /^(wire|netlink|native|diag)\/|^(errors|errno)$/,
  ovsdb: /^ovsdb\/|^wire\/(invalid|printable)$|^errors$/,
  native: /^(wire|native)\/|^(errors|errno|load)$/,
  rootless: /^(wire|native|route|rootless)\/|^(errors|programs)$/,
  namespaces: /^(wire|native|rootless|processes|netns|namespaces)\/|^errors$/,
  taps: /^(wire|native|netlink|route|taps)\/|^(errors|errno)$/,
  packets: /^(wire|native|packets)\/|^(errors|errno)$/,
  agents: /^(wire|native|netns|route|ovs|agents)(\/|$)|^(errors|errno)$/,
  dhcp: /^(wire|native|netns|agents|dhcp)(\/|$)|^(errors|errno|programs)$/,
  nftables: /^(wire|native|netlink|nftables)\/|^(errors|errno)$/,
  router: /^(wire|native|netns|packets|nftables|agents|dhcp|router)(\/|$)|^(errors|errno|programs)$/,
  sockets: /^(wire|native|sockets)\/|^(errors|errno)$/,
  names: /^(wire|native|sockets|names)\/|^errors$/,
  clients: /^(wire|native|sockets|names|clients)\/|^errors$/,
  ethtool: /^(ethtool|netlink|native|wire)\/|^errors$/,
  ovs: /^(ovs|ovsdb|wire|netns)\/|^(errors|programs)$/,
  testing: /^(wire|native|netns|testing)\/|^errors$/,
}

describe.each(Object.keys(allowed))('lib/%s', (layer) => {
  it.each(filesOf(layer))('%s imports only from layers below', (file) => {
    for (const imported of importsOf(file)) expect(imported).toMatch(allowed[layer]!)
  })
})

it('what imports are is known: the netlink layer uses the codec, and the resources use the netlink layer', () => {
  expect(importsOf('netlink/message.ts')).toContain('wire/writer')
  expect(filesOf('route').flatMap(importsOf)).toContain('netlink/perform')
})

it('nothing depends on what is for tests', () => {
  const others = readdirSync(lib).filter((name) => !name.includes('.') && name !== 'testing')
  for (const imported of ['index.ts', ...others.flatMap(filesOf)].flatMap(importsOf))
    expect(imported).not.toMatch(/^testing/)
})

it('errors depend on nothing but the errno table, and what finds programs on nothing', () => {
  expect(importsOf('errors.ts')).toEqual(['errno'])
  expect(importsOf('errno.ts')).toEqual([])
  expect(importsOf('programs.ts')).toEqual([])
})
