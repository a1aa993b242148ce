// One datagram to a Unix socket, which Node has none of.
import { systemError } from '../errors'
import { addon } from './addon'

/**
 * Sends a text, at once or not at all.
 * @param path - The socket's; one that begins with `@` is abstract.
 */
export function sendToUnix(path: string, message: string, operation: string): void {
  const [errno, syscall] = addon.sendToUnix(path, message)
  if (errno !== 0) throw systemError({ operation, errno, syscall, detail: path })
}
