// The directory of an agent, and the agent's own files in it. Deletes only what the agent has verifiably created, as others may have
// files in it: the wrong `stateDir` may have been given, or it may have a lost+found.
import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { agentError } from './errors'
import { makeDirectory, putNew, readIfThere, removeDirectory } from './files'

/** The kinds of agents, with the name of each one's description files. */
const descriptions = { dhcp: 'network.json', router: 'router.json' } as const

/** A kind of agent. */
export type AgentKind = keyof typeof descriptions

/** Whether a text can be the owner in marks. */
export function isOwner(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value)
}

/** The content of the lock file; empty if no agent, or only an older version, has used the directory. */
function readOwner(path: string): { agent?: string; owner?: unknown } {
  try {
    const { agent, owner } = JSON.parse(readIfThere(path) ?? '{}') as { agent?: unknown; owner?: unknown }
    return { ...(typeof agent === 'string' ? { agent } : {}), owner }
  } catch {
    return {}
  }
}

/** The directory of an agent. */
export class StateDirectory {
  readonly path: string
  readonly kind: AgentKind
  /** The owner in this agent's marks; kept in the lock file. */
  readonly owner: string

  private constructor(path: string, kind: AgentKind, owner: string) {
    this.path = path
    this.kind = kind
    this.owner = owner
  }

  /**
   * Takes it for an agent that has its lock.
   * @throws NetloomError: `ERR_NETLOOM_STATE_FOREIGN` if it is the directory of another kind of agent.
   */
  static take(path: string, kind: AgentKind, operation: string): StateDirectory {
    const file = `${path}/lock`
    const { agent, owner } = readOwner(file)
    const other = agent ?? otherKind(path, kind)
    if (other !== undefined && other !== kind) {
      const why = `${path} is the directory of another kind of agent (${other})`
      throw agentError('ERR_NETLOOM_STATE_FOREIGN', operation, why)
    }
    const known = isOwner(owner)
    const state = new StateDirectory(path, kind, known ? owner : randomBytes(16).toString('hex'))
    // Written in place, as the lock is on this very file.
    if (!known) writeFileSync(file, `${JSON.stringify({ agent: kind, owner: state.owner })}\n`)
    return state
  }

  /** The directory of one network or router, which need not exist. */
  directory(id: string): OwnDirectory {
    return new OwnDirectory(this, id)
  }

  /** Completes creations and deletions that a kill has interrupted; returns the other entries. */
  look(): { readonly own: readonly string[]; readonly foreign: readonly string[] } {
    const names = directoriesIn(this.path)
    const left = names.filter((name) => name.startsWith(this.#hidden('')))
    for (const name of left) removeDirectory(`${this.path}/${name}`)
    const isOwn = (name: string): boolean => isThere(`${this.path}/${name}/${descriptions[this.kind]}`)
    const others = names.filter((name) => !left.includes(name))
    return { own: others.filter(isOwn), foreign: others.filter((name) => !isOwn(name)) }
  }

  /** @internal The name of a directory that is being created or deleted. No id begins with a dot. */
  hiddenPath(id: string): string {
    return `${this.path}/${this.#hidden(id)}`
  }

  #hidden(id: string): string {
    return `.${this.owner}.${id}`
  }
}

/** The directory of one network or router: it exists with its description, or not at all. */
export class OwnDirectory {
  readonly path: string
  /** The file with the description. */
  readonly description: string
  readonly #state: StateDirectory
  readonly #hidden: string
  /** Identifies this agent's directory, if another program replaces it. */
  #identity: string | undefined
  /** What was in the file before `begin`, where the directory was there already. */
  #found: { readonly before: string | undefined } | undefined

  /** @internal */
  constructor(state: StateDirectory, id: string) {
    this.#state = state
    this.path = `${state.path}/${id}`
    this.description = `${this.path}/${descriptions[state.kind]}`
    this.#hidden = state.hiddenPath(id)
  }

  /** The owner of what is made from now on. */
  get owner(): string {
    return this.#state.owner
  }

  /**
   * Makes it, with its description.
   * @param adopt - Whether a directory without one, which is somebody else's, may become this agent's.
   */
  begin(text: string, adopt: boolean): void {
    if (isThere(this.path)) {
      const before = lstatSync(this.path).isDirectory() ? readIfThere(this.description) : undefined
      if (before === undefined && !(adopt && lstatSync(this.path).isDirectory())) {
        const why = `${this.path} is there already, and this agent has not made it; it is left alone`
        throw agentError('ERR_NETLOOM_NOT_OWN', 'Agent.write', why)
      }
      putNew(this.description, text)
      this.#found = { before }
    } else {
      removeDirectory(this.#hidden)
      mkdirSync(this.#hidden, { mode: 0o755 })
      try {
        putNew(this.description.replace(this.path, this.#hidden), text)
        renameSync(this.#hidden, this.path)
      } catch (error) {
        removeDirectory(this.#hidden)
        throw error
      }
    }
    this.recognize()
  }

  /** Takes the directory that is there for this agent's: a former one has left it. */
  recognize(): void {
    this.#identity = identityOf(this.path)
  }

  /** Makes it again, where somebody has taken it away. */
  restore(): void {
    makeDirectory(this.path)
    this.recognize()
  }

  /** Whether it is there, and still the same. */
  get isOwn(): boolean {
    return this.#identity !== undefined && identityOf(this.path) === this.#identity
  }

  /** Takes it away with all that is in it: at once, as far as others can see. */
  remove(): void {
    if (!this.isOwn) return
    removeDirectory(this.#hidden)
    try {
      renameSync(this.path, this.#hidden)
      removeDirectory(this.#hidden)
    } catch {
      // It is a mount point, or the disk has an error; who looks again finds what is left.
      removeDirectory(this.path)
    }
    this.#identity = undefined
  }

  /** Takes back `begin`. */
  undo(): void {
    if (this.#found === undefined) {
      this.remove()
      return
    }
    const { before } = this.#found
    if (before === undefined) rmSync(this.description, { force: true })
    else putNew(this.description, before)
    this.#identity = undefined
  }
}

function directoriesIn(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

function isThere(path: string): boolean {
  return identityOf(path) !== undefined
}

/** Inodes are used again at once, so the time of birth is a part of it; it is 0 where the file system knows none. */
function identityOf(path: string): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? undefined : `${stat.dev} ${stat.ino} ${stat.birthtimeNs}`
}

/** The other kind of agent whose directory this is, of a version that did not say so. */
function otherKind(path: string, kind: AgentKind): string | undefined {
  const names = directoriesIn(path)
  const has = (one: AgentKind): boolean => names.some((name) => isThere(`${path}/${name}/${descriptions[one]}`))
  if (has(kind)) return undefined
  return (Object.keys(descriptions) as AgentKind[]).find((one) => one !== kind && has(one))
}
