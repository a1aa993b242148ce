// TCP and TLS, in a namespace of the test's own, with certificates made by openssl.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import { NetNs } from 'netloom'
import { OvsdbClient, type Dial, type OvsdbConnectOptions } from '../../lib/ovsdb/index'
import { Directory, Server, vswitchSchema } from './server'

const database = 'Open_vSwitch'
let ns: NetNs
let directory: Directory
let server: Server

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory.path, stdio: 'ignore' })
}

/** A certificate by our own authority. */
function certify(name: string, extension: string): void {
  writeFileSync(directory.join(`${name}.ext`), `${extension}\n`)
  openssl(
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  )
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  )
}

function read(file: string): Buffer {
  return readFileSync(directory.join(file))
}

// The check for leaks comes after the hooks of a block, and before those of the file.
describe('in a namespace', () => {
  beforeAll(async () => {
    directory = new Directory()
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=ca',
      '-days',
      '2',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    )
    certify('server', 'subjectAltName=DNS:db.example,IP:127.0.0.1')
    certify('client', 'extendedKeyUsage=clientAuth')
    ns = await NetNs.create()
    await ns.links.set('lo', { up: true })
    server = await Server.start({
      schema: vswitchSchema,
      directory,
      within: (start) => ns.run(start),
      args: [
        '--remote=ptcp:6640:127.0.0.1',
        '--remote=ptcp:6640:[::1]',
        '--remote=pssl:6641:127.0.0.1',
        `--private-key=${directory.join('server.key')}`,
        `--certificate=${directory.join('server.crt')}`,
        `--ca-cert=${directory.join('ca.crt')}`,
      ],
    })
  })

  afterAll(async () => {
    await server.stop()
    await ns[Symbol.asyncDispose]()
    directory[Symbol.dispose]()
  })

  const dialed: unknown[] = []

  /** Connects in the namespace. */
  const dial: Dial = (address, { signal }): Promise<Duplex> => {
    dialed.push(address)
    if ('path' in address) throw new Error('not this way')
    return ns.connect({ ...address, signal })
  }

  function connect(remotes: string, options: Partial<OvsdbConnectOptions> = {}): Promise<OvsdbClient> {
    return OvsdbClient.connect({ remotes, database, dial, ...options })
  }

  async function works(db: OvsdbClient): Promise<void> {
    await using replica = await db.monitor({ Queue: true })
    const long = 'x'.repeat(100_000)
    const queue = await db.transaction((tx) => tx.insert('Queue', { external_ids: { long } }))
    expect(replica.table('Queue').get(queue.uuid)).toMatchObject({ external_ids: new Map([['long', long]]) })
    await db.close()
  }

  test.each(['tcp:127.0.0.1:6640', 'tcp:[::1]:6640', 'tcp:127.0.0.1'])('%s', async (remote) => {
    await works(await connect(remote))
    expect(dialed.at(-1)).toEqual({ host: remote.includes('::1') ? '::1' : '127.0.0.1', port: 6640 })
  })

  test('TLS with a certificate on both sides', async () => {
    const tls = { ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') }
    await works(await connect('ssl:127.0.0.1:6641', { tls }))
    await works(await connect('ssl:127.0.0.1:6641', { tls: { ...tls, servername: 'db.example' } }))
  })

  test.each<[string, string[], object, RegExp]>([
    ['of an authority that is not ours', [], {}, /self-signed|unable to verify/],
    ['of another name', ['ca'], { servername: 'other.example' }, /does not match certificate/],
  ])('a server with a certificate %s is refused', async (_, files, more, words) => {
    const ca = files.map((file) => read(`${file}.crt`))
    const tls = { ...(ca.length > 0 && { ca }), cert: read('client.crt'), key: read('client.key'), ...more }
    await expect(connect('ssl:127.0.0.1:6641', { tls })).rejects.toThrow(words)
  })

  test('a server that wants a certificate refuses a client without one', async () => {
    await expect(connect('ssl:127.0.0.1:6641', { tls: { ca: read('ca.crt') } })).rejects.toMatchObject({
      name: 'OvsdbConnectionError',
    })
  })

  test('a server that is not there refuses, and one that speaks no TLS is found out', async () => {
    await expect(connect('tcp:127.0.0.1:6699')).rejects.toThrow('ECONNREFUSED')
    await expect(connect('ssl:127.0.0.1:6640', { tls: { ca: read('ca.crt') }, connectTimeout: 2000 })).rejects.toThrow(
      'does not serve',
    )
  })

  // The process is in the namespace, so that Node's own sockets connect.
  test('a whole program, without a dial of its own', async () => {
    const { ca, cert, key } = { ca: 'ca.crt', cert: 'client.crt', key: 'client.key' }
    const program = `
    const { OvsdbClient } = require(${JSON.stringify(join(__dirname, '../../dist/ovsdb'))})
    const { readFileSync } = require('node:fs')
    const tls = { ca: readFileSync('${ca}'), cert: readFileSync('${cert}'), key: readFileSync('${key}') }
    async function main() {
      for (const remotes of ['tcp:127.0.0.1:6640', 'tcp:[::1]', 'ssl:127.0.0.1:6641']) {
        const db = await OvsdbClient.connect({ remotes, database: '${database}', tls })
        console.log((await db.listDatabases()).join())
        await db.close()
      }
      if (process.moduleLoadList.some((name) => name.includes('netloom.node'))) throw new Error('the addon was loaded')
      if (Object.keys(require.cache).some((name) => name.endsWith('.node'))) throw new Error('the addon was loaded')
    }
    main()`
    const child = ns.run(() =>
      spawn(process.execPath, ['-e', program], { cwd: directory.path, stdio: ['ignore', 'pipe', 'inherit'] }),
    )
    let output = ''
    child.stdout.on('data', (chunk) => (output += String(chunk)))
    const [code] = (await once(child, 'close')) as [number]
    expect({ code, output }).toEqual({ code: 0, output: 'Open_vSwitch,_Server\n'.repeat(3) })
  })
})
