// Files of /etc as a namespace has them: /etc/netns/NAME/FILE where there is one, as `ip netns exec` mounts it, and the
// host's else.
import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { NetloomError, type Subject } from '../errors'

const netnsDirectory = '/etc/netns'

/** More than that is no file of names: lists of a hundred thousand hosts have half of it. */
const largest = 8 << 20
/** Opening something else than a file does not wait for who is at its other end. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

type CodedError = Error & { readonly code?: string }

function codeOf(error: unknown): string | undefined {
  return (error as CodedError | null | undefined)?.code
}

const absent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'

/** Refuses a link on the way to a namespace's file: who may write there is not who may choose the files of the process. */
function refused(path: string, { operation, netns }: Subject): NetloomError {
  const message = `ELOOP: ${operation} in netns ${netns}: ${path} is a symbolic link, which is not followed`
  return new NetloomError(message, 'ELOOP', { operation, netns, errno: 40, syscall: 'open' })
}

/** A file of the namespace, or undefined where it has none. */
async function openOwn(name: string, file: string, subject: Subject): Promise<FileHandle | undefined> {
  const directory = `${netnsDirectory}/${name}`
  try {
    for (const path of [netnsDirectory, directory]) {
      if ((await lstat(path)).isSymbolicLink()) throw refused(path, subject)
    }
    return await open(`${directory}/${file}`, flags | constants.O_NOFOLLOW)
  } catch (error) {
    if (absent(error)) return undefined
    throw codeOf(error) === 'ELOOP' && !(error instanceof NetloomError)
      ? refused(`${directory}/${file}`, subject)
      : error
  }
}

/** What a file says, if it is one, and not larger than such a file may be. */
async function textOf(handle: FileHandle, stat: BigIntStats, file: string, subject: Subject): Promise<string> {
  const fail = (code: 'EINVAL' | 'EFBIG', errno: number, why: string): NetloomError => {
    const { operation, netns } = subject
    const message = `${code}: ${operation} in netns ${netns}: its ${file} is ${why}`
    return new NetloomError(message, code, { operation, netns, errno, syscall: 'read' })
  }
  if (!stat.isFile()) throw fail('EINVAL', 22, 'no regular file')
  if (stat.size > largest) throw fail('EFBIG', 27, `larger than ${largest} bytes`)
  const text = Buffer.alloc(Number(stat.size) + 1)
  // It may have grown since.
  const { bytesRead } = await handle.read(text, 0, text.length, 0)
  return text.toString('utf8', 0, bytesRead)
}

async function openHosts(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(`/etc/${file}`, flags)
  } catch (error) {
    if (absent(error)) return undefined
    throw error
  }
}

/** What a file says, read again only when it has changed. */
export class EtcFile<Content> {
  readonly #file: string
  readonly #parse: (text: string) => Content
  #signature = ''
  #content: Content | undefined

  constructor(file: 'resolv.conf' | 'hosts', parse: (text: string) => Content) {
    this.#file = file
    this.#parse = parse
  }

  /**
   * What it says now; of a file that is missing, what an empty one says.
   * @param name - The namespace's, which was checked to be one file's name; undefined if it has none.
   */
  async read(name: string | undefined, subject: Subject): Promise<Content> {
    const own = name === undefined ? undefined : await openOwn(name, this.#file, subject)
    const handle = own ?? (await openHosts(this.#file))
    try {
      const stat = await handle?.stat({ bigint: true })
      const signature =
        stat === undefined ? 'none' : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`
      if (this.#content === undefined || signature !== this.#signature) {
        const isThere = handle !== undefined && stat !== undefined
        this.#content = this.#parse(isThere ? await textOf(handle, stat, this.#file, subject) : '')
        this.#signature = signature
      }
      return this.#content
    } finally {
      await handle?.close()
    }
  }
}
