// Tells systemd what becomes of the daemon, by its own program: Node has no datagrams on Unix sockets.
import { execFile } from 'node:child_process'

/** Sends a state (sd_notify(3)), if systemd waits for one. Units need NotifyAccess=all. */
export function notify(...state: string[]): Promise<void> {
  if (process.env.NOTIFY_SOCKET === undefined) return Promise.resolve()
  return new Promise((resolve) => {
    execFile('systemd-notify', [`--pid=${process.pid}`, ...state], () => {
      resolve()
    })
  })
}
