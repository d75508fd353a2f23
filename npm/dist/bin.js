#!/usr/bin/env node
'use strict';

/**
 * The launcher: starts the native program with the same arguments and streams, passes signals on, and ends as the
 * program ended. It knows nothing of the commands.
 */

const { spawn } = require('child_process');

const windows = process.platform === 'win32';

/** Those that a user or a supervisor sends to a program. */
const SIGNALS = windows
  ? ['SIGINT', 'SIGBREAK', 'SIGHUP']
  : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

function main() {
  const { environment, locate, startFailure } = require('./program.js');
  const file = locate(process.env);
  // Listening starts before the program does: a signal in between must not leave it behind.
  let program;
  const listeners = SIGNALS.map((signal) => [signal, () => pass(signal, program)]);
  listeners.forEach(([signal, listener]) => process.on(signal, listener));

  try {
    program = spawn(file, process.argv.slice(2), { stdio: 'inherit', env: environment(process.env) });
  } catch (error) {
    throw startFailure(file, error);
  }
  program.on('error', (error) => fail(startFailure(file, error)));
  program.on('exit', (code, signal) => {
    listeners.forEach(([name, listener]) => process.removeListener(name, listener));
    end(code, signal);
  });
}

/**
 * A terminal's Ctrl-C reaches the program by itself, one that was sent to the launcher alone does not, and Node does
 * not tell which it was. So every signal is passed on: the program takes any number of them as one request.
 * Windows delivers to the whole console, and its `kill` would not signal but end the program.
 */
function pass(signal, program) {
  if (!windows) {
    program.kill(signal);
  }
}

/** Ends as the program did, so that shells and supervisors see what happened. */
function end(code, signal) {
  if (signal === null) {
    process.exit(code);
  }
  process.kill(process.pid, signal);
  // Node ignores some signals, SIGPIPE among them; then the code says what shells would say.
  setTimeout(() => process.exit(128 + require('os').constants.signals[signal]), 100);
}

function fail(error) {
  // Standard error may be full or closed, and there is nowhere else to report it.
  process.stderr.on('error', () => {});
  process.stderr.write(`ktx: ${error.name === 'KtxError' ? error.message : unloaded(error)}\n`);
  process.exitCode = 1;
}

/** A file beside this one is missing or damaged, or Node looks for it beside the link that led here. */
function unloaded(error) {
  const real = require('fs').realpathSync(__filename);
  const hint =
    real === __filename
      ? 'the installation is damaged; remove the folder of @kaelio/ktx and install it again'
      : `run it without --preserve-symlinks-main, or by its own path: node ${real}`;
  return `failed to load the launcher: ${error.message.split('\n')[0]}\nhint: ${hint}`;
}

try {
  main();
} catch (error) {
  fail(error);
}
