'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const test = require('node:test');

const { HOST, environment, install } = require('./support/installation.js');

/** Notes each signal, and ends a while after the first, so that a second delivery would be seen. */
const LISTENER = `
const seen = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
  process.on(signal, () => {
    seen.push(signal);
    setTimeout(() => { console.log('seen ' + seen.join(' ')); process.exit(7); }, 300);
  });
}
setInterval(() => {}, 1000);
console.log('ready');
`;

/** A launcher that is gone leaves its program, and then the test would wait for it. */
const onUnix = { skip: process.platform === 'win32' && 'Windows has no signals to pass on', timeout: 60_000 };

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']) {
  test(`${signal} to the launcher reaches the program once, and the launcher waits for it`, onUnix, async (t) => {
    const { bin } = install(t, { [HOST]: LISTENER });
    // Detached: in its own session, without a controlling terminal.
    const stdio = ['ignore', 'pipe', 'inherit'];
    const launcher = spawn(process.execPath, [bin], { detached: true, stdio, env: environment() });
    launcher.stdout.setEncoding('utf8');
    let output = '';
    for await (const chunk of launcher.stdout) {
      if (output === '') {
        launcher.kill(signal);
      }
      output += chunk;
    }
    const [code] = launcher.exitCode === null ? await once(launcher, 'exit') : [launcher.exitCode];
    assert.equal(output, `ready\nseen ${signal}\n`);
    assert.equal(code, 7);
  });
}

/** A separate terminal for the launcher; when the program is ready, Ctrl-C comes from where the test says. */
const TERMINAL = `
import os, pty, signal, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
output = b""
sent = False
while True:
    try:
        chunk = os.read(terminal, 1024)
    except OSError:
        break
    if not chunk:
        break
    output += chunk
    if b"ready" in output and not sent:
        sent = True
        if sys.argv[1] == "typed":
            os.write(terminal, b"\\x03")
        else:
            os.kill(pid, signal.SIGINT)
_, status = os.waitpid(pid, 0)
sys.stdout.write(output.decode().replace("\\r\\n", "\\n").replace("^C", ""))
sys.exit(os.waitstatus_to_exitcode(status))
`;

for (const [sent, said, seen] of [
  ['typed', 'typed in a terminal', /^ready\nseen SIGINT( SIGINT)?\n$/],
  ['killed', 'sent to the launcher alone, a terminal attached,', /^ready\nseen SIGINT\n$/],
]) {
  test(`Ctrl-C ${said} reaches the program, and the launcher outlives it`, onUnix, (t) => {
    const { bin } = install(t, { [HOST]: LISTENER });
    const args = ['-c', TERMINAL, sent, process.execPath, bin];
    const ended = spawnSync('python3', args, { env: environment(), encoding: 'utf8', timeout: 30_000 });
    assert.match(ended.stdout, seen, ended.stderr);
    assert.equal(ended.status, 7);
  });
}
