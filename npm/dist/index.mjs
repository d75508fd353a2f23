/**
 * The JS API: runs the native program from Node.js. Types are in `index.d.mts`.
 */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';

import program from './program.js';

export function ktxBinaryPath() {
  return program.locate(process.env);
}

export function getKtxCliPackageInfo() {
  const { name, version } = JSON.parse(readFileSync(join(program.packageRoot, 'package.json'), 'utf8'));
  return { name, version };
}

export async function runKtxCli(argv, { stdin, stdout, stderr, env = process.env, cwd } = {}) {
  if (!Array.isArray(argv) || !argv.every((argument) => typeof argument === 'string')) {
    throw new TypeError('runKtxCli expects its arguments as an array of strings');
  }
  const file = program.locate(env);
  const stdio = [stdin, stdout, stderr].map((stream) => (stream ? 'pipe' : 'inherit'));
  const child = spawn(file, argv, { stdio, cwd, env: program.environment(env) });
  const ended = new Promise((resolve, reject) => {
    child.on('error', (error) => reject(program.startFailure(file, error, cwd)));
    // `close` and not `exit`: by then everything that the program wrote has been read.
    child.on('close', (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]));
  });
  if (stdin) {
    // The program may end without reading all of its input.
    child.stdin.on('error', () => {});
    stdin.pipe(child.stdin);
  }
  if (stdout) {
    child.stdout.pipe(stdout, { end: false });
  }
  if (stderr) {
    child.stderr.pipe(stderr, { end: false });
  }
  try {
    return await ended;
  } finally {
    stdin?.unpipe(child.stdin);
  }
}
