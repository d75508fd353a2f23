import type { Readable, Writable } from 'node:stream';

/** What is needed of a web stream: the types of Node.js and of the DOM differ in the rest. */
export interface KtxReadableStream {
  readonly locked: boolean;
  getReader(): { read(): Promise<{ done: boolean; value?: any }>; releaseLock(): void };
}

/** What is needed of a web stream that takes bytes. */
export interface KtxWritableStream {
  readonly locked: boolean;
  getWriter(): { readonly closed: Promise<unknown>; write(chunk: any): Promise<unknown>; releaseLock(): void };
}

/** The streams, environment and folder of a run of `ktx`. The default for each is this process's own. */
export interface KtxCliIo {
  /** Is read until it ends or the program does; never destroyed. */
  stdin?: Readable | NodeJS.ReadableStream | KtxReadableStream | null;
  /** Is written to, never ended. It must be read, as with a pipe. */
  stdout?: Writable | NodeJS.WritableStream | KtxWritableStream | null;
  /** Is written to, never ended. May be the same stream as `stdout`. */
  stderr?: Writable | NodeJS.WritableStream | KtxWritableStream | null;
  /** The whole environment, not an addition to it. */
  env?: NodeJS.ProcessEnv;
  cwd?: string | URL;
  /** Stops the program: SIGTERM, then SIGKILL when it has not ended within five seconds. */
  signal?: AbortSignal;
}

/** Name and version of an installed package. */
export interface KtxCliPackageInfo {
  name: string;
  version: string;
}

/**
 * - `KTX_PROGRAM_MISSING`: the package has no program for this platform, or `KTX_BINARY_PATH` names none.
 * - `KTX_PROGRAM_NOT_EXECUTABLE`: the program is there, but may not be run.
 * - `KTX_PROGRAM_DAMAGED`: the program is empty, incomplete or for another platform.
 * - `KTX_PROGRAM_NOT_STARTED`: the system or Node.js refused to start it; `cause` is the reason.
 * - `KTX_STREAM_FAILED`: a stream was destroyed, closed or failed before the program ended; `cause` is the reason.
 * - `KTX_ABORTED`: the signal was aborted; `cause` is its reason.
 * - `KTX_PACKAGE_BUNDLED`: a bundler moved the package's code away from its files.
 */
export type KtxErrorCode =
  | 'KTX_PROGRAM_MISSING'
  | 'KTX_PROGRAM_NOT_EXECUTABLE'
  | 'KTX_PROGRAM_DAMAGED'
  | 'KTX_PROGRAM_NOT_STARTED'
  | 'KTX_STREAM_FAILED'
  | 'KTX_ABORTED'
  | 'KTX_PACKAGE_BUNDLED';

/** Why there is no exit code. */
export declare class KtxError extends Error {
  private constructor();
  readonly code: KtxErrorCode;
  readonly cause?: unknown;
}

/**
 * Runs `ktx` with these arguments, such as `['sl', 'query', '--plain']`.
 *
 * Settles only when the program has ended, also after an abort or when a stream failed.
 *
 * @returns its exit code; 128 plus the signal's number when a signal ended it
 * @throws {@link KtxError} when the program cannot be started or had to be stopped
 * @throws {TypeError} when an argument is not what it should be; nothing was started
 */
export declare function runKtxCli(argv: readonly string[], io?: KtxCliIo): Promise<number>;

/** Name and version of this package, as its package.json has them. */
export declare function getKtxCliPackageInfo(): KtxCliPackageInfo;

/**
 * Path of the native program for this platform, or of the one that `KTX_BINARY_PATH` names.
 *
 * @throws {@link KtxError} as {@link runKtxCli} does
 */
export declare function ktxBinaryPath(): string;
