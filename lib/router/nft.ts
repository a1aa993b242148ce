// nftables, by the program nft and its JSON (libnftables-json(5)). The only file that knows it: one that speaks nftables itself
// can take its place.
import { randomUUID } from 'node:crypto'
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { handleOf } from '../native/netns_handle'
import type { NetNs } from '../netns/netns'
import { firstGeneration, generationAfter, generationOf } from '../nftables/generation'
import { findProgram } from '../programs'
import type { CheckedRouter } from './check'
import { routerError } from './errors'

/** A router's rules: the objects of a table, in the order in which they are made. */
export type Rules = readonly object[]

const table = { family: 'ip', name: 'netloom' }
const within = { family: 'ip', table: 'netloom' }
const patienceMs = 10_000

function chain(name: string, type: 'nat' | 'filter', prio: number, hook = name): object {
  return { chain: { ...within, name, type, hook, prio, policy: 'accept' } }
}

function rule(chain: string, ...expr: object[]): object {
  return { rule: { ...within, chain, expr } }
}

function match(left: object, op: '==' | '!=' | 'in', right: unknown): object {
  return { match: { op, left, right } }
}

const status = { ct: { key: 'status' } }
const original = (field: 'saddr' | 'daddr'): object => ({ ct: { key: `ip ${field}`, dir: 'original' } })
const reply = (field: 'saddr' | 'daddr'): object => ({ ct: { key: `ip ${field}`, dir: 'reply' } })
const mapped = (field: 'saddr' | 'daddr', name: string): object => ({
  addr: { map: { key: { payload: { protocol: 'ip', field } }, data: `@${name}` } },
})
const drop = { drop: null }

/** The rules of a router; undefined if it needs none. */
export function rulesOf({ gateway, floatingIps }: CheckedRouter): Rules | undefined {
  const own = gateway?.addresses.find(({ subnet }) => subnet.family === 'ipv4')?.address.split('/')[0]
  if (gateway === undefined || own === undefined || (!gateway.snat && floatingIps.length === 0)) return undefined
  const leaves = match({ meta: { key: 'oifname' } }, '==', gateway.device)
  const stays = match({ meta: { key: 'oifname' } }, '!=', gateway.device)
  const fromInside = match({ meta: { key: 'iifname' } }, '!=', gateway.device)
  const pairs = (first: 'address' | 'fixed', second: 'address' | 'fixed'): string[][] =>
    floatingIps.map((one) => [one[first], one[second]])
  const set = (name: string, type: string | string[], elem: unknown[]): object => ({
    set: { ...within, name, type, ...(elem.length === 0 ? {} : { elem }) },
  })
  const map = (name: string, elem: string[][]): object => ({
    map: { ...within, name, type: 'ipv4_addr', map: 'ipv4_addr', ...(elem.length === 0 ? {} : { elem }) },
  })
  const pair = ['ipv4_addr', 'ipv4_addr']
  const joined = (elem: string[][]): object[] => elem.map((concat) => ({ concat }))
  return [
    chain('prerouting', 'nat', -100),
    chain('postrouting', 'nat', 100),
    chain('forward', 'filter', 0),
    map('inward', pairs('address', 'fixed')),
    map('outward', pairs('fixed', 'address')),
    set('entered', pair, joined(pairs('address', 'fixed'))),
    set('left', pair, joined(pairs('fixed', 'address'))),
    rule('prerouting', { dnat: mapped('daddr', 'inward') }),
    rule('postrouting', leaves, { snat: mapped('saddr', 'outward') }),
    ...(gateway.snat ? [rule('postrouting', leaves, fromInside, { snat: { addr: own } })] : []),
    // Who reaches a neighbor by its floating address: the answer has to come back by the router, too.
    rule('postrouting', stays, fromInside, match(status, 'in', 'dnat'), { snat: { addr: own } }),
    // Connections by a floating address that is another's now, or nobody's, end at once; the kernel would keep them.
    rule(
      'forward',
      match(status, 'in', 'dnat'),
      match({ concat: [original('daddr'), reply('saddr')] }, '!=', '@entered'),
      drop,
    ),
    rule(
      'forward',
      match(status, 'in', 'snat'),
      match(reply('daddr'), '!=', own),
      match({ concat: [original('saddr'), reply('daddr')] }, '!=', '@left'),
      drop,
    ),
  ]
}

/** The program's path. */
export function findNft(program: string): string {
  const found = findProgram(program)
  if (found !== undefined) return found
  const message = `there is no program ${program}, which source and floating addresses need; Debian has it in the package nftables`
  throw routerError('ERR_NETLOOM_NO_NFT', 'routers.ensure', message)
}

/** What is known of the rules in a namespace. */
interface Known {
  readonly netns: NetNs
  /** The rules that were put in, as text. */
  readonly asked: string
  /** The generation in which that was so; undefined if somebody else may have changed something since. */
  generation: number | undefined
  /** How nft shows them; undefined while nobody has looked. */
  shown: string | undefined
}

/** The rules in one namespace. */
export class Nft {
  readonly #program: string
  #known: Known | undefined

  constructor(program: string) {
    this.#program = program
  }

  /**
   * Puts rules into the place of those that are there, in one go: no packet sees half of them. Connections stay. Where they are there
   * already, and nothing was changed in the namespace's nftables since, no program is started.
   * @returns Whether something was changed.
   */
  async apply(netns: NetNs, rules: Rules | undefined): Promise<boolean> {
    const asked = JSON.stringify(rules ?? [])
    const known = this.#known?.netns === netns && this.#known.asked === asked ? this.#known : undefined
    const generation = await generationOf(netns[handleOf])
    if (known !== undefined && generation !== undefined && known.generation === generation) return false
    if (rules === undefined) return this.#clear(netns, generation)
    const program = findNft(this.#program)
    if (known === undefined) {
      await this.#put(program, netns, rules, generation)
      return true
    }
    // Somebody has changed something, there or elsewhere in the namespace.
    const before = await list(program, netns)
    if (before === known.shown) {
      known.generation = generation
      return false
    }
    const put = await this.#put(program, netns, rules, generation)
    put.shown = await list(program, netns)
    return before !== put.shown
  }

  /** Takes away what is there of ours, if anything. */
  async #clear(netns: NetNs, generation: number | undefined): Promise<boolean> {
    const nothing = { netns, asked: '[]', generation, shown: '' }
    // Without the program, and where nothing was ever put in, there can be none of ours.
    const program = generation === firstGeneration ? undefined : findProgram(this.#program)
    const found = program === undefined ? '' : await list(program, netns)
    if (program === undefined || found === '') {
      this.#known = nothing
      return false
    }
    await this.#put(program, netns, undefined, generation)
    return true
  }

  async #put(program: string, netns: NetNs, rules: Rules | undefined, before: number | undefined): Promise<Known> {
    this.#known = undefined
    const add = (one: object): object => ({ add: one })
    // It is added so that it can be deleted in any case.
    const cleared = [{ add: { table } }, { delete: { table } }]
    const made = rules === undefined ? [] : [{ add: { table } }, ...rules.map(add)]
    await run(program, netns, ['-j', '-f', '-'], JSON.stringify({ nftables: [...cleared, ...made] }))
    const after = await generationOf(netns[handleOf])
    // What somebody else has done meanwhile may have been to ours.
    const isOurs = before !== undefined && after === generationAfter(before)
    const generation = isOurs ? after : undefined
    this.#known = { netns, asked: JSON.stringify(rules ?? []), generation, shown: undefined }
    return this.#known
  }
}

/** What is in our table, as text without its numbers; empty if there is none. */
async function list(program: string, netns: NetNs): Promise<string> {
  const tables = await run(program, netns, ['-j', 'list', 'tables'])
  if (!/"name": ?"netloom"/.test(tables)) return ''
  const text = await run(program, netns, ['-j', 'list', 'table', table.family, table.name])
  return text.replace(/, "handle": \d+/g, '')
}

/** A file without a name that holds a text. nft opens its input by name, which it cannot do with the sockets of Node's pipes. */
function fileOf(text: string): number {
  const path = join(tmpdir(), `netloom-nft-${randomUUID()}`)
  const fd = openSync(path, 'wx+', 0o600)
  try {
    unlinkSync(path)
    writeSync(fd, text)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

async function run(program: string, netns: NetNs, args: readonly string[], input = ''): Promise<string> {
  const stdin = fileOf(input)
  try {
    return await runOn(stdin, program, netns, args)
  } finally {
    closeSync(stdin)
  }
}

function runOn(stdin: number, program: string, netns: NetNs, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void => {
      reject(routerError('ERR_NETLOOM_NFT_FAILED', 'routers.ensure', `nft ${args.join(' ')}: ${why}`, cause))
    }
    const child = netns.spawn(program, args, {
      cwd: '/',
      stdio: [stdin, 'pipe', 'pipe'],
      timeout: patienceMs,
      env: { PATH: '/usr/sbin:/usr/bin' },
    })
    let [out, said] = ['', '']
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', (error) => {
      fail(error.message, error)
    })
    child.once('close', (code, signal) => {
      if (code === 0) resolve(out)
      else fail(said.trim() === '' ? `ended by ${String(signal ?? code)}` : said.trim())
    })
  })
}
