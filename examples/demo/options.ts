// The command line of the demo.
import { parseArgs } from 'node:util'

export interface Options {
  /** What the namespaces' names begin with. */
  readonly prefix: string
  /** Waits before it cleans up. */
  readonly hold: boolean
  /** Makes the namespaces without any privilege, as it does anyway for who has none. */
  readonly rootless: boolean
  /** Its name among the scripts of package.json. */
  readonly demo: string
}

/** What a demo says of itself. */
export function usageOf(what: string): string {
  return `${what}

  --prefix TEXT  what the names of the namespaces begin with, if you have a "red", a "green" or a "switch" of your own
  --hold         waits for Ctrl-C before it removes them, so that you can look around
  --rootless     without any privilege, and so without names; this is so anyway where you are not root
  --help         this text`
}

/** The options, or a text to print instead of running. */
export function readOptions(args: string[], demo: string, usage: string): Options | string {
  const known = {
    prefix: { type: 'string', default: '' },
    hold: { type: 'boolean', default: false },
    rootless: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const
  try {
    const { prefix, hold, rootless, help } = parseArgs({ args, options: known }).values
    return help ? usage : { prefix, hold, rootless, demo }
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`
  }
}
