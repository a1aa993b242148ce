// Which folder may use which: dependencies point downward only. Every folder of lib/, native/ and the packages stands in a table
// below. What packages use of each other is exported.
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
  layer('backoff', 'the waits between tries', ''),
  layer('programs', 'finds programs in PATH', ''),
  layer('load', 'finds and loads the addon', ''),
  layer('wire', 'bytes: tables of attributes, from which come encoder, decoder and types', ''),
  layer('native', "the addon's functions, jobs as promises, handles", 'errno errors load wire'),
  layer(
    'netlink',
    'messages, requests, operations and their plans, families as tables',
    'backoff errno errors wire native',
  ),
  layer('route', 'rtnetlink', 'errno errors wire native netlink'),
  layer('tc', 'traffic control: qdiscs, classes, filters, actions', 'errno errors wire native netlink route'),
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
    'backoff errors wire native netlink route tc diag ethtool rootless files processes taps packets sockets names clients',
  ),
  layer('namespaces', 'namespaces of all eight kinds', 'errors wire native rootless processes netns'),
  layer('testing', 'fixtures and the leak check', 'errors wire native netns'),
  layer(
    'public',
    'netloom/errors and netloom/values: how libraries on top check and fail',
    'backoff errno errors wire netns',
  ),
  layer(
    'index',
    'what is public',
    'errno errors programs wire native netlink route tc diag ethtool rootless files processes taps packets sockets names clients netns namespaces',
  ),
]

const ovsLayers = [
  layer('ovsdb', 'OVSDB, any database of it', ''),
  layer('errors', 'what a switch refuses', ''),
  layer('changes', 'changes of maps of strings', ''),
  layer('codecs', 'values of options and of columns', 'ovsdb'),
  layer('columns', 'options as columns of a table', 'ovsdb codecs'),
  layer('database', "the switch's database, and when it was applied", 'ovsdb errors codecs columns'),
  layer('openflow', 'messages of OpenFlow', 'ovsdb codecs'),
  layer('launch', 'starts the programs of Open vSwitch', 'ovsdb changes codecs database'),
  layer('index', 'Open vSwitch, one resource a file', 'ovsdb errors changes codecs columns database openflow launch'),
]

const openstackLayers = [
  layer('agents', 'what the agents have in common', ''),
  layer('dhcp', 'DHCP servers for many networks', 'agents'),
  layer('router', 'routers between networks and to the outside', 'agents dhcp'),
  layer('index', 'what is public', 'agents dhcp router'),
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
  /** The layer of files that stand in no folder and are no layer by themselves; without, each has to be one. */
  readonly rest?: string
}

const repository = join(__dirname, '..')
const lib = join(repository, 'lib')
const native = join(repository, 'native')

/** What a source of TypeScript imports, as it stands there. */
function specifiersOf(path: string): string[] {
  const source = readFileSync(path, 'utf8')
  return [...source.matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire\()'([\w@./-]+)'/g)].map(
    ([, specifier]) => specifier!,
  )
}

const typescript = (root: string, layers: readonly Layer[]): Tree => ({
  root,
  layers,
  isSource: (name) => name.endsWith('.ts'),
  importsOf: (file) =>
    specifiersOf(join(root, file))
      .filter((specifier) => specifier.startsWith('.'))
      .map((path) => relative(root, join(root, dirname(file), path))),
})

const trees: Record<string, Tree> = {
  lib: typescript(lib, libLayers),
  'packages/ovs/lib': { ...typescript(join(repository, 'packages/ovs/lib'), ovsLayers), rest: 'index' },
  'packages/openstack/lib': typescript(join(repository, 'packages/openstack/lib'), openstackLayers),
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
function layerOf(file: string, { rest, layers }: Tree): string {
  if (file.includes('/')) return file.slice(0, file.indexOf('/'))
  const name = file.replace(/\.\w+$/, '')
  return rest === undefined || layers.some((layer) => layer.name === name) ? name : rest
}

describe.each(Object.entries(trees))('%s/', (_, tree) => {
  const names = tree.layers.map(({ name }) => name)

  it('has exactly the folders that stand in the table', () => {
    expect([...new Set(sourcesOf(tree).map((file) => layerOf(file, tree)))].sort()).toEqual([...names].sort())
  })

  it.each(tree.layers)('$name uses only layers above it in the table', ({ name, uses }) => {
    for (const used of uses) expect(names.slice(0, names.indexOf(name))).toContain(used)
  })

  it.each(tree.layers)('$name uses no other layer', ({ name, uses }) => {
    const used = new Map<string, string[]>()
    for (const file of sourcesOf(tree).filter((source) => layerOf(source, tree) === name))
      for (const imported of tree.importsOf(file).map((path) => layerOf(path, tree)))
        if (imported !== name) used.set(imported, [...(used.get(imported) ?? []), file])
    expect(Object.fromEntries([...used].filter(([layer]) => !uses.includes(layer)))).toEqual({})
  })
})

it('sees imports, includes and declarations', () => {
  expect(trees.lib!.importsOf('netlink/message.ts')).toContain('wire/writer')
  expect(specifiersOf(join(repository, 'packages/ovs/lib/launch/inside.ts'))).toContain('netloom')
  expect(trees.native!.importsOf('transactions/transaction.cc')).toContain('transactions/transaction.h')
  expect(definitions().get('Job')).toBe('threads/job.h')
  expect(trees.native!.importsOf('threads/handover.h')).toContain('threads/job.h')
})

/** What packages may import besides their own files. */
const packages: Record<string, { directory: string; dependencies: readonly string[] }> = {}
for (const directory of ['.', 'packages/ovs', 'packages/openstack']) {
  const path = join(repository, directory, 'package.json')
  const { name, dependencies, peerDependencies } = JSON.parse(readFileSync(path, 'utf8')) as {
    name: string
    dependencies: Record<string, string>
    peerDependencies: Record<string, string>
  }
  packages[name] = { directory, dependencies: Object.keys({ ...dependencies, ...peerDependencies }) }
}

const { sources } = jest.requireActual<{ sources: ReadonlyMap<string, string> }>('../scripts/sources.cjs')
const packageOf = (specifier: string) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

describe.each(Object.entries(packages))('%s', (_, { directory, dependencies }) => {
  const root = join(repository, directory, 'lib')
  const specifiers = sourcesOf(typescript(root, [])).flatMap((file) =>
    specifiersOf(join(root, file)).map((specifier) => ({ file, specifier })),
  )

  it('has no relative path that leaves it', () => {
    const paths = specifiers.filter(({ specifier }) => specifier.startsWith('.'))
    expect(paths.filter(({ file, specifier }) => join(dirname(file), specifier).startsWith('..'))).toEqual([])
  })

  it('imports only what it depends on, and of other packages here only what they export', () => {
    const others = specifiers.filter(({ specifier }) => !/^(\.|node:)/.test(specifier))
    const isExported = (specifier: string) => !(packageOf(specifier) in packages) || sources.has(specifier)
    const isRight = (specifier: string) => dependencies.includes(packageOf(specifier)) && isExported(specifier)
    expect(others.filter(({ specifier }) => !isRight(specifier))).toEqual([])
  })
})

const rows = Object.entries(trees).flatMap(([tree, { layers }]) => layers.map(({ name }) => `${tree}/${name}`))

it.each(rows.filter((row) => !/lib\/(err|backoff|load|programs|index|changes|codecs|columns|database)/.test(row)))(
  'CONTRIBUTING.md says what %s is for',
  (row) => {
    expect(readFileSync(join(repository, 'CONTRIBUTING.md'), 'utf8')).toContain(`\`${row}/\``)
  },
)
