// The signatures of Node's child_process, with this library's options besides Node's.
import type {
  ChildProcess,
  ChildProcessWithoutNullStreams,
  ExecException,
  ExecFileException,
  ExecFileOptions,
  ExecFileSyncOptions,
  ExecOptions,
  ExecSyncOptions,
  ForkOptions,
  PromiseWithChild,
  SpawnOptions,
  SpawnOptionsWithoutStdio,
  SpawnSyncOptions,
  SpawnSyncReturns,
} from 'node:child_process'
import type { promisify } from 'node:util'
import type { ProcessOptions } from './options'

/** Encodings that make the output a string. */
interface AsText {
  encoding?: BufferEncoding | undefined
}
/** Output as bytes. */
interface AsBytes {
  encoding: 'buffer' | null
}
/** The output of a program. */
interface Printed<Output> {
  stdout: Output
  stderr: Output
}
type Done<Failure, Output> = (error: Failure | null, stdout: Output, stderr: Output) => void

/** `child_process.spawn`, inside the namespace. */
export interface Spawn {
  (command: string, options?: SpawnOptionsWithoutStdio & ProcessOptions): ChildProcessWithoutNullStreams
  (command: string, options: SpawnOptions & ProcessOptions): ChildProcess
  (
    command: string,
    args?: readonly string[],
    options?: SpawnOptionsWithoutStdio & ProcessOptions,
  ): ChildProcessWithoutNullStreams
  (command: string, args: readonly string[], options: SpawnOptions & ProcessOptions): ChildProcess
}

/** `child_process.exec`, inside the namespace; `util.promisify` makes a promise of it, as of Node's. */
export interface Exec {
  (command: string, callback?: Done<ExecException, string>): ChildProcess
  (
    command: string,
    options: ExecOptions & AsBytes & ProcessOptions,
    callback?: Done<ExecException, Buffer>,
  ): ChildProcess
  (
    command: string,
    options: ExecOptions & AsText & ProcessOptions,
    callback?: Done<ExecException, string>,
  ): ChildProcess
  /** What `util.promisify` makes of it. */
  readonly [promisify.custom]: {
    (command: string, options?: ExecOptions & AsText & ProcessOptions): PromiseWithChild<Printed<string>>
    (command: string, options: ExecOptions & AsBytes & ProcessOptions): PromiseWithChild<Printed<Buffer>>
  }
}

/** `child_process.execFile`, inside the namespace; `util.promisify` makes a promise of it, as of Node's. */
export interface ExecFile {
  (file: string, callback?: Done<ExecFileException, string>): ChildProcess
  (
    file: string,
    args: readonly string[] | (ExecFileOptions & AsText & ProcessOptions),
    callback?: Done<ExecFileException, string>,
  ): ChildProcess
  (
    file: string,
    args: readonly string[],
    options: ExecFileOptions & AsBytes & ProcessOptions,
    callback?: Done<ExecFileException, Buffer>,
  ): ChildProcess
  (
    file: string,
    args: readonly string[],
    options: ExecFileOptions & AsText & ProcessOptions,
    callback?: Done<ExecFileException, string>,
  ): ChildProcess
  /** What `util.promisify` makes of it. */
  readonly [promisify.custom]: {
    (
      file: string,
      args?: readonly string[],
      options?: ExecFileOptions & AsText & ProcessOptions,
    ): PromiseWithChild<Printed<string>>
    (
      file: string,
      args: readonly string[],
      options: ExecFileOptions & AsBytes & ProcessOptions,
    ): PromiseWithChild<Printed<Buffer>>
  }
}

/** `child_process.fork`, inside the namespace. */
export interface Fork {
  (modulePath: string | URL, options?: ForkOptions & ProcessOptions): ChildProcess
  (modulePath: string | URL, args?: readonly string[], options?: ForkOptions & ProcessOptions): ChildProcess
}

/** `child_process.spawnSync`, inside the namespace. */
export interface SpawnSync {
  (command: string, options: SpawnSyncOptions & ProcessOptions & { encoding: BufferEncoding }): SpawnSyncReturns<string>
  (command: string, options?: SpawnSyncOptions & ProcessOptions): SpawnSyncReturns<Buffer>
  (
    command: string,
    args: readonly string[],
    options: SpawnSyncOptions & ProcessOptions & { encoding: BufferEncoding },
  ): SpawnSyncReturns<string>
  (command: string, args?: readonly string[], options?: SpawnSyncOptions & ProcessOptions): SpawnSyncReturns<Buffer>
}

/** `child_process.execSync`, inside the namespace. */
export interface ExecSync {
  (command: string, options: ExecSyncOptions & ProcessOptions & { encoding: BufferEncoding }): string
  (command: string, options?: ExecSyncOptions & ProcessOptions): Buffer
}

/** `child_process.execFileSync`, inside the namespace. */
export interface ExecFileSync {
  (file: string, options: ExecFileSyncOptions & ProcessOptions & { encoding: BufferEncoding }): string
  (file: string, options?: ExecFileSyncOptions & ProcessOptions): Buffer
  (
    file: string,
    args: readonly string[],
    options: ExecFileSyncOptions & ProcessOptions & { encoding: BufferEncoding },
  ): string
  (file: string, args?: readonly string[], options?: ExecFileSyncOptions & ProcessOptions): Buffer
}
