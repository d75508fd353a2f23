#!/usr/bin/env node
'use strict';

/**
 * The launcher: starts the native program with the same arguments and streams, passes signals on, and ends as the
 * program ended. It knows nothing of the commands.
 */

const { spawn } = require('child_process');
const { environment, locate, startFailure } = require('./program.js');

const windows = process.platform === 'win32';

function main() {
  let file;
  try {
    file = locate(process.env);
  } catch (error) {
    return fail(error);
  }
  // The listeners stand before the program does: a signal in between must not leave it behind.
  let program;
  const signals = windows ? ['SIGINT', 'SIGBREAK', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const listeners = signals.map((signal) => [signal, () => pass(signal, program)]);
  listeners.forEach(([signal, listener]) => process.on(signal, listener));

  program = spawn(file, process.argv.slice(2), { stdio: 'inherit', env: environment(process.env) });
  program.on('error', (error) => fail(startFailure(file, error)));
  program.on('exit', (code, signal) => {
    listeners.forEach(([name, listener]) => process.removeListener(name, listener));
    end(code, signal);
  });
}

/**
 * A terminal's Ctrl-C reaches every process in the foreground, the program too; passing it on would deliver it twice,
 * and many programs take the second for "at once". The other signals come for one process, or end it either way.
 * Windows delivers to the whole console, and its `kill` would not signal but end the program.
 */
function pass(signal, program) {
  if (windows || (signal === 'SIGINT' && hasTerminal())) {
    return;
  }
  program.kill(signal);
}

/** Whether this process has a controlling terminal, wherever its streams go. */
function hasTerminal() {
  const fs = require('fs');
  try {
    fs.closeSync(fs.openSync('/dev/tty', fs.constants.O_RDONLY | fs.constants.O_NOCTTY | fs.constants.O_NONBLOCK));
    return true;
  } catch {
    return false;
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
  process.stderr.write(`ktx: ${error.message}\n`);
  process.exitCode = 1;
}

main();
