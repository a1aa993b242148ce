// Finds the processes that have a socket open: /proc/PID/fd has the inodes of sockets.
import { readdir, readFile, readlink } from 'node:fs/promises'
import type { SocketProcess } from './inet'

/** Undefined if the process has ended meanwhile, or belongs to another user. */
async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch(() => undefined)
}

async function scanProcess(
  pid: string,
  wanted: ReadonlySet<number>,
  found: Map<number, SocketProcess[]>,
): Promise<void> {
  const names = (await orNothing(readdir(`/proc/${pid}/fd`))) ?? []
  const targets = await Promise.all(names.map((fd) => orNothing(readlink(`/proc/${pid}/fd/${fd}`))))
  let command: string | undefined
  for (const [i, target] of targets.entries()) {
    const inode = Number(/^socket:\[(\d+)\]$/.exec(target ?? '')?.[1])
    if (!wanted.has(inode)) continue
    command ??= ((await orNothing(readFile(`/proc/${pid}/comm`, 'utf8'))) ?? '').trimEnd()
    const all = found.get(inode) ?? []
    all.push({ pid: Number(pid), fd: Number(names[i]), command })
    found.set(inode, all)
  }
}

/**
 * The processes that have sockets, by inode. Inodes of sockets are the same in all namespaces, so the machine's /proc suffices.
 * @param netns - Inode of the namespace whose processes are examined, besides this one; undefined for all processes.
 */
export async function processesOf(
  inodes: ReadonlySet<number>,
  netns: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Map<number, SocketProcess[]>> {
  const found = new Map<number, SocketProcess[]>()
  const own = String(process.pid)
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (signal?.aborted === true) break
    if (netns !== undefined && pid !== own) {
      if ((await orNothing(readlink(`/proc/${pid}/ns/net`))) !== `net:[${netns}]`) continue
    }
    await scanProcess(pid, inodes, found)
  }
  return found
}
