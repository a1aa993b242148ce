// Checks with dnsmasq whether it accepts options, before they are written: a running dnsmasq would only log an error, and ignore them.
import { spawn } from 'node:child_process'
import { wrongValue } from 'netloom/errors'
import type { Network } from './check_network'
import type { CheckedOption } from './check_options'
import { dhcpError } from './errors'
import { optionLine } from './host_files'

/** Options as they were given, by the field that they were given in. */
export interface GivenOptions {
  readonly field: string
  readonly options: readonly CheckedOption[]
}

/** The options of a network's subnets. */
export function optionsOf({ subnets }: Network, field = ''): GivenOptions[] {
  return subnets.map(({ options }, i) => ({ field: `${field}subnets[${i}].options`, options }))
}

/** The size of the cache of answers. */
const most = 10_000
const patienceMs = 10_000

/** Checks options with one program. */
export class OptionTester {
  readonly #program: string
  readonly #taken = new Set<string>()

  constructor(program: string) {
    this.#program = program
  }

  /**
   * Checks all options that are not in the cache, by one process.
   * @throws TypeError for the first that is refused, by field.
   */
  async check(all: readonly GivenOptions[]): Promise<void> {
    const asked: { line: string; field: string; option: CheckedOption }[] = []
    for (const { field, options } of all) {
      for (const [i, option] of options.entries()) {
        const line = optionLine(['any'], option.family, option.code, option.values)
        if (!this.#taken.has(line)) asked.push({ line, field: `${field}[${i}]`, option })
      }
    }
    if (asked.length === 0) return
    const said = await this.#ask(asked.map(({ line }) => `dhcp-option=${line}\n`).join(''))
    if (said !== undefined) {
      const number = Number(/ at line (\d+) of /.exec(said)?.[1])
      const refused = asked[number - 1]
      if (refused === undefined) throw dhcpError('ERR_NETLOOM_DNSMASQ_FAILED', 'DhcpAgent', `dnsmasq --test: ${said}`)
      const { code, values } = refused.option
      const named = said.includes('bad dhcp-option') && !/^\d/.test(code)
      if (named) throw wrongValue(`${refused.field}.code`, 'an option that dnsmasq knows', code)
      throw wrongValue(`${refused.field}.value`, `what option ${code} has (dnsmasq: ${said})`, values.join(','))
    }
    if (this.#taken.size > most) this.#taken.clear()
    for (const { line } of asked) this.#taken.add(line)
  }

  /** dnsmasq's error for a configuration; undefined if it accepts it. */
  #ask(configuration: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#program, ['--test', '--conf-file=-'], {
        stdio: ['pipe', 'ignore', 'pipe'],
        timeout: patienceMs,
      })
      let said = ''
      child.stderr.on('data', (data) => (said += String(data)))
      child.stdin.on('error', () => undefined) // it ends at the first refused option
      child.once('error', reject)
      child.once('close', (code) => {
        resolve(code === 0 ? undefined : said.trim().replace(/^dnsmasq: /, ''))
      })
      child.stdin.end(configuration)
    })
  }
}
