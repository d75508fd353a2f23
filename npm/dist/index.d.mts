import type { Readable, Writable } from 'node:stream';

/** Where a run of `ktx` reads, writes and stands. What is left out is this process's own. */
export interface KtxCliIo {
  stdin?: Readable;
  /** Is written to, never ended. */
  stdout?: Writable;
  /** Is written to, never ended. */
  stderr?: Writable;
  /** The whole environment, not an addition to it. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** Name and version of an installed package. */
export interface KtxCliPackageInfo {
  name: string;
  version: string;
}

/**
 * Runs `ktx` with these arguments, such as `['sl', 'query', '--plain']`.
 *
 * @returns its exit code; 128 plus the signal's number when a signal ended it
 * @throws when there is no program for this platform or it cannot be started; `code` is
 *   `KTX_PROGRAM_MISSING`, `KTX_PROGRAM_NOT_EXECUTABLE` or `KTX_PROGRAM_NOT_STARTED`
 */
export declare function runKtxCli(argv: readonly string[], io?: KtxCliIo): Promise<number>;

/** Name and version of this package, as its package.json has them. */
export declare function getKtxCliPackageInfo(): KtxCliPackageInfo;

/**
 * Path of the native program for this platform, or of the one that `KTX_BINARY_PATH` names.
 *
 * @throws as {@link runKtxCli} does
 */
export declare function ktxBinaryPath(): string;
