// Files of /etc for a namespace: /etc/netns/NAME/FILE if it exists, as `ip netns exec` mounts it, else the host's.
import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { NetloomError, type Subject } from '../errors'

const netnsDirectory = '/etc/netns'

/** The largest file that is read: a list of a hundred thousand hosts has half of this. */
const largest = 8 << 20
/** O_NONBLOCK: to open a fifo does not wait for its other end. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY

type CodedError = Error & { readonly code?: string }

function codeOf(error: unknown): string | undefined {
  return (error as CodedError | null | undefined)?.code
}

const absent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'

/** Refuses a symbolic link in the path of a namespace's file: whoever may write there must not make this process read others. */
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

/** The content of a file, if it is a regular one, and not too large. */
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

/** The parsed content of a file, which is read again only when it has changed. */
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
   * Its current content; if the file is missing, that of an empty one.
   * @param name - The name of the namespace, checked to be a file name; undefined if it has none.
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
