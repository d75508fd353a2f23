'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');

const { HOST, install, run, writeProgram } = require('./support/installation.js');

const ECHO = `
const input = require('fs').readFileSync(0, 'utf8');
console.log(JSON.stringify({ args: process.argv.slice(2), root: process.env.KTX_PACKAGE_ROOT, cwd: process.cwd(), input }));
console.error('talk');
`;

test('arguments, streams and folder reach the program as they are', (t) => {
  const { bin, root, folder } = install(t, { [HOST]: ECHO });
  const args = ['', 'a b', '--', '--help', 'é "quoted" $HOME *', '-e', '0'];
  const { stdout, ...rest } = run(bin, args, { input: 'in\u0000put\n', cwd: folder });
  assert.deepEqual(JSON.parse(stdout), { args, root, cwd: folder, input: 'in\u0000put\n' });
  assert.deepEqual(rest, { status: 0, signal: null, stderr: 'talk\n' });
});

test('the package is found through the links that package managers make', (t) => {
  const { bin, root, folder } = install(t, { [HOST]: ECHO });
  const link = path.join(folder, 'ktx');
  fs.symlinkSync(bin, link);
  assert.equal(JSON.parse(run(link).stdout).root, root);
});

test('the package root is the launcher\'s own, whatever the environment says', (t) => {
  const { bin, root } = install(t, { [HOST]: ECHO });
  assert.equal(JSON.parse(run(bin, [], { env: { KTX_PACKAGE_ROOT: '/elsewhere' } }).stdout).root, root);
});

for (const code of [0, 1, 3, 130, 255]) {
  test(`exits ${code} as the program did`, (t) => {
    const { bin } = install(t, { [HOST]: `process.exit(${code})` });
    assert.deepEqual(run(bin), { status: code, signal: null, stdout: '', stderr: '' });
  });
}

/** A shell: Node answers SIGUSR1 by starting its debugger. */
function shell({ root }, script) {
  const file = path.join(root, 'native', HOST, 'ktx');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

for (const name of ['INT', 'TERM', 'HUP', 'QUIT', 'USR1', 'USR2', 'KILL', 'ABRT']) {
  test(`dies of SIG${name} as the program did`, (t) => {
    const installation = install(t);
    shell(installation, `ulimit -c 0; kill -${name} $$`);
    assert.deepEqual(run(installation.bin), { status: null, signal: `SIG${name}`, stdout: '', stderr: '' });
  });
}

test('a signal that Node ignores becomes the code that shells give it', (t) => {
  const installation = install(t);
  shell(installation, 'kill -PIPE $$');
  assert.equal(run(installation.bin).status, 141);
});

test('KTX_BINARY_PATH names the program to run', (t) => {
  const { bin, folder } = install(t, { [HOST]: 'console.log("bundled")' });
  const other = writeProgram(path.join(folder, 'other'), 'console.log("other")');
  assert.equal(run(bin, [], { env: { KTX_BINARY_PATH: other } }).stdout, 'other\n');
  assert.equal(run(bin, [], { env: { KTX_BINARY_PATH: 'other' }, cwd: folder }).stdout, 'other\n');
  assert.equal(run(bin, [], { env: { KTX_BINARY_PATH: '' } }).stdout, 'bundled\n');
});

test('a KTX_BINARY_PATH that names no program is refused, not passed over', (t) => {
  const { bin, folder } = install(t, { [HOST]: 'console.log("bundled")' });
  const refusal = (file) => run(bin, [], { env: { KTX_BINARY_PATH: file } });
  const hint = 'hint: unset KTX_BINARY_PATH, or set it to the path of a ktx program';
  const nothing = path.join(folder, 'nothing');
  assert.deepEqual(refusal(nothing), {
    status: 1,
    signal: null,
    stdout: '',
    stderr: `ktx: failed to run \`${nothing}\`: there is no such file; it is named by KTX_BINARY_PATH\n${hint}\n`,
  });
  const message = `ktx: failed to run \`${folder}\`: it is not a file; it is named by KTX_BINARY_PATH\n${hint}\n`;
  assert.equal(refusal(folder).stderr, message);
});

test('a package without this platform says what was looked for and what it holds', (t) => {
  const { bin, root } = install(t, { 'plan9-x64': '', 'win32-x64': '' });
  const message = [
    `ktx: failed to find the ktx program for ${HOST}`,
    `  looked for: ${path.join(root, 'native', HOST, 'ktx')}`,
    '  the package holds: plan9-x64, win32-x64',
    'hint: use a Node.js that is built for one of these platforms, or set KTX_BINARY_PATH to a ktx program',
    '',
  ].join('\n');
  assert.deepEqual(run(bin), { status: 1, signal: null, stdout: '', stderr: message });
});

test('a package without any program asks to be reinstalled', (t) => {
  const { bin } = install(t);
  assert.match(run(bin).stderr, /the package holds: no programs at all\nhint: the installation is incomplete; reinstall/);
});

test('a lost execute bit is named with the command that gives it back', { skip: process.platform === 'win32' }, (t) => {
  const { bin, root } = install(t, { [HOST]: 'console.log("ran")' });
  const file = path.join(root, 'native', HOST, 'ktx');
  assert.equal(run(bin).stdout, 'ran\n');
  fs.chmodSync(file, 0o644);
  const refused = run(bin);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /it is not executable\nhint: make it executable: chmod \+x /);
  assert.ok(refused.stderr.includes(`chmod +x ${file}\n`));
});

test('the search falls back to programs that the platform emulates, its own first', (t) => {
  const { root } = install(t, { 'darwin-x64': '', 'win32-x64': '', 'linux-x64': '' });
  const { locate } = require(path.join(root, 'dist', 'program.js'));
  const found = (platform, arch) => path.relative(root, locate({}, platform, arch));
  assert.equal(found('darwin', 'arm64'), path.join('native', 'darwin-x64', 'ktx'));
  assert.equal(found('win32', 'arm64'), path.join('native', 'win32-x64', 'ktx.exe'));
  assert.throws(() => found('linux', 'arm64'), { code: 'KTX_PROGRAM_MISSING' });
  writeProgram(path.join(root, 'native', 'darwin-arm64', 'ktx'), '');
  assert.equal(found('darwin', 'arm64'), path.join('native', 'darwin-arm64', 'ktx'));
});

test('what ships loads nothing but itself and Node', () => {
  const dist = path.join(__dirname, '..', 'dist');
  const loaded = fs.readdirSync(dist).flatMap((file) => {
    const text = fs.readFileSync(path.join(dist, file), 'utf8');
    return [...text.matchAll(/(?:require\(|from )'([^']+)'/g)].map((match) => match[1]);
  });
  const foreign = loaded.filter((name) => !name.startsWith('./') && !require('node:module').isBuiltin(name));
  assert.ok(loaded.length > 5);
  assert.deepEqual(foreign, []);
});
