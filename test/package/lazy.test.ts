// What `require('netloom')` does not load before it is needed, as it takes as long to load as all of the rest.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')

/** Modules that a program has loaded in the end: Node's own by their names, and files of packages. */
function loadedBy(source: string): string[] {
  const program = `const root = ${JSON.stringify(root)}
  const loaded = () => [
    ...process.moduleLoadList.map((name) => name.replace(/^NativeModule /, '')),
    ...Object.keys(require.cache).map((file) => file.replace(/^.*node_modules./, '').split('/')[0]),
  ]
  ${source}
  process.on('exit', () => console.log(JSON.stringify(loaded())))`
  return JSON.parse(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })) as string[]
}

const heavy = ['http', 'https', 'tls', 'crypto', 'dns', 'dns-packet', 'undici']

test.each(['', '/netlink', '/nftables', '/errors', '/values'])(
  'netloom%s loads neither HTTP nor TLS nor DNS',
  (subpath) => {
    const loaded = loadedBy(
      `require(root + '/dist${subpath === '' ? '' : subpath.replace(/^\/(errors|values)$/, '/public/$1')}')`,
    )
    expect(loaded.filter((name) => heavy.includes(name))).toEqual([])
  },
)

test('they are loaded by what needs them', () => {
  const loaded = loadedBy(`const { NetNs } = require(root)
    NetNs.create().then(async (ns) => {
      ns.agent().destroy()
      await new Promise((resolve) => ns.lookup('localhost', resolve))
      await ns.resolve?.('localhost').catch(() => undefined)
      ns.close()
    })`)
  expect(loaded).toEqual(expect.arrayContaining(['http', 'https', 'dns']))
})
