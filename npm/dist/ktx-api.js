'use strict';

/**
 * The JS API: runs the native program from Node.js. Types are in `ktx-api.d.ts`. The file's name is not a common one,
 * so that `index.mjs` does not find an unrelated file when a bundler has moved it.
 */

const { spawn } = require('child_process');
const fs = require('fs');
const { constants } = require('os');
const path = require('path');

const { KtxError } = require('./error.js');
const program = require('./program.js');
const { listen, reader, streamFailure, writer } = require('./streams.js');

/** How long a program may take to end by itself before it is killed. It rolls back an installation in that time. */
const GRACE_MS = 5000;

/** How long the output of a program that was stopped may take to arrive. */
const DRAIN_MS = 100;

function ktxBinaryPath() {
  installed();
  return program.locate(process.env);
}

function getKtxCliPackageInfo() {
  const { name, version } = installed();
  return { name, version };
}

/** The package's own package.json. Where a bundler has moved this code, there is none or that of another package. */
function installed() {
  try {
    const manifest = JSON.parse(fs.readFileSync(path.join(program.packageRoot, 'package.json'), 'utf8'));
    if (manifest.name === '@kaelio/ktx') {
      return manifest;
    }
  } catch {
    // Told below.
  }
  throw new KtxError('KTX_PACKAGE_BUNDLED', [
    'failed to find the files of @kaelio/ktx: its code has been bundled into another file',
    "hint: mark @kaelio/ktx as external in the bundler's configuration",
  ]);
}

async function runKtxCli(argv, io = {}) {
  if (typeof io !== 'object' || io === null) {
    throw new TypeError('runKtxCli expects its options as an object');
  }
  const { env = process.env, cwd, signal } = io;
  checkTypes(argv, env, signal);
  const input = reader(io.stdin, 'stdin');
  const output = writer(io.stdout, 'stdout');
  // The two may be one stream, and a web stream can be locked only once.
  const errors = io.stderr === io.stdout ? output : writer(io.stderr, 'stderr');
  installed();
  const file = program.locate(env);
  if (signal?.aborted) {
    throw aborted(signal);
  }
  const stdio = [input, output, errors].map((stream) => (stream ? 'pipe' : 'inherit'));
  const child = start(file, argv, { stdio, cwd, env: program.environment(env), windowsHide: true });
  return supervise(child, { input, output, errors, signal }, (error) => program.startFailure(file, error, cwd));
}

function checkTypes(argv, env, signal) {
  if (!Array.isArray(argv) || ![...argv].every((argument) => typeof argument === 'string')) {
    throw new TypeError('runKtxCli expects its arguments as an array of strings');
  }
  if (typeof env !== 'object' || env === null) {
    throw new TypeError('runKtxCli expects `env` to be an object');
  }
  if (signal !== undefined && !(typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function')) {
    throw new TypeError('runKtxCli expects `signal` to be an AbortSignal');
  }
}

function start(file, argv, options) {
  try {
    return spawn(file, argv, options);
  } catch (error) {
    // What Node itself refuses, such as a null byte in an argument, is the caller's mistake.
    throw error instanceof TypeError ? error : program.startFailure(file, error, options.cwd);
  }
}

/** Connects the streams, and settles when the program has ended and all of its output has been taken. */
async function supervise(child, { input, output, errors, signal }, startFailure) {
  const stopping = stopper(child);
  const failed = (name) => (error) => stopping.stop(streamFailure(name, error));
  const ended = new Promise((resolve, reject) => {
    child.on('error', (error) => child.pid === undefined && reject(startFailure(error)));
    // `close` and not `exit`: by then everything that the program wrote has been read.
    child.on('close', (code, name) => resolve(name === null ? code : 128 + constants.signals[name]));
  });
  const releases = [];
  if (signal) {
    releases.push(listen(signal, 'abort', () => stopping.stop(aborted(signal))));
  }
  if (input) {
    // The program may end without reading all of its input.
    child.stdin.on('error', () => {});
    releases.push(input.feed(child.stdin, failed('stdin')));
  }
  const copies = [];
  for (const [name, from, to] of [['stdout', child.stdout, output], ['stderr', child.stderr, errors]]) {
    if (to) {
      releases.push(to.take(failed(name)));
      copies.push(copy(from, to).catch(failed(name)));
    }
  }
  try {
    const finished = Promise.all([ended, ...copies]);
    await Promise.race([finished, stopping.stopped.then(() => ended)]);
    if (stopping.failure) {
      throw stopping.failure;
    }
    return await ended;
  } finally {
    releases.forEach((release) => release());
  }
}

async function copy(from, to) {
  for await (const chunk of from) {
    await to.write(chunk);
  }
}

/** Ends the program for the first reason that comes up, by force if need be. */
function stopper(child) {
  const stopper = { failure: undefined };
  let timer;
  const after = (milliseconds, action) => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
  // The program's last words are still taken; what others write on its streams after its end is not waited for.
  const abandon = () => after(DRAIN_MS, () => child.stdio.forEach((stream) => stream?.destroy()));
  stopper.stopped = new Promise((resolve) => {
    stopper.stop = (error) => {
      if (stopper.failure !== undefined) {
        return;
      }
      stopper.failure = error;
      resolve();
      child.once('close', () => clearTimeout(timer));
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
        abandon();
      } else {
        child.once('exit', abandon);
        child.kill('SIGTERM');
        after(GRACE_MS, () => child.kill('SIGKILL'));
      }
    };
  });
  return stopper;
}

function aborted(signal) {
  return new KtxError('KTX_ABORTED', 'ktx was stopped: the signal was aborted', signal.reason);
}

module.exports = { KtxError, getKtxCliPackageInfo, ktxBinaryPath, runKtxCli };
