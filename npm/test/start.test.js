'use strict';

/** What the system, its mounts and Node.js itself refuse: one message with what to do, never a stack. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { HOST, environment, install, run } = require('./support/installation.js');

const ECHO = 'console.log("ran")';
const linux = { skip: process.platform !== 'linux' && 'only Linux has it' };

function program({ root }) {
  return path.join(root, 'native', HOST, 'ktx');
}

function refused({ status, signal, stdout, stderr }, expected) {
  assert.deepEqual({ status, signal, stdout, stderr }, { status: 1, signal: null, stdout: '', stderr: expected });
}

test('arguments that the system does not take', linux, (t) => {
  const installation = install(t, { [HOST]: ECHO });
  assert.equal(run(installation.bin, ['x'.repeat(100_000)]).stdout, 'ran\n');
  // Nothing could start the launcher with an argument of this length, so it is added in the process.
  const script = `process.argv = ['', '', 'x'.repeat(200_000)]; require(${JSON.stringify(installation.bin)})`;
  refused(
    spawnSync(process.execPath, ['-e', script], { env: environment(), encoding: 'utf8', timeout: 60_000 }),
    `ktx: failed to run \`${program(installation)}\`: the arguments and the environment are larger than the system allows\n` +
      'hint: pass long values in a file or on standard input\n',
  );
});

test('a program that is still being written', linux, (t) => {
  const installation = install(t, { [HOST]: ECHO });
  // Of a script the system would not see it.
  fs.copyFileSync('/bin/true', program(installation));
  assert.equal(run(installation.bin).status, 0);
  const writing = fs.openSync(program(installation), 'r+');
  t.after(() => fs.closeSync(writing));
  refused(
    run(installation.bin),
    `ktx: failed to run \`${program(installation)}\`: the file is open for writing\n` +
      'hint: wait until the installation has finished, then try again\n',
  );
});

test('a first line that names no interpreter of this machine', linux, (t) => {
  const installation = install(t, { [HOST]: ECHO });
  fs.writeFileSync(program(installation), '#!/nowhere/interpreter\n');
  refused(
    run(installation.bin),
    `ktx: failed to run \`${program(installation)}\`: its interpreter or loader is not on this machine\n` +
      `hint: the installation is damaged; reinstall it: rm -rf ${installation.root} && npm install @kaelio/ktx\n`,
  );
});

test('a file system from which nothing may be run', linux, (t) => {
  const installation = install(t, { [HOST]: ECHO });
  const native = path.join(installation.root, 'native');
  const mount = `mount --bind "$0" "$0" && mount -o remount,bind,noexec "$0" && exec "$@"`;
  const args = ['--map-root-user', '--mount', 'sh', '-c', mount, native, process.execPath, installation.bin];
  const outcome = spawnSync('unshare', args, { env: environment(), encoding: 'utf8' });
  if (/unshare: |mount: /.test(outcome.stderr)) {
    t.skip('this container may not mount');
    return;
  }
  refused(
    outcome,
    `ktx: failed to run \`${program(installation)}\`: no program may be run from the file system mounted at \`${native}\` (noexec)\n` +
      'hint: install the package on another file system\n',
  );
});

/** Root starts the launcher as nobody; everyone else takes the owner's rights, which are their own, away. */
const asRoot = process.platform === 'linux' && process.getuid() === 0;
const nobody = asRoot ? { uid: 65534, gid: 65534 } : {};
const FOR_ANOTHER = asRoot ? 0o700 : 0o077;

for (const [what, change, says] of [
  [
    'a program that only another user may run',
    ({ root }) => fs.chmodSync(program({ root }), FOR_ANOTHER),
    (file) => `only another user may run it\nhint: allow everybody to run it: chmod a+rx ${file}`,
  ],
  [
    'a folder that only another user may enter',
    ({ root }) => fs.chmodSync(path.join(root, 'native'), FOR_ANOTHER),
    () => 'you may not enter its folder\nhint: install the package where you may read it',
  ],
]) {
  test(what, linux, (t) => {
    const installation = install(t, { [HOST]: ECHO });
    fs.chmodSync(installation.folder, 0o755);
    const asNobody = () =>
      spawnSync(process.execPath, [installation.bin], { env: environment(), encoding: 'utf8', ...nobody });
    assert.equal(asNobody().stdout, 'ran\n');
    change(installation);
    const ended = asNobody();
    // So that the folder can be removed.
    fs.chmodSync(path.join(installation.root, 'native'), 0o755);
    const file = program(installation);
    refused(ended, `ktx: failed to run \`${file}\`: ${says(file)}\n`);
  });
}

test('a folder to run in that only another user may enter', linux, (t) => {
  const { folder, root } = install(t, { [HOST]: ECHO });
  fs.chmodSync(folder, 0o755);
  const cwd = path.join(folder, 'closed');
  fs.mkdirSync(cwd, { mode: FOR_ANOTHER });
  const script = `
    const { runKtxCli } = require(${JSON.stringify(path.join(root, 'dist', 'ktx-api.js'))});
    runKtxCli([], { cwd: ${JSON.stringify(cwd)} }).catch(({ code, message }) => console.log(code, message));
  `;
  const ended = spawnSync(process.execPath, ['-e', script], { env: environment(), cwd: '/', encoding: 'utf8', ...nobody });
  assert.equal(
    ended.stdout + ended.stderr,
    `KTX_PROGRAM_NOT_STARTED failed to run \`${program({ root })}\` in \`${cwd}\`: you may not enter it\n`,
  );
});

const permission = ['--permission', '--experimental-permission'].find((flag) => process.allowedNodeEnvironmentFlags.has(flag));

test('every Node.js but 18 has permissions', () => assert.equal(permission === undefined, process.version.startsWith('v18.')));

permission && test('Node.js with --permission', (t) => {
  const installation = install(t, { [HOST]: ECHO });
  const { bin, root: packageRoot } = installation;
  const launch = (...flags) =>
    spawnSync(process.execPath, ['--no-warnings', permission, ...flags, bin], { env: environment(), encoding: 'utf8' });
  assert.equal(launch('--allow-fs-read=*', '--allow-child-process').stdout, 'ran\n');
  const failed = `ktx: failed to run \`${program(installation)}\`: Node.js runs with --permission and may not`;
  refused(launch('--allow-fs-read=*'), `${failed} start programs\nhint: allow it: node --allow-child-process\n`);
  refused(
    launch(`--allow-fs-read=${path.join(packageRoot, 'dist', '*')}`),
    `${failed} read it\nhint: allow it to read the package: node --allow-fs-read=${JSON.stringify(path.join(packageRoot, '*')).replaceAll('"', "'")}\n`,
  );
});

test('an error that cannot be reported still ends with 1', linux, (t) => {
  const { bin } = install(t);
  const full = spawnSync('sh', ['-c', '"$0" "$1" 2>/dev/full', process.execPath, bin], { env: environment() });
  assert.equal(full.status, 1);
  const closed = spawnSync('sh', ['-c', '"$0" "$1" 2>&-', process.execPath, bin], { env: environment() });
  assert.equal(closed.status, 1);
});

test('a link to the launcher that Node.js is told to keep', linux, (t) => {
  const { folder, bin } = install(t, { [HOST]: ECHO });
  const link = path.join(folder, 'ktx');
  fs.symlinkSync(bin, link);
  assert.equal(run(link).stdout, 'ran\n');
  const kept = spawnSync(process.execPath, ['--preserve-symlinks-main', link], {
    env: environment(),
    encoding: 'utf8',
    timeout: 60_000,
  });
  refused(
    kept,
    "ktx: failed to load the launcher: Cannot find module './program.js'\n" +
      `hint: run it without --preserve-symlinks-main, or by its own path: node ${bin}\n`,
  );
});

test('a launcher whose own files are missing, empty or cut short', (t) => {
  const { root, bin } = install(t);
  const scripts = fs.readdirSync(path.dirname(bin)).filter((name) => ['program.js', 'failure.js', 'error.js'].includes(name));
  assert.equal(scripts.length, 3);
  for (const name of scripts) {
    const file = path.join(root, 'dist', name);
    const whole = fs.readFileSync(file, 'utf8');
    for (const damage of [undefined, '', whole.slice(0, whole.length / 2)]) {
      fs.rmSync(file, { force: true });
      if (damage !== undefined) {
        fs.writeFileSync(file, damage);
      }
      const { status, stdout, stderr } = run(bin);
      assert.deepEqual({ status, stdout }, { status: 1, stdout: '' }, name);
      assert.match(stderr, /^ktx: failed to load the launcher: [^\n]+\nhint: the installation is damaged; [^\n]+\n$/, name);
    }
    fs.writeFileSync(file, whole);
  }
});
