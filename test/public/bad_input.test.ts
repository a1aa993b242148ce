// Bad input for every public function of NetNs: refused with the field's name, before anything happens.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { Namespace, NetNs, Taps } from '../../lib/index'
import * as testing from '../../lib/testing'
import { fresh } from '../support/namespaces'

type Call = (...args: unknown[]) => unknown
/** Any function with any arguments: what JavaScript lets its callers do. */
const loose = (method: unknown): Call => method as Call

const type = 'ERR_INVALID_ARG_TYPE'
const wrong = 'ERR_INVALID_ARG_VALUE'
const range = 'ERR_OUT_OF_RANGE'

interface Refused {
  args: unknown[]
  field: string
  code: string
}

const badNames: Refused[] = [
  { args: [''], field: 'name', code: range },
  { args: ['.'], field: 'name', code: wrong },
  { args: ['..'], field: 'name', code: wrong },
  { args: ['a/b'], field: 'name', code: wrong },
  { args: ['/run/netns/a'], field: 'name', code: wrong },
  { args: ['a\0b'], field: 'name', code: wrong },
  { args: ['x'.repeat(256)], field: 'name', code: range },
  { args: ['ä'.repeat(128)], field: 'name', code: range },
]
const noNames: Refused[] = [undefined, null, 5, {}, [], true].map((value) => ({
  args: [value],
  field: 'name',
  code: type,
}))

/** What is wrong with the options of a call that take these arguments before them. */
function badOptions(...before: unknown[]): Refused[] {
  return [
    { args: [...before, null], field: 'options', code: type },
    { args: [...before, 'fast'], field: 'options', code: type },
    { args: [...before, []], field: 'options', code: type },
    // The limit of the last one is over at once: whoever asks the kernel first, and looks at the rest then, fails by it.
    ...[new Map(), new Date(), new Error('x'), Promise.resolve({}), Object.create({ timeout: 0 }) as object].map(
      (value) => ({ args: [...before, value], field: 'options', code: type }),
    ),
    { args: [...before, { sgnal: undefined }], field: 'sgnal', code: wrong },
    { args: [...before, { signal: {} }], field: 'signal', code: type },
    { args: [...before, { signal: null }], field: 'signal', code: type },
    { args: [...before, { timeout: '1' }], field: 'timeout', code: type },
    { args: [...before, { timeout: -1 }], field: 'timeout', code: range },
    { args: [...before, { timeout: NaN }], field: 'timeout', code: range },
    { args: [...before, { timeout: 2 ** 31 }], field: 'timeout', code: range },
    { args: [...before, { onWarning: true }], field: 'onWarning', code: type },
  ]
}

const badNumber = (field: string): Refused[] => [
  ...[undefined, null, '1', 1n, {}].map((value) => ({ args: [value], field, code: type })),
  ...[-1, 1.5, NaN, Infinity, 2 ** 31].map((value) => ({ args: [value], field, code: range })),
]

const badPaths: Refused[] = [
  { args: [undefined], field: 'path', code: type },
  { args: [5], field: 'path', code: type },
  { args: [Buffer.from('/a')], field: 'path', code: type },
  { args: [''], field: 'path', code: range },
  { args: ['relative/path'], field: 'path', code: wrong },
  { args: ['/a\0b'], field: 'path', code: wrong },
  { args: ['/'.padEnd(4096, 'x')], field: 'path', code: range },
]

const flag = (name: string, ...before: unknown[]): Refused[] =>
  [1, 'yes', null].map((value) => ({ args: [...before, { [name]: value }], field: name, code: type }))

const rootless = (options: unknown): unknown[] => [{ rootless: options }]
const badMap = (value: unknown): unknown[] => rootless({ uidMap: value })
const mapped = (more: object): unknown => ({ inside: 0, outside: 0, ...more })
const badRootless: Refused[] = [
  ...[null, 1, 'yes'].map((value) => ({ args: rootless(value), field: 'rootless', code: type })),
  { args: rootless({ whit: 1 }), field: 'rootless.whit', code: wrong },
  ...[null, 'red', {}].map((value) => ({ args: rootless({ with: value }), field: 'rootless.with', code: type })),
  { args: ['bad-input', { rootless: true }], field: 'name', code: wrong },
  { args: [{ path: '/run/bad-input', rootless: true }], field: 'path', code: wrong },
  { args: [{ prefix: 'bad-input', rootless: {} }], field: 'prefix', code: wrong },
  ...[null, 5, 'all', {}].map((value) => ({ args: badMap(value), field: 'rootless.uidMap', code: type })),
  { args: rootless({ gidMap: 5 }), field: 'rootless.gidMap', code: type },
  { args: badMap([]), field: 'rootless.uidMap', code: range },
  { args: badMap(new Array(341).fill(mapped({}))), field: 'rootless.uidMap', code: range },
  { args: badMap([5]), field: 'rootless.uidMap[0]', code: type },
  { args: badMap([mapped({ size: 1 })]), field: 'rootless.uidMap[0].size', code: wrong },
  { args: badMap([mapped({ inside: -1 })]), field: 'rootless.uidMap[0].inside', code: range },
  { args: badMap([mapped({ outside: '0' })]), field: 'rootless.uidMap[0].outside', code: type },
  { args: badMap([mapped({ count: 0 })]), field: 'rootless.uidMap[0].count', code: range },
  { args: badMap([mapped({ inside: 0xfffffffe, count: 2 })]), field: 'rootless.uidMap[0].count', code: range },
  { args: badMap([mapped({}), mapped({ outside: 5 })]), field: 'rootless.uidMap[1].inside', code: wrong },
  { args: badMap([mapped({}), mapped({ inside: 5 })]), field: 'rootless.uidMap[1].outside', code: wrong },
]

const statics: Record<string, Refused[]> = {
  createMany: [
    { args: [-1], field: 'count', code: range },
    { args: [1.5], field: 'count', code: range },
    { args: ['3'], field: 'count', code: type },
    { args: [['bad-input', 'a/b']], field: 'names[1]', code: wrong },
    { args: [2, { prefix: 'a/b' }], field: 'prefix', code: wrong },
    { args: [2, { prefix: '' }], field: 'prefix', code: range },
    { args: [['bad-input'], { prefix: 'x' }], field: 'prefix', code: type },
    { args: [2, { ephemeral: 1 }], field: 'ephemeral', code: type },
    { args: [2, { rootless: 1 }], field: 'rootless', code: type },
    { args: [2, { rootless: true, prefix: 'bad-input' }], field: 'prefix', code: wrong },
    { args: [['bad-input'], { rootless: true }], field: 'name', code: wrong },
    { args: [2, { onProgress: 1 }], field: 'onProgress', code: type },
    { args: [2, { perfix: 'x' }], field: 'perfix', code: wrong },
    { args: [2, { timeout: -1 }], field: 'timeout', code: range },
  ],
  pool: [
    { args: [undefined], field: 'options', code: type },
    { args: [null], field: 'options', code: type },
    { args: [4], field: 'options', code: type },
    { args: [{}], field: 'size', code: type },
    { args: [{ size: '4' }], field: 'size', code: type },
    { args: [{ size: 0 }], field: 'size', code: range },
    { args: [{ size: -1 }], field: 'size', code: range },
    { args: [{ size: 1.5 }], field: 'size', code: range },
    { args: [{ size: 65_537 }], field: 'size', code: range },
    { args: [{ size: 1, prefix: '' }], field: 'prefix', code: range },
    { args: [{ size: 1, prefix: 'a/b' }], field: 'prefix', code: wrong },
    { args: [{ size: 1, prefix: null }], field: 'prefix', code: type },
    { args: [{ size: 1, rootless: 'yes' }], field: 'rootless', code: type },
    { args: [{ size: 1, rootless: true, prefix: 'bad-input' }], field: 'prefix', code: wrong },
    { args: [{ size: 1, prepare: 'bad-input' }], field: 'prepare', code: type },
    { args: [{ size: 1, prepare: null }], field: 'prepare', code: type },
    { args: [{ size: 1, prepare: async () => Promise.resolve() }], field: 'prepare', code: type },
    { args: [{ size: 1, signal: {} }], field: 'signal', code: type },
    { args: [{ size: 1, timeout: 5 }], field: 'timeout', code: wrong },
    { args: [{ size: 1, perfix: 'bad-input' }], field: 'perfix', code: wrong },
  ],
  settled: badOptions(),
  deleteAll: [
    { args: [undefined], field: 'what', code: type },
    { args: ['bad-input'], field: 'what', code: type },
    { args: [[{}]], field: 'what[0]', code: type },
    { args: [{ prefix: '' }], field: 'prefix', code: range },
    { args: [{ prefix: 7 }], field: 'prefix', code: type },
    { args: [{ perfix: 'x' }], field: 'what.perfix', code: wrong },
    { args: [[], { onProgress: 'x' }], field: 'onProgress', code: type },
  ],
  create: [
    ...badNames,
    // What is neither a name nor options was meant as the first of them.
    { args: [null], field: 'name', code: type },
    { args: [5], field: 'name', code: type },
    ...badOptions('bad-input'),
    ...badPaths.slice(1).map(({ args, ...rest }) => ({ ...rest, args: [{ path: args[0] }] })),
    { args: ['bad-input', { path: '/run/bad-input' }], field: 'path', code: type },
    { args: [{ name: 'bad-input' }], field: 'name', code: wrong },
    ...flag('ephemeral', 'bad-input'),
    ...flag('ephemeral'),
    ...badRootless,
  ],
  open: [...badNames, ...noNames, ...badOptions('none')],
  current: badOptions(),
  fromPid: [...badNumber('pid'), { args: [0], field: 'pid', code: range }, ...badOptions(1)],
  fromThread: [...badNumber('tid'), { args: [0], field: 'tid', code: range }, ...badOptions(1)],
  fromPath: [...badPaths, ...badOptions('/proc/self/ns/net')],
  fromFd: [...badNumber('fd'), ...badOptions(0)],
  adopt: [
    ...[undefined, null, 'red', 3, {}, { name: 'red' }].map((value) => ({
      args: [value],
      field: 'shared',
      code: type,
    })),
    { args: [{ type: 'netloom.SharedNetNs' }], field: 'shared.registry', code: type },
    { args: [{ type: 'netloom.SharedNetNs', fd: 3 }], field: 'shared.fd', code: wrong },
  ],
  list: badOptions(),
  exists: [...badNames, ...noNames, ...badOptions('none')],
  delete: [...badNames, ...noNames, ...badOptions('none'), ...flag('force', 'none')],
}

const badKind: Refused[] = [
  ...[undefined, null, 5].map((value) => ({ args: [1, value], field: 'kind', code: type })),
  ...['', 'network', 'toString'].map((value) => ({ args: [1, value], field: 'kind', code: range })),
]
const member = (kind: string, options: unknown): unknown[] => [{ [kind]: options }]

const namespaceStatics: Record<string, Refused[]> = {
  create: [
    ...[undefined, null, 'net', 5, []].map((value) => ({ args: [value], field: 'members', code: type })),
    { args: [{}], field: 'members', code: range },
    { args: [{ uts: false }], field: 'members', code: range },
    { args: [{ ust: true }], field: 'members.ust', code: wrong },
    ...['cgroup', 'ipc', 'mnt', 'net', 'pid'].map((kind) => ({ args: member(kind, {}), field: kind, code: type })),
    ...[null, 1, 'box'].map((value) => ({ args: member('uts', value), field: 'uts', code: type })),
    { args: member('uts', { hotsname: 'x' }), field: 'uts.hotsname', code: wrong },
    { args: member('uts', { hostname: 5 }), field: 'uts.hostname', code: type },
    { args: member('uts', { hostname: '' }), field: 'uts.hostname', code: range },
    { args: member('uts', { domainname: 'x'.repeat(65) }), field: 'uts.domainname', code: range },
    { args: member('time', { monotonic: '1' }), field: 'time.monotonic', code: type },
    { args: member('time', { boottime: NaN }), field: 'time.boottime', code: range },
    { args: member('time', { boottime: 1e12 }), field: 'time.boottime', code: range },
    { args: member('user', { uidMap: 'all' }), field: 'user.uidMap', code: type },
    { args: member('user', { gidMap: [{ inside: 0 }] }), field: 'user.gidMap[0].outside', code: type },
    ...badOptions({ uts: true }),
  ],
  fromPath: [...badPaths, ...badOptions('/proc/self/ns/uts')],
  fromFd: [...badNumber('fd'), ...badOptions(0)],
  fromPid: [...badNumber('pid'), ...badKind, ...badOptions(1, 'uts')],
  fromThread: [...badNumber('tid'), ...badKind, ...badOptions(1, 'uts')],
  list: badOptions(),
  unpin: [...badPaths, ...badOptions('/run/none')],
}

const badHost: Refused[] = [
  ...[undefined, null, 5].map((value) => ({ args: [value], field: 'name', code: type })),
  ...['', 'x'.repeat(65)].map((value) => ({ args: [value], field: 'name', code: range })),
  ...badOptions('bad-input'),
]

const namespaceMethods: Record<string, Refused[]> = {
  equals: [undefined, null, 'red', {}].map((value) => ({ args: [value], field: 'other', code: type })),
  pin: [...badPaths, ...badOptions('/run/bad-input')],
  run: [undefined, null, 'x', {}, async () => Promise.resolve()].map((value) => ({
    args: [value],
    field: 'fn',
    code: type,
  })),
  owner: badOptions(),
  parent: badOptions(),
  ownerUid: badOptions(),
  hostname: badOptions(),
  setHostname: badHost,
  domainname: badOptions(),
  setDomainname: badHost,
  offsets: badOptions(),
}

const noNetns: Refused[] = [undefined, null, 'red', 3, {}, { identity: { device: 1, inode: 2 } }].map((value) => ({
  args: [value],
  field: 'other',
  code: type,
}))

const port = (least: number): Refused[] => [
  ...[null, '80', {}].map((value) => ({ args: [{ host: '::1', port: value }], field: 'port', code: type })),
  ...[least - 1, 65_536, 1.5, NaN].map((value) => ({
    args: [{ host: '::1', port: value }],
    field: 'port',
    code: range,
  })),
]
const host: Refused[] = [
  ...[null, 5, {}].map((value) => ({ args: [{ host: value, port: 80 }], field: 'host', code: type })),
  ...['', '10.0.0.256', '10.0.0.1/24', '::1::', '[::1]'].map((value) => ({
    args: [{ host: value, port: 80 }],
    field: 'host',
    code: wrong,
  })),
]
const withTarget = (more: Record<string, unknown>): unknown => ({ host: '127.0.0.1', port: 80, ...more })

/** Bad call options as options of a connection. */
const targeted = badOptions()
  .filter(({ field }) => field !== 'options')
  .map(({ args: [options], ...rest }) => ({ ...rest, args: [withTarget(options as Record<string, unknown>)] }))

/** Conditions on sockets that are none. */
const socketFilters: Refused[] = [
  { args: [{ locolPort: 80 }], field: 'locolPort', code: wrong },
  { args: [{ protocol: [] }], field: 'protocol', code: range },
  { args: [{ family: 'ipv5' }], field: 'family', code: wrong },
  { args: [{ family: ['ipv4', 'ipv6'] }], field: 'family', code: type },
  { args: [{ state: 'open' }], field: 'state', code: wrong },
  { args: [{ state: [] }], field: 'state', code: range },
  { args: [{ state: ['listen', 10] }], field: 'state[1]', code: type },
  ...['localPort', 'remotePort'].flatMap((field) => [
    ...['80', null].map((value) => ({ args: [{ [field]: value }], field, code: type })),
    ...[-1, 65_536, 1.5, NaN].map((value) => ({ args: [{ [field]: value }], field, code: range })),
    { args: [{ [field]: [] }], field, code: range },
    { args: [{ [field]: [80, -1] }], field: `${field}[1]`, code: range },
    { args: [{ [field]: { from: -1 } }], field: `${field}.from`, code: range },
    { args: [{ [field]: { from: 9, to: 8 } }], field: `${field}.to`, code: range },
    { args: [{ [field]: { form: 9 } }], field: `${field}.form`, code: wrong },
  ]),
  ...['localAddress', 'remoteAddress'].flatMap((field) => [
    { args: [{ [field]: 5 }], field, code: type },
    { args: [{ [field]: [] }], field, code: range },
    { args: [{ [field]: 'localhost' }], field, code: wrong },
    { args: [{ [field]: ['::1', '10.0.0.0/33'] }], field: `${field}[1]`, code: range },
  ]),
  { args: [{ dev: '../eth0' }], field: 'dev', code: wrong },
  { args: [{ dev: 0 }], field: 'dev', code: range },
  { args: [{ mark: -1 }], field: 'mark', code: range },
  { args: [{ mark: '1' }], field: 'mark', code: type },
  { args: [{ mark: { value: 1 } }], field: 'mark.mask', code: type },
  { args: [{ mark: { value: 1, mask: 2 ** 32 } }], field: 'mark.mask', code: range },
  { args: [{ cgroup: '1' }], field: 'cgroup', code: type },
  { args: [{ cgroup: -1n }], field: 'cgroup', code: range },
]

const noOperations = (): void => undefined

const methods: Record<string, Refused[]> = {
  equals: noNetns,
  id: noNetns,
  setId: noNetns,
  share: [], // takes nothing
  impair: [
    ...[undefined, null, '', {}].map((dev) => ({
      args: [dev, { lossPercent: 1 }],
      field: 'dev',
      code: dev === '' ? range : type,
    })),
    { args: ['lo', null], field: 'impairment', code: type },
    { args: ['lo', { loss: 1 }], field: 'loss', code: wrong },
    { args: ['lo', { lossPercent: 101 }], field: 'lossPercent', code: range },
    { args: ['lo', { delayMilliseconds: '5' }], field: 'delayMilliseconds', code: type },
    { args: ['lo', { delayMilliseconds: -1 }], field: 'delayMilliseconds', code: range },
    { args: ['lo', { rateBitsPerSecond: 0 }], field: 'rateBitsPerSecond', code: range },
    { args: ['lo', { direction: 'up' }], field: 'direction', code: wrong },
    { args: ['lo', { reorderPercent: 5 }], field: 'delayMilliseconds', code: wrong },
    ...badOptions('lo', { lossPercent: 1 }),
  ],
  batch: [
    { args: [null], field: 'options', code: type },
    { args: [{ rolback: true }], field: 'rolback', code: wrong },
    { args: [{ rollback: 1 }], field: 'rollback', code: type },
    { args: [{ onError: 'ignore' }], field: 'onError', code: wrong },
  ],
  prepare: [
    { args: [{}], field: 'describe', code: type },
    { args: [null, noOperations], field: 'holes', code: type },
    { args: [{ ns: 'x' }, noOperations], field: 'holes.ns', code: type },
    { args: [{}, noOperations, { rolback: true }], field: 'rolback', code: wrong },
    { args: [noOperations, { onError: 'ignore' }], field: 'onError', code: wrong },
    { args: [() => 7], field: 'describe', code: type },
  ],
  run: [undefined, null, 'x', {}].map((value) => ({ args: [value], field: 'fn', code: type })),
  listen: [
    { args: [{ host: 'local/host', port: 80 }], field: 'host', code: wrong },
    { args: [{ host: 'localhost', port: -1 }], field: 'port', code: range },
    ...flag('exclusive'),
    ...badOptions(),
    ...host,
    ...port(0),
    ...flag('ipv6Only'),
    ...[null, {}].map((value) => ({ args: [{ server: value }], field: 'server', code: type })),
    { args: [{ backlog: '5' }], field: 'backlog', code: type },
    { args: [{ backlog: -1 }], field: 'backlog', code: range },
    { args: [{ adress: '::1' }], field: 'adress', code: wrong },
    ...flag('reusePort'),
    ...flag('noDelay'),
    { args: [{ path: '' }], field: 'path', code: wrong },
    { args: [{ path: 'x'.repeat(108) }], field: 'path', code: wrong },
    { args: [{ path: 'a\0b' }], field: 'path', code: wrong },
    { args: [{ path: 5 }], field: 'path', code: type },
    { args: [{ path: '/x', port: 80 }], field: 'port', code: wrong },
    { args: [{ readableAll: true }], field: 'readableAll', code: wrong },
    { args: [{ dev: 'a b' }], field: 'dev', code: wrong },
    { args: [{ keepAliveInitialDelay: -1 }], field: 'keepAliveInitialDelay', code: range },
    { args: [{ server: createServer(), noDelay: true }], field: 'noDelay', code: wrong },
  ],
  readFile: [
    { args: [undefined], field: 'path', code: type },
    { args: ['/proc/1/status'], field: 'path', code: wrong },
    { args: ['/proc/net/tcp', 'utf9'], field: 'encoding', code: wrong },
    { args: ['/proc/net/tcp', { encodng: 'utf8' }], field: 'encodng', code: wrong },
    { args: ['/proc/net/tcp', 5], field: 'options', code: type },
  ],
  readlink: [
    { args: [5], field: 'path', code: type },
    { args: ['/tmp'], field: 'path', code: wrong },
    ...badOptions('/sys/class/net/lo'),
  ],
  readdir: [
    { args: [5], field: 'path', code: type },
    { args: ['/sys/../tmp'], field: 'path', code: wrong },
    ...badOptions('/sys/class/net'),
  ],
  createSocket: [
    { args: [undefined], field: 'options', code: type },
    { args: [null], field: 'options', code: type },
    { args: ['tcp'], field: 'type', code: wrong },
    { args: [{}], field: 'type', code: type },
    { args: [{ type: 'udp4', reuseAddr: 1 }], field: 'reuseAddr', code: type },
    { args: [{ type: 'udp4', recvBufferSize: -1 }], field: 'recvBufferSize', code: range },
    { args: [{ type: 'udp4', lookup: 'x' }], field: 'lookup', code: type },
    { args: [{ type: 'udp4', dev: '' }], field: 'dev', code: range },
    { args: [{ type: 'udp4', signal: 5 }], field: 'signal', code: type },
    { args: [{ tipe: 'udp4' }], field: 'tipe', code: wrong },
    { args: ['udp4', 'x'], field: 'callback', code: type },
  ],
  agent: [{ args: ['x'], field: 'options', code: type }],
  httpsAgent: [{ args: [null], field: 'options', code: type }],
  dispatcher: [
    { args: [null], field: 'options', code: type },
    { args: [{ connect: 5 }], field: 'connect', code: type },
    { args: [{ connect: { timeout: -1 } }], field: 'connect.timeout', code: range },
    { args: [{ undici: {} }], field: 'undici', code: type },
  ],
  connect: [
    { args: [undefined], field: 'options', code: type },
    { args: [{ host: 'name', port: 80, family: 5 }], field: 'family', code: wrong },
    { args: [{ host: 'name', port: 80, lookup: 5 }], field: 'lookup', code: type },
    { args: [{ host: 'name', port: 80, hints: 'x' }], field: 'hints', code: type },
    { args: [{ host: 'name', port: 0 }], field: 'port', code: range },
    { args: [{ host: 'name', port: 80, autoSelectFamily: 1 }], field: 'autoSelectFamily', code: type },
    {
      args: [{ host: 'name', port: 80, autoSelectFamilyAttemptTimeout: 0 }],
      field: 'autoSelectFamilyAttemptTimeout',
      code: range,
    },
    { args: [null], field: 'options', code: type },
    { args: [{ host: 5, port: 80 }], field: 'host', code: type },
    { args: [{ port: 80, onread: {} }], field: 'onread.buffer', code: type },
    { args: [withTarget({ onread: { buffer: Buffer.alloc(8) } })], field: 'onread.callback', code: type },
    { args: [{ host: '::1' }], field: 'port', code: type },
    { args: [{ host: 'name%eth0', port: 80 }], field: 'host', code: wrong },
    ...host,
    ...port(1),
    ...targeted,
    { args: [withTarget({ localAddress: 'x' })], field: 'localAddress', code: wrong },
    { args: [withTarget({ localAddress: '::1' })], field: 'localAddress', code: wrong },
    { args: [withTarget({ localAddress: 1 })], field: 'localAddress', code: type },
    { args: [withTarget({ localPort: -1 })], field: 'localPort', code: range },
    { args: [withTarget({ localPort: '1' })], field: 'localPort', code: type },
    { args: [withTarget({ hots: '::1' })], field: 'hots', code: wrong },
    { args: [withTarget({ noDelay: 1 })], field: 'noDelay', code: type },
    { args: [withTarget({ highWaterMark: -1 })], field: 'highWaterMark', code: range },
    { args: [{ host: 'fe80::1%eth0', port: 80, dev: 'eth1' }], field: 'dev', code: wrong },
    { args: [{ path: '' }], field: 'path', code: wrong },
    { args: [{ path: '/x', port: 80 }], field: 'port', code: wrong },
  ],
  ping: [
    ...[undefined, null, 5, {}].map((value) => ({ args: [value], field: 'address', code: type })),
    ...['', 'localhost', '10.0.0.256', '10.0.0.1/24', '[::1]'].map((value) => ({
      args: [value],
      field: 'address',
      code: wrong,
    })),
    ...[null, 4, []].map((value) => ({ args: ['::1', value], field: 'options', code: type })),
    { args: ['::1', { cuont: 1 }], field: 'cuont', code: wrong },
    { args: ['::1', { signal: {} }], field: 'signal', code: type },
    { args: ['::1', { count: 0 }], field: 'count', code: range },
    { args: ['::1', { count: '1' }], field: 'count', code: type },
    ...[-1, NaN, 2 ** 31].map((value) => ({
      args: ['::1', { intervalMilliseconds: value }],
      field: 'intervalMilliseconds',
      code: range,
    })),
    { args: ['::1', { intervalMilliseconds: '1' }], field: 'intervalMilliseconds', code: type },
    ...[0, NaN, 2 ** 31].map((value) => ({ args: ['::1', { timeout: value }], field: 'timeout', code: range })),
    ...[-1, 65_508, 1.5].map((value) => ({ args: ['::1', { size: value }], field: 'size', code: range })),
    ...[0, 256].map((value) => ({ args: ['::1', { ttl: value }], field: 'ttl', code: range })),
    { args: ['::1', { trafficClass: 256 }], field: 'trafficClass', code: range },
    ...[1, 'yes', null].map((value) => ({ args: ['::1', { dontFragment: value }], field: 'dontFragment', code: type })),
    { args: ['::1', { source: '127.0.0.1' }], field: 'source', code: wrong },
    { args: ['::1', { source: 1 }], field: 'source', code: type },
    { args: ['::1', { dev: 'a/b' }], field: 'dev', code: wrong },
    { args: ['::1', { dev: 0 }], field: 'dev', code: range },
  ],
  netlink: [
    ...[undefined, null, {}].map((value) => ({ args: [value], field: 'protocol', code: type })),
    ...['rout', ''].map((value) => ({ args: [value], field: 'protocol', code: wrong })),
    ...[-1, 32, 1.5].map((value) => ({ args: [value], field: 'protocol', code: range })),
    ...[null, 4, []].map((value) => ({ args: ['route', value], field: 'options', code: type })),
    { args: ['route', { bufferSzie: 1 }], field: 'bufferSzie', code: wrong },
    { args: ['route', { bufferSize: '1' }], field: 'bufferSize', code: type },
    ...[1, 2 ** 30].map((value) => ({ args: ['route', { bufferSize: value }], field: 'bufferSize', code: range })),
  ],
  packets: [
    ...badOptions(),
    { args: [{ dev: '../eth0' }], field: 'dev', code: wrong },
    { args: [{ dev: -1 }], field: 'dev', code: range },
    { args: [{ dev: null }], field: 'dev', code: type },
    { args: [{ protocol: 'tcp' }], field: 'protocol', code: wrong },
    { args: [{ protocol: 65_536 }], field: 'protocol', code: range },
    { args: [{ protocol: {} }], field: 'protocol', code: type },
    ...['cooked', 'promiscuous', 'allMulticast', 'ignoreOutgoing'].flatMap((name) => flag(name)),
    { args: [{ promiscuous: true }], field: 'promiscuous', code: wrong },
    { args: [{ snapLength: 0 }], field: 'snapLength', code: range },
    { args: [{ bufferSize: 0 }], field: 'bufferSize', code: range },
    { args: [{ bufferSize: '1' }], field: 'bufferSize', code: type },
    { args: [{ fanout: 1 }], field: 'fanout', code: type },
    { args: [{ fanout: { group: 65_536 } }], field: 'fanout.group', code: range },
    { args: [{ fanout: { group: 1, mode: 'fair' } }], field: 'fanout.mode', code: wrong },
    { args: [{ fanout: { group: 1, mdoe: 'cpu' } }], field: 'fanout.mdoe', code: wrong },
    { args: [{ filter: 'tcp' }], field: 'filter', code: type },
    { args: [{ filter: [] }], field: 'filter', code: range },
    { args: [{ filter: [[6, 0, 0]] }], field: 'filter[0]', code: type },
    { args: [{ filter: [[6, 0, 0, 2 ** 32]] }], field: 'filter[0][3]', code: range },
  ],
  connectOutside: [
    ...badOptions(),
    ...flag('hostLoopback'),
    ...['', 'slirp', null].map((via) => ({ args: [{ via }], field: 'via', code: wrong })),
    ...[null, 5].map((dev) => ({ args: [{ dev }], field: 'dev', code: type })),
    ...['a/b', '--help', '..'].map((dev) => ({ args: [{ dev }], field: 'dev', code: wrong })),
    { args: [{ dev: 'x'.repeat(16) }], field: 'dev', code: range },
  ],
  sockets: [
    { args: [null], field: 'options', code: type },
    ...socketFilters,
    ...badOptions({}),
    { args: [{ protocol: 'sctp' }], field: 'protocol', code: wrong },
    { args: [{ protocol: ['unix', 'unix', 5] }], field: 'protocol[2]', code: type },
    { args: [{ protocol: 'unix', localPort: 80 }], field: 'localPort', code: wrong },
    { args: [{ protocol: ['tcp', 'packet'], state: 'listen' }], field: 'state', code: wrong },
    { args: [{ processes: 'all' }], field: 'processes', code: wrong },
    { args: [{ processes: 1 }], field: 'processes', code: type },
    ...['info', 'memory'].flatMap((name) => flag(name)),
  ],
  destroySockets: [
    { args: [undefined], field: 'options', code: type },
    ...socketFilters,
    ...badOptions({ localPort: 80 }),
    { args: [{}], field: 'filter', code: range },
    { args: [{ protocol: 'udp' }], field: 'filter', code: range },
    { args: [{ protocol: 'unix', state: 'listen' }], field: 'protocol', code: wrong },
    { args: [{ protocol: 'mptcp', state: 'listen' }], field: 'protocol', code: wrong },
    { args: [{ localPort: 80, info: true }], field: 'info', code: wrong },
  ],
  delete: [...badOptions(), ...flag('force')],
  pids: badOptions(),
  kill: [
    { args: [null], field: 'signal', code: type },
    { args: [{}], field: 'signal', code: type },
    { args: ['SIGNONE'], field: 'signal', code: wrong },
    { args: ['toString'], field: 'signal', code: wrong },
    { args: [65], field: 'signal', code: range },
    { args: [-1], field: 'signal', code: range },
    ...badOptions(0),
  ],
  worker: [undefined, null, 5, {}].map((file) => ({ args: [file], field: 'file', code: type })),
}

const bornWith = (options: unknown): unknown[] => ['true', [], options]
const userIds = (more: object): unknown => ({ uidMap: [{ inside: 0, outside: 0, ...more }] })

/** Our options of spawn and the like; Node's are Node's to refuse. */
const surroundings: Refused[] = [
  ...['pid', 'mount', 'ipc', 'cgroup', 'uts', 'user'].flatMap((field) => [
    ...[null, 5n, []].map((value) => ({
      args: bornWith({ [field]: value }),
      field,
      code: type,
    })),
    { args: bornWith({ [field]: '' }), field, code: range },
    { args: bornWith({ [field]: '/a\0b' }), field, code: wrong },
    { args: bornWith({ [field]: -1 }), field, code: range },
  ]),
  ...[1, null, {}].map((value) => ({ args: bornWith({ etc: value }), field: 'etc', code: type })),
  ...['.', '..', '../x', 'a/b'].map((value) => ({ args: bornWith({ etc: value }), field: 'etc', code: wrong })),
  { args: bornWith({ etc: '' }), field: 'etc', code: range },
  ...[1, 'SIGKILL', null].map((value) => ({
    args: bornWith({ dieWithParent: value }),
    field: 'dieWithParent',
    code: type,
  })),
  { args: bornWith({ uts: { hostnam: 'x' } }), field: 'uts.hostnam', code: wrong },
  { args: bornWith({ uts: { hostname: 5 } }), field: 'uts.hostname', code: type },
  { args: bornWith({ uts: { hostname: 'x'.repeat(65) } }), field: 'uts.hostname', code: range },
  { args: bornWith({ uts: { domainname: '' } }), field: 'uts.domainname', code: range },
  { args: bornWith({ user: { uids: [] } }), field: 'user.uids', code: wrong },
  { args: bornWith({ user: { uidMap: {} } }), field: 'user.uidMap', code: type },
  { args: bornWith({ user: { gidMap: [] } }), field: 'user.gidMap', code: range },
  { args: bornWith({ user: { gidMap: [5] } }), field: 'user.gidMap[0]', code: type },
  { args: bornWith({ user: userIds({ outside: '0' }) }), field: 'user.uidMap[0].outside', code: type },
  { args: bornWith({ user: userIds({ inside: -1 }) }), field: 'user.uidMap[0].inside', code: range },
  { args: bornWith({ user: userIds({ count: 0 }) }), field: 'user.uidMap[0].count', code: range },
]

/** The functions of `ns.taps`. */
const taps: Record<string, Refused[]> = {
  create: [
    ...badOptions().slice(1),
    ...[null, 5, {}].map((value) => ({ args: [{ name: value }], field: 'name', code: type })),
    ...['', 'x'.repeat(16)].map((value) => ({ args: [{ name: value }], field: 'name', code: range })),
    ...['.', '../x', 'a b', 'a%s', '%d%d', 'tap%'].map((value) => ({
      args: [{ name: value }],
      field: 'name',
      code: wrong,
    })),
    { args: [{ mode: 'tab' }], field: 'mode', code: wrong },
    ...['persist', 'packetInfo', 'multiQueue', 'vnetHeader'].flatMap((name) => flag(name).slice(1)),
    { args: [{ vnetHeader: 11 }], field: 'vnetHeader', code: wrong },
    ...['owner', 'group'].flatMap((name) => [
      { args: [{ [name]: -1 }], field: name, code: range },
      { args: [{ [name]: 'root' }], field: name, code: type },
    ]),
    { args: [{ offload: ['tso4'] }], field: 'offload', code: wrong },
    { args: [{ vnetHeader: true, offload: 'tso4' }], field: 'offload', code: type },
    { args: [{ vnetHeader: true, offload: ['tso5'] }], field: 'offload[0]', code: wrong },
    { args: [{ mac: '02:00' }], field: 'mac', code: wrong },
    { args: [{ mtu: -1 }], field: 'mtu', code: range },
    { args: [{ up: 1 }], field: 'up', code: type },
  ],
  open: [
    ...[undefined, null, 5, {}].map((value) => ({ args: [value], field: 'name', code: type })),
    { args: ['../x'], field: 'name', code: wrong },
    ...badOptions('tap0'),
    { args: ['tap0', { mode: 'tab' }], field: 'mode', code: wrong },
  ],
  list: badOptions(),
  delete: [{ args: ['a/b'], field: 'name', code: wrong }, ...badOptions('tap0'), ...flag('force', 'tap0')],
}

const badLeakOptions = (...before: unknown[]): Refused[] => [
  ...[null, 'x', 5, []].map((value) => ({ args: [...before, value], field: 'options', code: type })),
  ...[1, null].map((foreign) => ({ args: [...before, { foreign }], field: 'foreign', code: type })),
  ...[1, null, /x/].map((ignore) => ({ args: [...before, { ignore }], field: 'ignore', code: type })),
  { args: [...before, { timeout: '1' }], field: 'timeout', code: type },
  ...[-1, NaN, 2 ** 31].map((timeout) => ({ args: [...before, { timeout }], field: 'timeout', code: range })),
  { args: [...before, { forein: true }], field: 'forein', code: wrong },
]
const badBefore: Refused[] = [undefined, null, {}, 'x', [1], [{ kind: 'handle' }]].map((value) => ({
  args: [value],
  field: 'before',
  code: type,
}))

const pairOf = (more: Record<string, unknown>): unknown => ({ pair: true, ...more })

const kit: Record<string, Refused[]> = {
  checkLeaks: [...badBefore, ...badLeakOptions([])],
  findLeaks: [...badBefore, ...badLeakOptions([])],
  useNetNs: [
    ...[null, 'x', 5, []].map((value) => ({ args: [value], field: 'options', code: type })),
    { args: [{ pairs: true }], field: 'pairs', code: wrong },
    { args: [{ pair: 1 }], field: 'pair', code: type },
    { args: [pairOf({ names: ['a', 'b'] })], field: 'names', code: type },
    { args: [pairOf({ join: 'bridge' })], field: 'join', code: type },
    { args: [{ names: 'red' }], field: 'names', code: type },
    { args: [{ names: [] }], field: 'names', code: range },
    { args: [{ names: Array.from({ length: 255 }, (_, i) => `n${i}`) }], field: 'names', code: range },
    { args: [{ names: ['a', 5] }], field: 'names[1]', code: type },
    { args: [{ names: [''] }], field: 'names[0]', code: range },
    { args: [{ names: ['a/b'] }], field: 'names[0]', code: wrong },
    { args: [{ names: ['of'] }], field: 'names[0]', code: wrong },
    { args: [{ names: ['a', 'a'] }], field: 'names[1]', code: wrong },
    { args: [{ names: ['a', 'b'], join: 'rope' }], field: 'join', code: wrong },
    { args: [{ names: ['a', 'b', 'c'], join: 'cable' }], field: 'names', code: range },
    { args: [{ names: ['a', 'switch'], join: 'bridge' }], field: 'names[1]', code: wrong },
    { args: [{ addresses: {} }], field: 'addresses', code: type },
    { args: [pairOf({ addresses: [] })], field: 'addresses', code: type },
    { args: [pairOf({ addresses: { blue: [] } })], field: 'addresses.blue', code: wrong },
    { args: [pairOf({ addresses: { red: '10.0.0.1' } })], field: 'addresses.red', code: type },
    { args: [pairOf({ addresses: { red: ['10.0.0.1/8', '10.0.0'] } })], field: 'addresses.red[1]', code: wrong },
    { args: [{ prefix: 5 }], field: 'prefix', code: type },
    { args: [{ prefix: '' }], field: 'prefix', code: range },
    { args: [{ prefix: 'a/' }], field: 'prefix', code: wrong },
    { args: [{ prefix: 'x'.repeat(235) }], field: 'prefix', code: range },
    { args: [{ prepare: 'x' }], field: 'prepare', code: type },
    ...[true, 'error', 5, null].map((leaks) => ({ args: [{ leaks }], field: 'leaks', code: wrong })),
    { args: [{ leaks: { report: 'loud' } }], field: 'leaks.report', code: wrong },
    { args: [{ leaks: { timeout: -1 } }], field: 'leaks.timeout', code: range },
    { args: [{ leaks: { repotr: 'warn' } }], field: 'leaks.repotr', code: wrong },
    { args: [{ hooks: null }], field: 'hooks', code: type },
    { args: [{ hooks: { beforeEach } }], field: 'hooks.afterEach', code: type },
    { args: [{ hooks: { afterEach } }], field: 'hooks.beforeEach', code: type },
  ],
}

/** Functions that need no `this`, which getters give. */
const bound: Record<string, Refused[]> = {
  lookup: [
    { args: [], field: 'hostname', code: type },
    { args: [5], field: 'hostname', code: type },
    { args: [''], field: 'hostname', code: wrong },
    { args: ['a\0b'], field: 'hostname', code: wrong },
    { args: ['a', 5], field: 'family', code: wrong },
    { args: ['a', { family: 'six' }], field: 'family', code: wrong },
    { args: ['a', { hints: -1 }], field: 'hints', code: range },
    { args: ['a', { hints: 1 }], field: 'hints', code: wrong },
    { args: ['a', { all: 1 }], field: 'all', code: type },
    { args: ['a', { order: 'x' }], field: 'order', code: wrong },
    { args: ['a', { al: true }], field: 'al', code: wrong },
    { args: ['a', 'x'], field: 'options', code: type },
    { args: ['a', { signal: 5 }], field: 'signal', code: type },
    { args: ['a', { timeout: -1 }], field: 'timeout', code: range },
    { args: ['a', {}, 5], field: 'callback', code: type },
  ],
  createConnection: [
    { args: [{}], field: 'port', code: type },
    { args: [65_536], field: 'port', code: range },
    { args: [80, '::1', 'x'], field: 'onConnect', code: type },
    { args: [{ host: 5, port: 80 }], field: 'host', code: type },
    { args: [{ port: 80, localPort: -1 }], field: 'localPort', code: range },
    { args: [{ port: 80, onread: null }], field: 'onread.buffer', code: type },
    { args: [{ path: 'x'.repeat(200) }], field: 'path', code: wrong },
  ],
}

async function check(call: () => unknown, { field, code }: Refused): Promise<void> {
  const ended: unknown = await new Promise((resolve) => {
    resolve(call())
  }).then(
    (value) => {
      if (value instanceof NetNs) value.close()
      return 'it was accepted'
    },
    (error: unknown) => error,
  )
  expect(ended).toMatchObject({ name: code === range ? 'RangeError' : 'TypeError', code, field })
  expect(String(ended)).toContain(`"${field}"`)
}

const shown = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)

function show(args: readonly unknown[]): string {
  const text = args.map((arg) =>
    typeof arg === 'bigint' || typeof arg === 'number' || arg === undefined ? String(arg) : JSON.stringify(arg, shown),
  )
  return text.join(', ').slice(0, 60)
}

const rows = (table: Record<string, Refused[]>): (Refused & { method: string; shown: string })[] =>
  Object.entries(table).flatMap(([method, all]) => all.map((one) => ({ method, shown: show(one.args), ...one })))

function named(): string[] {
  return readdirSync('/run/netns').filter((name) => name.includes('bad-input'))
}

afterAll(() => {
  const made = named()
  for (const name of made) execFileSync('ip', ['netns', 'delete', name])
  expect(made).toEqual([])
})

test.each(rows(statics))('NetNs.$method($shown) is refused: $field', async ({ method, ...refused }) => {
  const target = NetNs as unknown as Record<string, unknown>
  await check(() => loose(target[method]).apply(NetNs, refused.args), refused)
})

test.each(rows(kit))('$method($shown) of the test kit is refused: $field', async ({ method, ...refused }) => {
  await check(() => loose((testing as Record<string, unknown>)[method])(...refused.args), refused)
})

describe('a namespace’s', () => {
  let ns: NetNs
  beforeEach(async () => {
    ns = await fresh()
  })
  afterEach(async () => {
    const [{ closed }, pinned] = [ns, await NetNs.exists(ns.name!)]
    await ns.delete({ force: true })
    expect({ closed, pinned }).toEqual({ closed: false, pinned: true })
  })

  test.each(rows(methods))('$method($shown) is refused: $field', async ({ method, ...refused }) => {
    await check(() => loose((ns as unknown as Record<string, unknown>)[method]).apply(ns, refused.args), refused)
  })

  test.each(rows(taps))('taps.$method($shown) is refused: $field', async ({ method, ...refused }) => {
    await check(
      () => loose((ns.taps as unknown as Record<string, unknown>)[method]).apply(ns.taps, refused.args),
      refused,
    )
    expect(await ns.taps.list()).toEqual([])
  })

  test.each(rows(bound))(
    '$method($shown), which a getter gives, is refused: $field',
    async ({ method, ...refused }) => {
      const { [method]: given } = ns as unknown as Record<string, unknown>
      await check(() => loose(given)(...refused.args), refused)
    },
  )

  test.each([
    { args: ['1'], code: type },
    { args: [null], code: type },
    { args: [-1], code: range },
    { args: [1.5], code: range },
    { args: [2 ** 31], code: range },
  ])('setId(other, $args) is refused: id', async ({ args, code }) => {
    await check(() => loose(ns.setId.bind(ns))(ns, ...args), { args, code, field: 'id' })
  })

  test.each(
    surroundings.flatMap((one) => ['spawn', 'execFile', 'fork', 'spawnSync'].map((method) => ({ method, ...one }))),
  )('$method($args) is refused: $field', async ({ method, ...refused }) => {
    await check(() => loose((ns as unknown as Record<string, unknown>)[method])(...refused.args), refused)
  })

  test.each(badOptions())('id and setId refuse their options: $field', async (refused) => {
    await check(() => loose(ns.id.bind(ns))(ns, ...refused.args), refused)
    await check(() => loose(ns.setId.bind(ns))(ns, 1, ...refused.args), refused)
    expect(await ns.id(ns)).toBeUndefined()
  })
})

test.each(badOptions())('the take and filled of a pool refuse their options: $field', async (refused) => {
  await using pool = NetNs.pool({ size: 1 })
  await check(() => loose(pool.take.bind(pool))(...refused.args), refused)
  await check(() => loose(pool.filled.bind(pool))(...refused.args), refused)
  await pool.filled()
  expect(pool.ready).toBe(1)
})

test.each(rows(namespaceStatics))('Namespace.$method($shown) is refused: $field', async ({ method, ...refused }) => {
  await check(
    () => loose((Namespace as unknown as Record<string, unknown>)[method]).apply(Namespace, refused.args),
    refused,
  )
})

test.each(rows(namespaceMethods))(
  '$method($shown) of a namespace is refused: $field',
  async ({ method, ...refused }) => {
    using uts = await Namespace.fromPid(process.pid, 'uts')
    await check(() => loose((uts as unknown as Record<string, unknown>)[method]).apply(uts, refused.args), refused)
  },
)

test('a typo is answered with the option that is meant', async () => {
  await expect(NetNs.create({ ephemreal: true } as object)).rejects.toThrow(/"ephemreal"; did you mean "ephemeral"/)
})

test('every public function of NetNs and of the test kit is in these tables', () => {
  const names = (of: object): string[] =>
    Object.entries(Object.getOwnPropertyDescriptors(of)).flatMap(([name, { value }]) =>
      typeof value === 'function' && !['constructor', 'close', 'prototype'].includes(name) ? [name] : [],
    )
  const functions = Object.keys(testing).filter((name) => name !== 'holdings' && name !== 'LeakError')
  expect(functions.sort()).toEqual(Object.keys(kit).sort())
  expect(names(NetNs).sort()).toEqual(Object.keys(statics).sort())
  expect(names(Namespace).sort()).toEqual(Object.keys(namespaceStatics).sort())
  expect(names(Namespace.prototype).sort()).toEqual(Object.keys(namespaceMethods).sort())
  expect(names(Taps.prototype).sort()).toEqual(Object.keys(taps).sort())
  const inside = Object.getPrototypeOf(NetNs.prototype) as object
  const view = Object.getPrototypeOf(inside) as object
  expect([NetNs.prototype, inside, view].flatMap(names).sort()).toEqual(Object.keys(methods).sort())
})
