// Namespaces with equal addresses, and servers in them, for tests of clients.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ListenOptions, NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

/** What is closed after the test. */
export async function closed(server: Server): Promise<void> {
  const closing = once(server, 'close')
  server.close()
  const { closeAllConnections } = server as Partial<Record<'closeAllConnections', () => void>>
  closeAllConnections?.call(server)
  await closing
}

/** A namespace in which only `lo` is, up. */
export async function withLoopback(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.set('lo', { up: true })
  return ns
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** A server that tells each who it is, and goes when it is disposed. */
export async function serve(ns: NetNs, options: ListenOptions): Promise<Server & AsyncDisposable> {
  const server = await ns.listen(options)
  return Object.assign(server, { [Symbol.asyncDispose]: () => closed(server) })
}

/** What an HTTP server says of itself and of what was asked. */
export const saying =
  (word: string): RequestListener =>
  (request, response) => {
    response.end(`${word} ${request.url}`)
  }

/** A certificate for `web.test` and 127.0.0.1, and its key. */
export function certificate(): { cert: Buffer; key: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'netloom-certificate-'))
  try {
    const names = 'subjectAltName=DNS:web.test,IP:127.0.0.1'
    const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const what = ['-subj', '/CN=web.test', '-addext', names, '-keyout', 'key', '-out', 'cert']
    execFileSync('openssl', [...how, ...what], { cwd: directory, stdio: 'ignore' })
    return { cert: readFileSync(join(directory, 'cert')), key: readFileSync(join(directory, 'key')) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
