// Captures packets from a socket into a file.
import { open, type FileHandle } from 'node:fs/promises'
import { AbortError, NetloomError, type Subject } from '../errors'
import { whenAborted } from '../native/abort'
import { mostAtOnce, Possible, timeOf, type Datagrams, type Slab } from '../native/datagrams'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { checkInteger } from '../wire/integers'
import { checkKeys } from '../wire/invalid'
import { checkText } from '../wire/text'
import { LinkType, linkTypeOf, pcapHeader, pcapRecords } from './pcap'

/** Options of `Packets.capture`. */
export interface CaptureOptions extends Pick<CallOptions, 'signal'> {
  /** Ends it after this many packets, 1 to 2^53 - 1. Default: it ends when the socket is closed. */
  count?: number | undefined
}

/** The result of a capture. */
export interface CaptureResult {
  /** How many packets are in the file. */
  readonly packets: number
  /** How many bytes the file has. */
  readonly bytes: number
  /** How many packets the kernel dropped meanwhile, as its buffer was full. */
  readonly dropped: number
}

/** The largest write, in bytes. */
const writeSize = 1024 * 1024

const keys = new Set(['count', 'signal'])

/** Checks the arguments of a capture. */
export function checkCaptureOptions(file: unknown, options: CaptureOptions): void {
  checkText(file, 1, 4095, 'file')
  checkKeys(options, keys)
  const { count, signal } = options
  checkCallOptions({ signal })
  if (count !== undefined) checkInteger(count, 1, Number.MAX_SAFE_INTEGER, 'count')
}

/** The socket that packets are captured from. */
export interface CaptureSource {
  readonly subject: Subject
  readonly cooked: boolean
  readonly deviceType: number
  readonly snapLength: number
  readonly slab: Slab
  readonly datagrams: Datagrams
  readonly failure: (errno: number) => NetloomError
  readonly dropped: () => number
}

/** A running capture. */
export interface Capture {
  readonly done: Promise<CaptureResult>
  /** To be called when the socket can be read. */
  onReadable(): void
  /** Ends the capture after the packets that have arrived before the call. */
  finish(): Promise<void>
}

/** Ends when `count` packets are written, or `finish` is called. */
export function capture(source: CaptureSource, file: string, { count = Infinity, signal }: CaptureOptions): Capture {
  const { datagrams, slab, snapLength } = source
  let wake: (() => void) | undefined
  let until: bigint | undefined
  const linkType = source.cooked ? LinkType.cooked : linkTypeOf(source.deviceType)
  /** Receives the packets that wait, up to the size of a write. */
  const gather = (most: number): { records: Buffer; found: number; errno: number; late: boolean } => {
    const parts: Buffer[] = []
    let [found, size, late] = [0, 0, false]
    for (;;) {
      const { count: some, errno } = datagrams.receive(slab, snapLength, Math.min(mostAtOnce, most - found))
      // Before the next receive overwrites the times.
      if (some > 0 && until !== undefined && timeOf(some - 1) > until) late = true
      const records = pcapRecords(some, slab, linkType ?? LinkType.cooked)
      parts.push(records)
      found += some
      size += records.length
      const done = some === 0 || found === most || size >= writeSize || late || errno !== 0
      if (done) return { records: Buffer.concat(parts), found, errno, late }
    }
  }
  const run = async (): Promise<CaptureResult> => {
    if (linkType === undefined) throw noLinkType(source)
    const checkSignal = (outcome: 'none' | 'unknown'): void => {
      if (signal?.aborted === true) throw new AbortError(source.subject, outcome, signal.reason)
    }
    checkSignal('none')
    const output = await open(file, 'w')
    const forget = signal === undefined ? undefined : whenAborted(signal, () => wake?.())
    let packets = 0
    let bytes = 0
    try {
      bytes += await write(output, pcapHeader(snapLength, linkType))
      while (packets < count) {
        checkSignal('unknown')
        const { records, found, errno, late } = gather(count - packets)
        if (found > 0) bytes += await write(output, records)
        packets += found
        if (errno !== 0) throw source.failure(errno)
        if (late || (until !== undefined && found === 0)) break
        if (found > 0) continue
        await new Promise<void>((resolve) => {
          wake = resolve
          datagrams.begin(Possible.read)
        })
        wake = undefined
      }
      return { packets, bytes, dropped: source.dropped() }
    } finally {
      forget?.()
      datagrams.stop(Possible.read)
      await output.close()
    }
  }
  const done = run()
  return {
    done,
    onReadable: () => {
      datagrams.stop(Possible.read)
      wake?.()
    },
    finish: async () => {
      until = BigInt(Date.now() + 1) * 1_000_000n
      wake?.()
      await done.catch(() => undefined)
    },
  }
}

/** Writes all bytes. Returns how many. */
async function write(output: FileHandle, bytes: Buffer): Promise<number> {
  let written = 0
  while (written < bytes.length) written += (await output.write(bytes, written)).bytesWritten
  return written
}

function noLinkType({ subject, deviceType }: CaptureSource): NetloomError {
  const why =
    deviceType === 0
      ? 'frames of several devices begin with different headers'
      : `frames of a device of this type (ARPHRD ${deviceType}) have a header that a file has no name for`
  const message = `${subject.operation} in netns ${subject.netns}: ${why}; open the socket with cooked: true`
  return new NetloomError(message, 'ERR_NETLOOM_LINK_TYPE', subject)
}
