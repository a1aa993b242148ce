// Which folder may use which: dependencies point downward only. Every folder of lib/ and native/ stands in a table below.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

interface Layer {
  /** A folder, or a file without its extension. */
  readonly name: string
  /** What it is for. */
  readonly purpose: string
  /** The layers that it uses, all of which stand above it in the table. */
  readonly uses: readonly string[]
}

const layer = (name: string, purpose: string, uses: string): Layer => ({
  name,
  purpose,
  uses: uses.split(' ').filter((used) => used !== ''),
})

const libLayers = [
  layer('errno', 'names and meanings of errnos', ''),
  layer('errors', 'the classes of errors', 'errno'),
  layer('programs', 'finds programs in PATH', ''),
  layer('load', 'finds and loads the addon', ''),
  layer('wire', 'bytes: tables of attributes, from which come encoder, decoder and types', ''),
  layer('native', "the addon's functions, jobs as promises, handles", 'errno errors load wire'),
  layer('netlink', 'messages, requests, operations and their plans, families as tables', 'errno errors wire native'),
  layer('route', 'rtnetlink', 'errno errors wire native netlink'),
  layer('diag', 'sock_diag', 'errno errors wire native netlink'),
  layer('ethtool', 'the generic netlink family ethtool', 'errors wire native netlink'),
  layer('nftables', 'tables of nftables that are one program’s alone', 'errno errors wire native netlink'),
  layer('rootless', 'user namespaces: maps of users and groups, the way outside', 'errors programs wire native route'),
  layer('files', 'sysctls, and files as a namespace shows them', 'errno errors wire native'),
  layer('processes', "Node's child processes and Workers, launched inside", 'errno errors load wire native rootless'),
  layer('taps', 'TUN and TAP devices', 'errno errors wire native netlink route'),
  layer('packets', 'packet sockets, captures, ping', 'errno errors wire native'),
  layer('sockets', "sockets inside a namespace, with Node's classes", 'errno errors wire native'),
  layer('names', "a namespace's hosts file and name servers", 'errors wire native sockets'),
  layer('clients', 'what connects to names: late sockets, agents, dispatchers', 'errors wire native sockets names'),
  layer(
    'netns',
    'NetNs, which holds all together',
    'errors wire native netlink route diag ethtool rootless files processes taps packets sockets names clients',
  ),
  layer('namespaces', 'namespaces of all eight kinds', 'errors wire native rootless processes netns'),
  layer('testing', 'fixtures and the leak check', 'errors wire native netns'),
  layer('ovsdb', 'OVSDB, any database of it', 'errors wire'),
  layer('ovs', 'Open vSwitch', 'errors programs wire netns ovsdb'),
  layer('agents', 'what the agents have in common', 'errno errors wire native route netns ovs'),
  layer('dhcp', 'DHCP servers for many networks', 'errno errors programs wire native netns agents'),
  layer(
    'router',
    'routers between networks and to the outside',
    'errno errors programs wire native packets nftables netns agents dhcp',
  ),
  layer(
    'index',
    'what is public',
    'errno errors wire native netlink route diag ethtool rootless files processes taps packets sockets names clients netns namespaces',
  ),
]

const nativeLayers = [
  layer('base', 'descriptors, failures, names of files: what needs nothing else', ''),
  layer('launcher', 'the program that enters namespaces of others: system calls alone, no C library, no heap', 'base'),
  layer('launch', 'starts launchers, and says to them what to do', 'base launcher'),
  layer('node', "values of JavaScript's, descriptors on libuv's event loop", 'base'),
  layer('netlink', 'netlink sockets and the framing of messages and attributes', 'base'),
  layer('rollback', 'which object a change is about, and the messages that restore it', 'netlink'),
  layer('netns', 'namespaces: created, pinned, opened, entered, shared', 'base launch netlink'),
  layer('threads', 'jobs, and the threads that run them in order', 'base node netns'),
  layer('namespaces', 'the jobs on namespaces of all kinds', 'base node netns threads'),
  layer(
    'transactions',
    'the job that speaks netlink: operations in steps, with rollback. find_device.cc alone knows a message: RTM_GETLINK',
    'base node netlink rollback netns threads namespaces',
  ),
  layer('files', 'the jobs on files as a namespace shows them', 'base node netns threads'),
  layer('sockets', 'the jobs that open sockets', 'base node netns threads'),
  layer('packets', 'the jobs that open packet sockets and those for ICMP echo', 'base node netns threads sockets'),
  layer('taps', 'the jobs on TUN and TAP devices', 'base node netns threads sockets'),
  layer(
    'processes',
    'processes inside a namespace: launched, found, signalled',
    'base launch node netlink netns threads',
  ),
  layer(
    'addon',
    'what JavaScript may call',
    'base launch node netlink netns threads namespaces transactions files sockets packets taps processes',
  ),
]

/** The tree of sources, its table, and how one file of it names another, as `folder/file.ext` or `file.ext`. */
interface Tree {
  readonly root: string
  readonly layers: readonly Layer[]
  readonly isSource: (name: string) => boolean
  readonly importsOf: (file: string) => string[]
}

const repository = join(__dirname, '..')
const lib = join(repository, 'lib')
const native = join(repository, 'native')

const trees: Record<string, Tree> = {
  lib: {
    root: lib,
    layers: libLayers,
    isSource: (name) => name.endsWith('.ts'),
    importsOf: (file) => {
      const source = readFileSync(join(lib, file), 'utf8')
      const specifiers = [...source.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*'(\.[^']*)'/g)]
      return specifiers.map(([, path]) => relative(lib, join(lib, dirname(file), path!)))
    },
  },
  native: {
    root: native,
    layers: nativeLayers,
    isSource: (name) => /\.(cc|h)$/.test(name),
    // What is only declared is used all the same: `class Name;` stands for where the class is defined.
    importsOf: (file) => {
      const source = readFileSync(join(native, file), 'utf8')
      const included = [...source.matchAll(/^#include "([^"]+)"/gm)].map(([, path]) => path!)
      const declared = [...source.matchAll(/^(?:class|struct) (\w+);$/gm)].map(([, name]) => definitions().get(name!))
      return [...included, ...declared.filter((path) => path !== undefined)]
    },
  },
}

/** In which header of native/ each class is defined. */
let found: Map<string, string> | undefined
function definitions(): Map<string, string> {
  if (found !== undefined) return found
  found = new Map()
  for (const file of sourcesOf(trees.native!).filter((name) => name.endsWith('.h'))) {
    const source = readFileSync(join(native, file), 'utf8')
    for (const [, name] of source.matchAll(/^(?:class|struct)(?: alignas\(\d+\))? (\w+)(?: final)?(?: :[^;]*)? \{/gm))
      found.set(name!, file)
  }
  return found
}

function sourcesOf({ root, isSource }: Tree): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => isSource(name) && statSync(join(root, name)).isFile())
    .sort()
}

/** The layer of a file: its folder; or its own name where it stands in none. */
const layerOf = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.\w+$/, ''))

describe.each(Object.entries(trees))('%s/', (_, tree) => {
  const names = tree.layers.map(({ name }) => name)

  it('has exactly the folders that stand in the table', () => {
    expect([...new Set(sourcesOf(tree).map(layerOf))].sort()).toEqual([...names].sort())
  })

  it.each(tree.layers)('$name uses only layers above it in the table', ({ name, uses }) => {
    for (const used of uses) expect(names.slice(0, names.indexOf(name))).toContain(used)
  })

  it.each(tree.layers)('$name uses no other layer', ({ name, uses }) => {
    const used = new Map<string, string[]>()
    for (const file of sourcesOf(tree).filter((source) => layerOf(source) === name))
      for (const imported of tree.importsOf(file).map(layerOf))
        if (imported !== name) used.set(imported, [...(used.get(imported) ?? []), file])
    expect(Object.fromEntries([...used].filter(([layer]) => !uses.includes(layer)))).toEqual({})
  })
})

it('sees imports, includes and declarations', () => {
  expect(trees.lib!.importsOf('netlink/message.ts')).toContain('wire/writer')
  expect(trees.native!.importsOf('transactions/transaction.cc')).toContain('transactions/transaction.h')
  expect(definitions().get('Job')).toBe('threads/job.h')
  expect(trees.native!.importsOf('threads/handover.h')).toContain('threads/job.h')
})

const rows = Object.entries(trees).flatMap(([tree, { layers }]) => layers.map(({ name }) => `${tree}/${name}`))

it.each(rows.filter((row) => !/^lib\/(err|load|programs|index)/.test(row)))(
  'CONTRIBUTING.md says what %s is for',
  (row) => {
    expect(readFileSync(join(repository, 'CONTRIBUTING.md'), 'utf8')).toContain(`\`${row}/\``)
  },
)
