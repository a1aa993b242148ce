// Parses the arguments of Node's child_process functions, in any of their forms. Leaves wrong ones for Node to refuse, with
// its own error.
import { fileURLToPath } from 'node:url'

/** Options as a user has given them, for Node and for this library. */
export type Options = Record<string, unknown>

/** A program, and how it is started. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  /** Its argv[0]. */
  readonly argv0: string
  /** Its working directory; '' for that of this process. */
  readonly cwd: string
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** Node's other options. */
  readonly options: Options
}

const hasNul = (value: unknown): boolean => String(value).includes('\0')

const isOptions = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Splits the arguments of spawn and similar functions; undefined if Node refuses them. */
export function takeApart(given: readonly unknown[]): { file: string; args: string[]; options: Options } | undefined {
  const [file, second, third] = given
  if (typeof file !== 'string' || file === '' || hasNul(file)) return undefined
  const hasArgs = Array.isArray(second)
  if (!hasArgs && second !== undefined && second !== null && !isOptions(second)) return undefined
  const options = hasArgs || second === undefined || second === null ? third : second
  if (options !== undefined && options !== null && !isOptions(options)) return undefined
  // Node refuses null here in some functions, and accepts it in others: leaves that to Node.
  if (options === null && third === null) return undefined
  const args = hasArgs ? second.map(String) : []
  return args.some(hasNul) ? undefined : { file, args, options: isOptions(options) ? options : {} }
}

/** Splits off those of Node's options that the launcher has to apply. */
export function commandOf(file: string, args: readonly string[], given: Options): Command {
  const options = { ...given }
  const own = { cwd: '', uid: undefined as number | undefined, gid: undefined as number | undefined }
  const { cwd, uid, gid, shell, argv0 } = options
  if (typeof cwd === 'string' && !hasNul(cwd)) own.cwd = cwd
  else if (cwd instanceof URL && cwd.protocol === 'file:') own.cwd = fileURLToPath(cwd)
  if (own.cwd !== '') delete options.cwd
  // Node refuses a negative one with its own error.
  if (Number.isInteger(uid) && Number(uid) >= 0) {
    own.uid = Number(uid)
    delete options.uid
  }
  if (Number.isInteger(gid) && Number(gid) >= 0) {
    own.gid = Number(gid)
    delete options.gid
  }
  let program = { file, args }
  if (shell === true || (typeof shell === 'string' && shell !== '' && !hasNul(shell))) {
    program = { file: shell === true ? '/bin/sh' : shell, args: ['-c', [file, ...args].join(' ')] }
    delete options.shell
  }
  const name = typeof argv0 === 'string' && !hasNul(argv0) ? argv0 : program.file
  if (typeof argv0 === 'string' && !hasNul(argv0)) delete options.argv0
  return { ...program, argv0: name, ...own, options }
}

const words = new Set(['pipe', 'ignore', 'inherit', 'overlapped'])

/**
 * The `stdio` of a call with one more descriptor at its end, and the launcher’s first argument: the number of this descriptor,
 * and behind it those that the program does not get. Undefined if Node refuses the `stdio`.
 */
export function withDescriptor(
  stdio: unknown,
  descriptor: number,
  standard: 'pipe' | 'inherit' = 'pipe',
): { all: unknown[]; places: string; pipes: number } | undefined {
  let all: unknown[]
  if (stdio === undefined || stdio === null) all = [standard, standard, standard]
  else if (typeof stdio === 'string' && words.has(stdio)) all = [stdio, stdio, stdio]
  else if (Array.isArray(stdio)) all = [...(stdio as readonly unknown[])]
  else return undefined
  while (all.length < 3) all.push(undefined)
  const at = all.length
  const places = [at]
  // The launcher closes these, as libuv leaves the process's own descriptors open there.
  all.forEach((one, fd) => {
    if (fd >= 3 && (one === 'ignore' || one === undefined || one === null)) places.push(fd)
  })
  const isPipe = (one: unknown, fd: number): boolean =>
    one === 'pipe' || one === 'overlapped' || one === 'ipc' || ((one === undefined || one === null) && fd < 3)
  const pipes = all.filter(isPipe).length
  all.push(descriptor)
  return { all, places: places.join(), pipes }
}
