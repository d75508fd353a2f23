'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { HOST, environment, install } = require('./support/installation.js');

/** Notes each signal, and ends a while after the first, so that a second delivery would be seen. */
const LISTENER = `
const seen = [];
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
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

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`${signal} to the launcher reaches the program once, and the launcher waits for it`, onUnix, async (t) => {
    const { bin } = install(t, { [HOST]: LISTENER });
    // Detached: a session of its own, without a controlling terminal.
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

/** A terminal of its own for the launcher; types Ctrl-C when the program is ready. */
const TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
output = b""
typed = False
while True:
    try:
        chunk = os.read(terminal, 1024)
    except OSError:
        break
    if not chunk:
        break
    output += chunk
    if b"ready" in output and not typed:
        typed = True
        os.write(terminal, b"\\x03")
_, status = os.waitpid(pid, 0)
sys.stdout.write(output.decode().replace("\\r\\n", "\\n").replace("^C", ""))
sys.exit(os.waitstatus_to_exitcode(status))
`;

function inTerminal(bin) {
  const args = ['-c', TERMINAL, process.execPath, bin];
  return spawnSync('python3', args, { env: environment(), encoding: 'utf8', timeout: 30_000 });
}

test('Ctrl-C in a terminal reaches the program, and the launcher outlives it', onUnix, (t) => {
  const { bin } = install(t, { [HOST]: LISTENER });
  const ended = inTerminal(bin);
  assert.equal(ended.stdout, 'ready\nseen SIGINT\n', ended.stderr);
  assert.equal(ended.status, 7);
});

/** Leaves the terminal's foreground, so that a signal can come from the launcher alone. */
const BACKGROUND = `#!/usr/bin/env python3
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
os.setpgid(0, 0)
print("ready", flush=True)
print("seen", signal.sigtimedwait([signal.SIGINT], 1), flush=True)
`;

test('the launcher does not deliver Ctrl-C a second time', onUnix, (t) => {
  const { bin, root } = install(t, { [HOST]: '' });
  fs.writeFileSync(path.join(root, 'native', HOST, 'ktx'), BACKGROUND);
  const ended = inTerminal(bin);
  assert.equal(ended.stdout, 'ready\nseen None\n', ended.stderr);
  assert.equal(ended.status, 0);
});
