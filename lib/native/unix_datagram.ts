// One datagram to a Unix socket, which Node has none of.
import { systemError } from '../errors'
import { checkText } from '../wire/text'
import { wrongType } from '../wire/invalid'
import { addon } from './addon'

/** What sun_path of linux/un.h has room for, with a NUL behind it. */
const longestPath = 107

/**
 * Sends a text as one datagram to a Unix socket, at once or not at all: how programs tell systemd (sd_notify(3)) or syslog.
 * @param path - The socket's path of at most 107 bytes; one that begins with `@` is abstract.
 * @param message - The text, sent as UTF-8.
 * @param operation - What errors call this call, for who has a name of its own for it.
 * @throws TypeError, RangeError for a wrong argument; what sendto(2) refuses: `ENOENT`, `ECONNREFUSED`, `EAGAIN` if the receiver's queue is
 * full, `EMSGSIZE`.
 * @example
 * sendUnixDatagram(process.env.NOTIFY_SOCKET, 'READY=1')
 */
export function sendUnixDatagram(path: string, message: string, operation = 'sendUnixDatagram'): void {
  checkText(path, 1, longestPath, 'path')
  if (typeof message !== 'string') throw wrongType('message', 'a string', message)
  const [errno, syscall] = addon.sendToUnix(path, message)
  if (errno !== 0) throw systemError({ operation, errno, syscall, detail: path })
}
